/* device_test_json.h - the view of a test push, written once: for the writer's answers and for what
 * is read from the database.
 */
#ifndef GATEWAY_ENGINE_DEVICE_TEST_JSON_H
#define GATEWAY_ENGINE_DEVICE_TEST_JSON_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"
#include "gateway/store/store.h"

/* One object: which phone, how far it came, and when. */
void device_test_json(struct json_writer *json, const struct directory_customer *customer,
                      const struct device_test_row *row);

#endif
