/* data_object.h - checks the app's data: one JSON object of string values, in one pass, without
 * memory. The text comes from our own program, yet a fault in it would make every push fail. Pure.
 */
#ifndef APNS_FCM_DATA_OBJECT_H
#define APNS_FCM_DATA_OBJECT_H

#include <stddef.h>

#include "gateway/base/status.h"

/* Finds the members between the braces of `json`; members_bytes_r is 0 for an empty object.
 * STATUS_INVALID when it is not an object of string values in UTF-8, when a name has an escape, or
 * is one of the NULL-terminated `reserved` (one that ends in a dot: or begins so); error says
 * which. */
enum status data_object_members(const char *json, const char *const *reserved,
                                const char **members_r, size_t *members_bytes_r,
                                struct error *error) MUST_CHECK;

#endif
