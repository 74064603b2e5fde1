/* directory.h - who exists: an immutable snapshot of all configuration, for writer and readers.
 *
 * The writer makes a new one after each change and publishes it after the commit; only the changed
 * customer is rebuilt, the others are shared. A reader holds a reference for as long as it looks.
 */
#ifndef GATEWAY_ENGINE_DIRECTORY_H
#define GATEWAY_ENGINE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/digest.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/core/escalation.h"
#include "gateway/engine/ticket_fields.h"
#include "gateway/qualification/rules.h"

#define AGENTS_OF_CUSTOMER_MAX     4096
#define CONTACTS_OF_CUSTOMER_MAX   1024
#define ROTAS_OF_CUSTOMER_MAX      64
#define PROCEDURES_OF_CUSTOMER_MAX 256
#define NUMBERS_OF_CUSTOMER_MAX    64
#define API_KEYS_MAX               1024
#define KEY_ID_BYTES_MAX           32
#define FEEDS_OF_OWNER_MAX         8 /* of one rota, or of one agent */
#define NOTICE_DAYS_MAX            60
#define SHARED_PHONES_MAX          256 /* of a customer */
#define SHARED_BY_MAX              64  /* agents of one phone */

/* Why a device was retired when its phone went to somebody else. */
#define DEVICE_SIGNED_OUT "signed_out" /* a shared phone */
#define DEVICE_TAKEN_OVER "taken_over" /* another agent of the customer registered it */

enum role { ROLE_NONE, ROLE_CALL_CENTRE, ROLE_TELEPHONY, ROLE_ADMIN, ROLE_PORTAL, ROLE_AGENT };

struct directory_device {
    int64_t id;
    const char *installation;
    enum platform platform;
    int environment; /* 0 production, 1 sandbox */
    const char *target;
    const char *public_key;  /* base64url; NULL: it registered none */
    const char *auth_secret; /* likewise */
    const char *app_version;
    const char *permission;
    const char *silent_mode;
    int battery_percent; /* -1 unknown */
    bool live;           /* not retired */
    struct wall_time registered_at;
    struct wall_time proven_at;
    const char *retired_reason;
    struct uuid registration; /* by which the app knows whose push it is */
    int64_t phone_id;         /* the shared phone that it is; 0: the agent's own */
};

/* One of a person's telephone numbers. */
struct directory_phone {
    const char *phone; /* E.164 */
    const char *label; /* the customer's word for it; or NULL */
};

/* No network for a while, as the agent said. Whoever looks asks whether it is over. */
struct directory_pause {
    struct wall_time since_at;
    struct wall_time until_at;       /* as the wall stood when it was said */
    struct engine_time until_engine; /* it ends then */
    const char *reason;              /* or NULL */
    const char *operator_name;       /* who said it on the agent's behalf; NULL: the agent */
};

/* An agent or a contact. */
struct directory_person {
    enum person_kind kind;
    bool active;
    int64_t id;
    const char *slug;
    const char *name;
    const char *phone; /* who is called first at; NULL or empty: there is no number */
    const char *language;
    const struct directory_device *devices; /* agents only; live and retired */
    size_t devices_count;
    const char *phone_label;               /* of the first; or NULL */
    const struct directory_phone *further; /* numbers behind the first, in the person's order */
    size_t further_count;
    const struct directory_pause *pause; /* agents only; NULL: none */
};

struct directory_enrolment {
    int64_t id;
    int64_t agent_id;
    struct digest token_hash;
};

/* A phone that several agents share: whoever signed in last has it. */
struct directory_shared_phone {
    int64_t id;
    const char *name;
    bool enrolled; /* its code was used */
    struct digest token_hash;
    const char *installation; /* NULL: it did not register yet */
    bool has_target;          /* its provider knows where it is */
    struct wall_time created_at;
    struct uuid registration;
    int64_t owner_id; /* 0: nobody's */
    struct wall_time owned_since;
    const int64_t *agents; /* who may sign in, by id */
    size_t agents_count;
};

/* A calendar's secret address: of a rota or of an agent, the other is 0. */
struct directory_feed {
    int64_t id;
    int64_t rota_id;
    int64_t agent_id;
    const char *name;
    struct digest secret_hash;
    struct wall_time created_at;
};

