/* store_installation.h - one installation of the app registered by several enrolments, phones that
 * several agents share, and the PINs by which they sign in there. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_INSTALLATION_H
#define GATEWAY_STORE_STORE_INSTALLATION_H

#include "gateway/store/store.h"

/* So many enrolments, of any customers, may register one phone. */
#define REGISTRATIONS_OF_PHONE_MAX 8

#define SHARED_PHONE_TURNS_KEPT 500 /* of one phone */

/* A device as a registration of a phone: two with the same installation, platform and target are
 * one phone. The installation alone proves nothing: the app makes it up, and people get to see it;
 * the target only the phone, its provider and the gateway know. */
struct registration_row {
    int64_t device_id;
    int64_t customer_id;
    int64_t agent_id;
    int64_t phone_id; /* the shared phone that lends it; 0: the agent's own */
    struct wall_time registered_at;
    struct wall_time retired_at;
    const char *installation;
    enum platform platform;
    const char *target;
    const char *public_key;
    const char *auth_secret;
    /* As of struct device_row, filled in by store_get_registration() alone. */
    const char *app_version;
    const char *permission;
    const char *silent_mode;
    int battery_percent;
};

/* What a registration changes to, and the keys that it had. */
struct rotation_row {
    int64_t customer_id;
    int64_t device_id;
    enum platform platform;
    const char *target;
    int environment;
    const char *public_key;
    const char *auth_secret;
    const char *old_public_key;
    const char *old_auth_secret;
    struct wall_time registered_at;
};

/* A phone that several agents share. */
struct shared_phone_row {
    int64_t phone_id;
    int64_t customer_id;
    const char *name;
    struct digest code_hash;
    struct wall_time expires_at;
    struct digest token_hash; /* zeros: the code was not used yet */
    struct wall_time created_at;
    struct wall_time used_at;
    struct wall_time revoked_at;
    struct uuid registration;
    const char *installation; /* NULL: it did not register yet */
    enum platform platform;
    const char *target; /* NULL: likewise, or its provider said that it is gone */
    int environment;
    const char *public_key;
    const char *auth_secret;
    const char *app_version;
    const char *permission;
    const char *silent_mode;
    int battery_percent;
    struct wall_time registered_at;
    int64_t owner_id; /* the agent who signed in last; 0: nobody's */
    struct wall_time owned_since;
};

struct shared_phone_agent_row {
    int64_t customer_id;
    int64_t phone_id;
    int64_t agent_id;
};

struct shared_phone_turn_row {
    int64_t customer_id;
    int64_t phone_id;
    int64_t turn; /* from 1 */
    int64_t agent_id;
    struct wall_time began_at;
    struct wall_time ended_at; /* WALL_NEVER: it is theirs */
    const char *ended_by;      /* a fixed word, or NULL */
};

struct agent_pin_row {
    int64_t customer_id;
    int64_t agent_id;
    struct uuid salt; /* 16 random bytes */
    struct digest hash;
    struct wall_time set_at;
};

/* Wrong PINs of one agent in a row on one phone. */
struct pin_failure_row {
    int64_t customer_id;
    int64_t phone_id;
    int64_t agent_id;
    int64_t failures;
    struct engine_time until; /* none is looked at before; TIME_NEVER_MS: no wait */
};

/* ---- registrations ---- */

/* The agent's of this installation, live or not. STATUS_NOT_FOUND. */
enum status store_get_registration(struct store *store, int64_t customer_id, int64_t agent_id,
                                   const char *installation, struct arena *arena,
                                   struct registration_row *row_r, struct error *error) MUST_CHECK;
/* All live ones of a phone, of whichever customers, by id; at most limit. */
enum status store_list_registrations(struct store *store, const char *installation,
                                     enum platform platform, const char *target, size_t limit,
                                     struct arena *arena, struct registration_row **rows_r,
                                     size_t *count_r, struct error *error) MUST_CHECK;
/* The same, by one of them, which counts only when it is live itself. */
enum status store_list_registrations_of_device(struct store *store, int64_t customer_id,
                                               int64_t device_id, size_t limit, struct arena *arena,
                                               struct registration_row **rows_r, size_t *count_r,
                                               struct error *error) MUST_CHECK;
