/* check_in_json.h - what a check-in by the app says of its phone and of the agent's numbers, as the
 * API shows it. Pure: any thread.
 */
#ifndef GATEWAY_ENGINE_CHECK_IN_JSON_H
#define GATEWAY_ENGINE_CHECK_IN_JSON_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"
#include "gateway/store/store_check_in.h"

/* How the numbers stand that are dialled for the agent. */
enum check_in_number {
    NUMBER_CONFIRMED,     /* the agent said that they are right */
    NUMBER_NOT_CONFIRMED, /* and did not */
    NUMBER_CHANGED,       /* they are others since */
    NUMBER_NONE,          /* nobody could confirm any */
};

/* Of a check-in that was checked out: as it was until then. */
enum check_in_number check_in_number(const struct check_in_row *row,
                                     const struct directory_person *agent);

/* What a check-in by the app that is not complete still lacks. Static words, NULL: nothing. */
struct check_in_lacks {
    const char *permission; /* "permission": the phone may not notify; another check-in is needed */
    const char *path; /* "device" (no test push could be sent to that installation), "received"
                         (it has not come back), "heard" (nobody confirmed to hear it) */
};

/* test: the check-in's own; NULL: there is none, or not any more. */
struct check_in_lacks check_in_lacks(const struct check_in_row *row,
                                     const struct device_test_row *test);
/* The member "missing". */
void check_in_missing_json(struct json_writer *json, const struct check_in_lacks *lacks);

/* Writes permission, silent_mode, battery_percent, app_version, number_confirmed and warnings into
 * the object at hand. Warnings are of check-ins by the app: "silent_mode", "number_not_confirmed",
 * "number_changed", "no_number"; none of them keeps it from being complete. */
void check_in_facts_json(struct json_writer *json, const struct check_in_row *row,
                         const struct directory_person *agent);

#endif