struct directory_interval {
    struct wall_time from;
    struct wall_time to;
    int64_t agent_id;
};

/* When the shifts of a rota are to be checked in. */
struct directory_check_in {
    bool planned; /* otherwise nobody looks */
    int64_t opens_before_ms;
    int64_t remind_before_ms; /* not longer */
    int64_t closes_after_ms;
    const char *procedure;
    enum severity severity;
    struct wall_time since; /* shifts that began before are not looked at */
    int64_t probe_ms;       /* phones that were not heard of for so long are probed; 0: none */
};

struct directory_rota {
    int64_t id;
    const char *slug; /* the role */
    const char *definition;
    struct wall_time changed_at;
    struct wall_time compiled_from;
    struct wall_time compiled_until;
    bool broken;                                /* it does not compile: nobody is on call in it */
    const char *broken_reason;                  /* then; otherwise NULL */
    const struct directory_interval *intervals; /* whole shifts, in order */
    size_t intervals_count;
    struct directory_check_in check_in;
};

struct directory_procedure {
    int64_t id;
    int64_t version;
    const char *definition;
    const struct procedure *procedure;
};

/* Opening hours and holidays, read; opaque (struct engine_rotas, engine.h). */
struct engine_calendar;

/* Qualification rules, the newest version. */
struct directory_rules {
    int64_t version;
    const char *definition;
    const struct rules *rules; /* NULL: they cannot be read any more */
};

struct directory_customer {
    int64_t id;
    const char *slug;
    const char *name;
    const char *time_zone;
    const char *language;
    const char *alias;
    const char *default_procedure; /* or NULL */
    bool active;
    struct wall_time created_at;
    const char *opening_hours; /* JSON object, or NULL */
    const char *holidays;      /* slug of a set of the law's, or NULL */
    /* The two above and the file of holidays; NULL: nothing of them, or it cannot be read. What the
     * file says is known from calendar_from to calendar_until. */
    const struct engine_calendar *calendar;
    struct wall_time calendar_from;
    struct wall_time calendar_until;
    bool has_holidays_file;
    const char *const *numbers; /* E.164, in the customer's order */
    size_t numbers_count;
    const char *emergency_phone;              /* who is dialled when nobody is on call; or NULL */
    const char *greeting;                     /* what the operator says; or NULL */
    const char *nobody_reached_fr;            /* what the caller is told then; or NULL */
    const char *nobody_reached_en;            /* likewise */
    int64_t retention_days;                   /* 0: without end */
    const char *ticket_fields_json;           /* as it was put, or NULL */
    const struct ticket_field *ticket_fields; /* the same, in its order */
    size_t ticket_fields_count;
    int64_t notice_days; /* ahead of duty; 0: as the law has it (directory_notice_days()) */
    const struct directory_person *agents; /* by slug */
    size_t agents_count;
    const struct directory_person *contacts; /* by slug */
    size_t contacts_count;
    const struct directory_enrolment *enrolments; /* by id */
    size_t enrolments_count;
    const struct directory_shared_phone *shared_phones; /* by id */
    size_t shared_phones_count;
    const struct directory_rota *rotas; /* by slug */
    size_t rotas_count;
    const struct directory_procedure *procedures; /* newest versions, by slug */
    size_t procedures_count;
    const struct directory_rules *rules; /* NULL: it never had any */
    const struct directory_feed *feeds;  /* by id */
    size_t feeds_count;
};

struct directory_api_key {
    const char *id;
    const char *name;
    enum role role;
    struct digest secret_hash;
    bool all_customers;
    const int64_t *customers;
    size_t customers_count;
    struct wall_time created_at;
};

struct directory; /* opaque; see engine.h for acquiring one */

/* Lookups answer NULL when there is none; results live as long as the reference. */
const struct directory_customer *directory_customer(const struct directory *directory,
                                                    int64_t customer_id);
const struct directory_customer *directory_customer_by_slug(const struct directory *directory,
                                                            const char *slug);
/* Whose number (E.164) is called; several numbers may be one customer's. */
const struct directory_customer *directory_customer_by_number(const struct directory *directory,
                                                              const char *number);