/* The phone has another target. Keys equal to the old ones go with it, others stay; nothing is
 * proven of the new one, nor by test pushes that went to the old one. */
enum status store_rotate_registration(struct store *store, const struct rotation_row *row,
                                      struct error *error) MUST_CHECK;

/* ---- shared phones ---- */

/* With a code and a registration of its own; nothing else of the row is looked at. */
enum status store_add_shared_phone(struct store *store, const struct shared_phone_row *row,
                                   int64_t *phone_id_r, struct error *error) MUST_CHECK;
/* Writes all but the name, the code and the registration. */
enum status store_update_shared_phone(struct store *store, const struct shared_phone_row *row,
                                      struct error *error) MUST_CHECK;
/* Not one that was revoked: STATUS_NOT_FOUND. */
enum status store_get_shared_phone(struct store *store, int64_t customer_id, int64_t phone_id,
                                   struct arena *arena, struct shared_phone_row *row_r,
                                   struct error *error) MUST_CHECK;
/* Whose unused code this is. STATUS_NOT_FOUND. */
enum status store_find_shared_phone_code(struct store *store, const struct digest *code_hash,
                                         struct arena *arena, struct shared_phone_row *row_r,
                                         struct error *error) MUST_CHECK;
/* Those that were not revoked, by id. */
enum status store_list_shared_phones(struct store *store, int64_t customer_id, struct arena *arena,
                                     struct shared_phone_row **rows_r, size_t *count_r,
                                     struct error *error) MUST_CHECK;
/* Of any customers, those that are this phone. */
enum status store_list_shared_phones_of_target(struct store *store, const char *installation,
                                               enum platform platform, const char *target,
                                               size_t limit, struct arena *arena,
                                               struct shared_phone_row **rows_r, size_t *count_r,
                                               struct error *error) MUST_CHECK;

enum status store_add_shared_phone_agent(struct store *store,
                                         const struct shared_phone_agent_row *row,
                                         struct error *error) MUST_CHECK;
/* Of all the customer's phones that were not revoked, by phone. */
enum status store_list_shared_phone_agents(struct store *store, int64_t customer_id,
                                           struct arena *arena,
                                           struct shared_phone_agent_row **rows_r, size_t *count_r,
                                           struct error *error) MUST_CHECK;

/* The next turn begins; the oldest beyond those kept are forgotten. The one before was ended. */
enum status store_begin_turn(struct store *store, const struct shared_phone_turn_row *row,
                             struct error *error) MUST_CHECK;
/* Does nothing when none is under way. by: a fixed word. */
enum status store_end_turn(struct store *store, int64_t customer_id, int64_t phone_id,
                           const char *by, struct wall_time now, struct error *error) MUST_CHECK;
/* The newest first. */
enum status store_list_turns(struct store *store, int64_t customer_id, int64_t phone_id,
                             size_t limit, struct arena *arena,
                             struct shared_phone_turn_row **rows_r, size_t *count_r,
                             struct error *error) MUST_CHECK;

/* ---- PINs ---- */

enum status store_put_pin(struct store *store, const struct agent_pin_row *row,
                          struct error *error) MUST_CHECK;
/* Does nothing when there is none. */
enum status store_delete_pin(struct store *store, int64_t customer_id, int64_t agent_id,
                             struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: the agent has none. */
enum status store_get_pin(struct store *store, int64_t customer_id, int64_t agent_id,
                          struct agent_pin_row *row_r, struct error *error) MUST_CHECK;
/* By agent. */
enum status store_list_pins(struct store *store, int64_t customer_id, struct arena *arena,
                            struct agent_pin_row **rows_r, size_t *count_r,
                            struct error *error) MUST_CHECK;
enum status store_put_pin_failure(struct store *store, const struct pin_failure_row *row,
                                  struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: none was wrong since the last right one. */
enum status store_get_pin_failure(struct store *store, int64_t customer_id, int64_t phone_id,
                                  int64_t agent_id, struct pin_failure_row *row_r,
                                  struct error *error) MUST_CHECK;
/* The agent's, on all phones. */
enum status store_forget_pin_failures(struct store *store, int64_t customer_id, int64_t agent_id,
                                      struct error *error) MUST_CHECK;

#endif