/* The one with the next id: a way through all that a customer added meanwhile does not shift. From
 * 0 on; NULL behind the last. */
const struct directory_customer *directory_customer_after(const struct directory *directory,
                                                          int64_t customer_id);
size_t directory_customers_count(const struct directory *directory);
/* By slug, index below the count. */
const struct directory_customer *directory_customer_at(const struct directory *directory,
                                                       size_t index);
const struct directory_person *directory_agent(const struct directory_customer *customer,
                                               int64_t agent_id);
const struct directory_person *directory_agent_by_slug(const struct directory_customer *customer,
                                                       const char *slug);
const struct directory_person *directory_contact(const struct directory_customer *customer,
                                                 int64_t contact_id);
const struct directory_person *directory_contact_by_slug(const struct directory_customer *customer,
                                                         const char *slug);
const struct directory_person *directory_person(const struct directory_customer *customer,
                                                const struct person_ref *ref);
/* All numbers of a person, in the order in which they are called; index below the count. */
size_t directory_phones_count(const struct directory_person *person);
/* Tells a person's numbers, in their order, from others; 0: the person has none. */
int64_t directory_phones_mark(const struct directory_person *person);
struct directory_phone directory_phone(const struct directory_person *person, size_t index);
/* Whether it is one of them. */
bool directory_has_phone(const struct directory_person *person, const char *phone);
const struct directory_rota *directory_rota(const struct directory_customer *customer,
                                            const char *slug);
/* How many days ahead of it agents are to know of their duty. */
int directory_notice_days(const struct directory_customer *customer);
const struct directory_procedure *directory_procedure(const struct directory_customer *customer,
                                                      const char *slug);
const struct directory_device *directory_device(const struct directory_customer *customer,
                                                int64_t device_id,
                                                const struct directory_person **agent_r);
const struct directory_shared_phone *directory_shared_phone(
    const struct directory_customer *customer, int64_t phone_id);
/* Whether the agent may sign in on it, being active. */
bool directory_shares(const struct directory_customer *customer,
                      const struct directory_shared_phone *phone, int64_t agent_id);
/* Whether the phone of a retired device went to somebody else: what arrives there is not for its
 * agent any more, nor does what is confirmed there come from them. */
bool directory_was_handed_over(const struct directory_device *device);
size_t directory_api_keys_count(const struct directory *directory);
const struct directory_api_key *directory_api_key_at(const struct directory *directory,
                                                     size_t index);

/* Who presents a token. */
struct principal {
    enum role role;
    char key_id[KEY_ID_BYTES_MAX]; /* scope of idempotency keys */
    bool all_customers;
    const int64_t *customers; /* when not all; lives as long as the directory reference */
    size_t customers_count;
    int64_t customer_id; /* ROLE_AGENT */
    int64_t agent_id;    /* ROLE_AGENT; 0: a shared phone's token, and nobody is signed in */
    int64_t phone_id;    /* ROLE_AGENT: the shared phone whose token it is, and agent_id whoever
                            signed in there; 0: the agent's own token */
};

/* Checks an API key ("ak_…"), an agent's ("at_…") or a shared phone's token ("st_…"), in time
 * independent of how much of the secret is right. STATUS_UNAUTHENTICATED otherwise. */
enum status directory_authenticate(const struct directory *directory, const char *token,
                                   struct principal *principal_r) MUST_CHECK;

/* Whether the principal may see this customer at all. */
bool principal_covers(const struct principal *principal, int64_t customer_id);

/* The feed whose secret this is ("fd_…"), and its customer, in time independent of how much of the
 * secret is right; NULL: there is none. Its owner is there: a rota, or an agent, who may not be
 * active. */
const struct directory_feed *directory_feed_by_secret(const struct directory *directory,
                                                      const char *secret,
                                                      const struct directory_customer **customer_r);
/* The feed's rota, NULL when it is an agent's. */
const struct directory_rota *directory_feed_rota(const struct directory_customer *customer,
                                                 const struct directory_feed *feed);

/* "call-centre", …; ROLE_NONE for another word. */
enum role role_parse(const char *word);
const char *role_word(enum role role);

#endif
