/* test_rows.c - configuration rows come back as they were written, member by member. */
#include "tests/unit/store/fixture.h"

/* ---- customers ---- */

static void assert_customer(const struct customer_row *a, const struct customer_row *b)
{
    assert_text(a->slug, b->slug);
    assert_text(a->name, b->name);
    assert_text(a->time_zone, b->time_zone);
    assert_text(a->language, b->language);
    assert_text(a->alias, b->alias);
    assert_text(a->default_procedure, b->default_procedure);
    assert_int_equal(a->active, b->active);
    assert_int_equal(a->created_at.ms, b->created_at.ms);
    assert_text(a->opening_hours, b->opening_hours);
    assert_text(a->holidays, b->holidays);
    assert_text(a->emergency_phone, b->emergency_phone);
    assert_text(a->greeting, b->greeting);
    assert_int_equal(a->retention_days, b->retention_days);
    assert_text(a->ticket_fields, b->ticket_fields);
    assert_int_equal(a->notice_days, b->notice_days);
    assert_text(a->nobody_reached_fr, b->nobody_reached_fr);
    assert_text(a->nobody_reached_en, b->nobody_reached_en);
}

static void test_customer__comes_back(void **state)
{
    struct shelf *shelf = *state;
    static const struct customer_row rows[] = {
        {.slug = "b-side",
         .name = "B",
         .time_zone = "Europe/Rome",
         .language = "en",
         .alias = "Brun",
         .default_procedure = "night",
         .active = true,
         .created_at = {11},
         .opening_hours = "{\"weekly\":[]}",
         .holidays = "fr",
         .emergency_phone = "+33600000009",
         .greeting = "Bonjour",
         .retention_days = 30,
         .ticket_fields = "[]",
         .notice_days = 21,
         .nobody_reached_fr = "On rappelle.",
         .nobody_reached_en = "We call back."},
        {.slug = "ümlaut",
         .name = "Ü 'quoted' \"x\"",
         .time_zone = "UTC",
         .language = "fr",
         .alias = "",
         .default_procedure = NULL,
         .active = false,
         .created_at = {0}},
    };
    for (size_t i = 0; i < 2; i++) {
        int64_t id = 0;
        struct customer_row read;
        assert_ok(shelf, store_put_customer(shelf->store, &rows[i], &id, &shelf->error));
        assert_ok(shelf, store_get_customer(shelf->store, id, shelf->arena, &read, &shelf->error));
        assert_int_equal(read.customer_id, id);
        assert_customer(&read, &rows[i]);
    }
    struct customer_row *all;
    size_t count;
    assert_ok(shelf, store_list_customers(shelf->store, shelf->arena, &all, &count, &shelf->error));
    assert_int_equal(count, 3);
    assert_customer(&all[1], &rows[0]);
    assert_customer(&all[2], &rows[1]);
    struct customer_row none;
    assert_int_equal(store_get_customer(shelf->store, 99, shelf->arena, &none, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void test_customer__put_again_changes_it(void **state)
{
    struct shelf *shelf = *state;
    struct customer_row row = {.slug = "acme",
                               .name = "New",
                               .time_zone = "UTC",
                               .language = "en",
                               .alias = "Neuf",
                               .default_procedure = "day",
                               .active = false,
                               .created_at = {77},
                               .opening_hours = "{}",
                               .holidays = "fr-guyane",
                               .emergency_phone = "+33600000009",
                               .greeting = "Bonjour",
                               .retention_days = 7,
                               .ticket_fields = "[]",
                               .notice_days = 30,
                               .nobody_reached_en = "Later."};
    int64_t id;
    assert_ok(shelf, store_put_customer(shelf->store, &row, &id, &shelf->error));
    assert_int_equal(id, shelf->customer_id);
    struct customer_row read;
    assert_ok(shelf, store_get_customer(shelf->store, id, shelf->arena, &read, &shelf->error));
    row.created_at.ms = 1000; /* it stays as old as it is */
    assert_customer(&read, &row);
}

static void test_holidays__come_back_until_taken_away(void **state)
{
    struct shelf *shelf = *state;
    int64_t id = shelf->customer_id;
    struct holidays_row read;
    struct holidays_row row = {.customer_id = id, .ics = "BEGIN:VCALENDAR\r\n…", .changed_at = {5}};
    assert_int_equal(store_get_holidays(shelf->store, id, shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_int_equal(store_delete_holidays(shelf->store, id, &shelf->error), STATUS_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        assert_ok(shelf, store_put_holidays(shelf->store, &row, &shelf->error));
        assert_ok(shelf, store_get_holidays(shelf->store, id, shelf->arena, &read, &shelf->error));
        assert_int_equal(read.customer_id, id);
        assert_string_equal(read.ics, row.ics);
        assert_int_equal(read.changed_at.ms, row.changed_at.ms);
        row.ics = "another";
        row.changed_at.ms = 6;
    }
    assert_ok(shelf, store_delete_holidays(shelf->store, id, &shelf->error));
    assert_int_equal(store_get_holidays(shelf->store, id, shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void assert_numbers(struct shelf *shelf, int64_t id, const char *const *numbers,
                           size_t wanted)
{
    struct number_row *rows = NULL;
    size_t count = 0;
    assert_ok(shelf,
              store_list_numbers(shelf->store, id, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < wanted; i++) {
        int64_t owner = 0;
        assert_int_equal(rows[i].customer_id, id);
        assert_int_equal(rows[i].position, i);
        assert_string_equal(rows[i].number, numbers[i]);
        assert_ok(shelf, store_get_number_owner(shelf->store, numbers[i], &owner, &shelf->error));
        assert_int_equal(owner, id);
    }
}

static void test_numbers__come_back_in_their_order(void **state)
{
    struct shelf *shelf = *state;
    static const char *const numbers[] = {"+33199000002", "+33199000001", "+33199000003"};
    const struct customer_row other = {
        .slug = "other", .name = "O", .time_zone = "UTC", .language = "fr", .alias = "o"};
    int64_t id = shelf->customer_id, other_id = 0, owner = 0;
    assert_ok(shelf, store_put_customer(shelf->store, &other, &other_id, &shelf->error));
    assert_numbers(shelf, id, numbers, 0);
    assert_ok(shelf, store_set_numbers(shelf->store, id, numbers, 3, &shelf->error));
    assert_numbers(shelf, id, numbers, 3);
    assert_numbers(shelf, other_id, numbers, 0);
    /* Another order of the same, and one fewer: that is free for others. */
    static const char *const fewer[] = {"+33199000003", "+33199000002"};
    assert_ok(shelf, store_set_numbers(shelf->store, id, fewer, 2, &shelf->error));
    assert_numbers(shelf, id, fewer, 2);
    assert_int_equal(store_get_number_owner(shelf->store, "+33199000001", &owner, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_set_numbers(shelf->store, other_id, &numbers[1], 1, &shelf->error));
    assert_numbers(shelf, other_id, &numbers[1], 1);
    assert_int_equal(store_set_numbers(shelf->store, other_id, fewer, 1, &shelf->error),
                     STATUS_CONFLICT);
}

/* ---- people ---- */

static void test_person__comes_back(void **state)
{
    struct shelf *shelf = *state;
    static const enum person_kind kinds[] = {PERSON_AGENT, PERSON_CONTACT};
    for (size_t k = 0; k < 2; k++) {
        struct person_row rows[] = {
            {.customer_id = shelf->customer_id,
             .slug = "jean",
             .name = "Jean",
             .phone = "+331",
             .phone_label = "home",
             .language = "fr",
             .active = true,
             .created_at = {21}},
            {.customer_id = shelf->customer_id,
             .slug = "anna",
             .name = "Anna",
             .phone = "",
             .language = "en",
             .active = false,
             .created_at = {22}},
        };
        for (size_t i = 0; i < 2; i++) {
            assert_ok(shelf, store_put_person(shelf->store, kinds[k], &rows[i], &rows[i].person_id,
                                              &shelf->error));
        }
        struct person_row *read;
        size_t count;
        assert_ok(shelf, store_list_persons(shelf->store, kinds[k], shelf->customer_id,
                                            shelf->arena, &read, &count, &shelf->error));
        assert_int_equal(count, 2); /* by slug */
        for (size_t i = 0; i < 2; i++) {
            const struct person_row *written = &rows[1 - i];
            assert_int_equal(read[i].person_id, written->person_id);
            assert_int_equal(read[i].customer_id, written->customer_id);
            assert_text(read[i].slug, written->slug);
            assert_text(read[i].name, written->name);
            assert_text(read[i].phone, written->phone);
            assert_text(read[i].phone_label, written->phone_label);
            assert_text(read[i].language, written->language);
            assert_int_equal(read[i].active, written->active);
            assert_int_equal(read[i].created_at.ms, written->created_at.ms);
        }
    }
}

/* ---- enrolments ---- */

static void test_enrolment__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct enrolment_row row = {.customer_id = shelf->customer_id,
                                .agent_id = add_agent(shelf),
                                .code_hash = numbered_digest(1),
                                .expires_at = {31},
                                .created_at = {32}};
    struct enrolment_row read;
    assert_ok(shelf, store_add_enrolment(shelf->store, &row, &row.enrolment_id, &shelf->error));
    assert_ok(shelf, store_find_enrolment_code(shelf->store, &row.code_hash, &read, &shelf->error));
    assert_int_equal(read.enrolment_id, row.enrolment_id);
    assert_int_equal(read.customer_id, row.customer_id);
    assert_int_equal(read.agent_id, row.agent_id);
    assert_memory_equal(&read.code_hash, &row.code_hash, sizeof row.code_hash);
    assert_int_equal(read.expires_at.ms, 31);
    assert_int_equal(read.created_at.ms, 32);
    assert_int_equal(read.used_at.ms, TIME_NEVER_MS);
    assert_memory_equal(&read.token_hash, &(struct digest){{0}}, sizeof read.token_hash);

    struct digest token = numbered_digest(9);
    struct enrolment_row *used;
    size_t count;
    assert_ok(shelf, store_list_enrolments(shelf->store, shelf->customer_id, shelf->arena, &used,
                                           &count, &shelf->error));
    assert_int_equal(count, 0);
    assert_ok(shelf, store_use_enrolment(shelf->store, shelf->customer_id, row.enrolment_id, &token,
                                         (struct wall_time){33}, &shelf->error));
    assert_int_equal(store_find_enrolment_code(shelf->store, &row.code_hash, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_list_enrolments(shelf->store, shelf->customer_id, shelf->arena, &used,
                                           &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_memory_equal(&used[0].token_hash, &token, sizeof token);
    assert_int_equal(used[0].used_at.ms, 33);
}

static void test_enrolment__a_new_code_revokes_unused_ones_only(void **state)
{
    struct shelf *shelf = *state;
    struct enrolment_row row = {.customer_id = shelf->customer_id, .agent_id = add_agent(shelf)};
    struct enrolment_row read;
    int64_t used, id;
    struct digest token = numbered_digest(9);
    row.code_hash = numbered_digest(1);
    assert_ok(shelf, store_add_enrolment(shelf->store, &row, &used, &shelf->error));
    assert_ok(shelf, store_use_enrolment(shelf->store, shelf->customer_id, used, &token,
                                         (struct wall_time){33}, &shelf->error));
    row.code_hash = numbered_digest(2);
    assert_ok(shelf, store_add_enrolment(shelf->store, &row, &id, &shelf->error));
    row.code_hash = numbered_digest(3);
    assert_ok(shelf, store_add_enrolment(shelf->store, &row, &id, &shelf->error));
    struct digest second = numbered_digest(2), third = numbered_digest(3);
    assert_int_equal(store_find_enrolment_code(shelf->store, &second, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_find_enrolment_code(shelf->store, &third, &read, &shelf->error));
    struct enrolment_row *rows;
    size_t count;
    assert_ok(shelf, store_list_enrolments(shelf->store, shelf->customer_id, shelf->arena, &rows,
                                           &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].enrolment_id, used);
}

/* ---- devices ---- */

static void assert_device(const struct device_row *a, const struct device_row *b)
{
    assert_int_equal(a->device_id, b->device_id);
    assert_int_equal(a->customer_id, b->customer_id);
    assert_int_equal(a->agent_id, b->agent_id);
    assert_text(a->installation, b->installation);
    assert_int_equal(a->platform, b->platform);
    assert_text(a->target, b->target);
    assert_int_equal(a->environment, b->environment);
    assert_text(a->public_key, b->public_key);
    assert_text(a->auth_secret, b->auth_secret);
    assert_text(a->app_version, b->app_version);
    assert_text(a->permission, b->permission);
    assert_text(a->silent_mode, b->silent_mode);
    assert_int_equal(a->battery_percent, b->battery_percent);
    assert_int_equal(a->registered_at.ms, b->registered_at.ms);
    assert_int_equal(a->proven_at.ms, b->proven_at.ms);
    assert_int_equal(a->retired_at.ms, b->retired_at.ms);
    assert_text(a->retired_reason, b->retired_reason);
}

static struct device_row only_device(struct shelf *shelf)
{
    struct device_row *rows;
    size_t count;
    assert_ok(shelf, store_list_devices(shelf->store, shelf->customer_id, shelf->arena, &rows,
                                        &count, &shelf->error));
    assert_int_equal(count, 1);
    return rows[0];
}

static void test_device__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct device_row row = {.customer_id = shelf->customer_id,
                             .agent_id = add_agent(shelf),
                             .installation = "i-1",
                             .platform = PLATFORM_WEBPUSH,
                             .target = "https://push",
                             .environment = 1,
                             .public_key = "pk",
                             .auth_secret = "as",
                             .app_version = "1.2",
                             .permission = "granted",
                             .silent_mode = "off",
                             .battery_percent = 55,
                             .registered_at = {41},
                             .proven_at = {42},
                             .retired_at = {43},
                             .retired_reason = "logged_out"};
    struct device_row read;
    assert_ok(shelf, store_put_device(shelf->store, &row, &row.device_id, &shelf->error));
    read = only_device(shelf);
    assert_device(&read, &row);
    /* The same installation registers again, knowing less. */
    struct device_row again = {.customer_id = shelf->customer_id,
                               .agent_id = row.agent_id,
                               .installation = "i-1",
                               .platform = PLATFORM_APNS,
                               .target = "t",
                               .battery_percent = -1,
                               .registered_at = {51},
                               .proven_at = WALL_NEVER,
                               .retired_at = WALL_NEVER};
    assert_ok(shelf, store_put_device(shelf->store, &again, &again.device_id, &shelf->error));
    assert_int_equal(again.device_id, row.device_id);
    read = only_device(shelf);
    assert_device(&read, &again); /* the new target is not proven */
}

static void test_device__proven_and_retired(void **state)
{
    struct shelf *shelf = *state;
    struct device_row row = {.customer_id = shelf->customer_id,
                             .agent_id = add_agent(shelf),
                             .installation = "i-1",
                             .platform = PLATFORM_FCM,
                             .target = "t",
                             .battery_percent = -1,
                             .registered_at = {100},
                             .proven_at = WALL_NEVER,
                             .retired_at = WALL_NEVER};
    assert_ok(shelf, store_put_device(shelf->store, &row, &row.device_id, &shelf->error));
    assert_ok(shelf, store_prove_device(shelf->store, shelf->customer_id, row.device_id,
                                        (struct wall_time){110}, &shelf->error));
    row.proven_at = WALL_NEVER;
    assert_ok(shelf, store_put_device(shelf->store, &row, &row.device_id, &shelf->error));
    row.proven_at.ms = 110; /* the same target again: what was proven stays proven */
    /* It registered after what the provider speaks of: nothing happens. */
    assert_ok(shelf,
              store_retire_device(shelf->store, shelf->customer_id, row.device_id, "gone",
                                  (struct wall_time){120}, (struct wall_time){99}, &shelf->error));
    struct device_row read = only_device(shelf);
    assert_device(&read, &row);
    assert_ok(shelf,
              store_retire_device(shelf->store, shelf->customer_id, row.device_id, "gone",
                                  (struct wall_time){120}, (struct wall_time){100}, &shelf->error));
    row.retired_at.ms = 120;
    row.retired_reason = "gone";
    read = only_device(shelf);
    assert_device(&read, &row);
    /* The first reason stands. */
    assert_ok(shelf,
              store_retire_device(shelf->store, shelf->customer_id, row.device_id, "other",
                                  (struct wall_time){130}, (struct wall_time){130}, &shelf->error));
    read = only_device(shelf);
    assert_device(&read, &row);
}

/* ---- definitions ---- */

static void assert_definition(const struct definition_row *a, const struct definition_row *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->customer_id, b->customer_id);
    assert_text(a->slug, b->slug);
    assert_text(a->definition, b->definition);
    assert_int_equal(a->changed_at.ms, b->changed_at.ms);
}

static struct feed_row *feeds_of(struct shelf *shelf, int64_t customer_id, size_t *count_r)
{
    struct feed_row *rows = NULL;
    assert_ok(shelf, store_list_feeds(shelf->store, customer_id, shelf->arena, &rows, count_r,
                                      &shelf->error));
    return rows;
}

static void test_feed__comes_back_until_it_is_revoked(void **state)
{
    struct shelf *shelf = *state;
    const struct definition_row rota = {
        .customer_id = shelf->customer_id, .slug = "duty", .definition = "{}"};
    struct feed_row of_rota = {.customer_id = shelf->customer_id,
                               .name = "téléphone",
                               .secret_hash = {{1, 2, 3}},
                               .created_at = {71}};
    struct feed_row of_agent = of_rota;
    size_t count;
    of_agent.agent_id = add_agent(shelf);
    assert_ok(shelf, store_put_rota(shelf->store, &rota, &of_rota.rota_id, &shelf->error));
    assert_ok(shelf, store_add_feed(shelf->store, &of_rota, &of_rota.feed_id, &shelf->error));
    assert_ok(shelf, store_add_feed(shelf->store, &of_agent, &of_agent.feed_id, &shelf->error));
    const struct feed_row *rows = feeds_of(shelf, shelf->customer_id, &count);
    const struct feed_row *const written[] = {&of_rota, &of_agent};
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rows[i].feed_id, written[i]->feed_id);
        assert_int_equal(rows[i].rota_id, written[i]->rota_id);
        assert_int_equal(rows[i].agent_id, written[i]->agent_id);
        assert_string_equal(rows[i].name, written[i]->name);
        assert_memory_equal(rows[i].secret_hash.bytes, written[i]->secret_hash.bytes, DIGEST_BYTES);
        assert_int_equal(rows[i].created_at.ms, 71);
    }
    (void)feeds_of(shelf, shelf->customer_id + 1, &count);
    assert_int_equal(count, 0);
    assert_ok(shelf, store_revoke_feed(shelf->store, shelf->customer_id + 1, of_rota.feed_id,
                                       (struct wall_time){72}, &shelf->error));
    (void)feeds_of(shelf, shelf->customer_id, &count);
    assert_int_equal(count, 2); /* another customer's hand does not reach it */
    assert_ok(shelf, store_revoke_feed(shelf->store, shelf->customer_id, of_rota.feed_id,
                                       (struct wall_time){72}, &shelf->error));
    rows = feeds_of(shelf, shelf->customer_id, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].feed_id, of_agent.feed_id);
}

static void test_rota__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct definition_row row = {.customer_id = shelf->customer_id,
                                 .slug = "duty",
                                 .definition = "{\"a\":1}",
                                 .changed_at = {61}};
    struct definition_row *rows;
    size_t count;
    assert_ok(shelf, store_put_rota(shelf->store, &row, &row.id, &shelf->error));
    assert_ok(shelf, store_list_rotas(shelf->store, shelf->customer_id, shelf->arena, &rows, &count,
                                      &shelf->error));
    assert_int_equal(count, 1);
    assert_definition(&rows[0], &row);
    int64_t first = row.id;
    row.definition = "{\"a\":2}";
    row.changed_at.ms = 62;
    assert_ok(shelf, store_put_rota(shelf->store, &row, &row.id, &shelf->error));
    assert_int_equal(row.id, first);
    assert_ok(shelf, store_list_rotas(shelf->store, shelf->customer_id, shelf->arena, &rows, &count,
                                      &shelf->error));
    assert_int_equal(count, 1);
    assert_definition(&rows[0], &row);
}

static void test_procedure__versions_are_kept(void **state)
{
    struct shelf *shelf = *state;
    struct definition_row versions[3], read, *newest;
    size_t count;
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {"{1}", "{2}", "{3}"};
        versions[i] = (struct definition_row){.customer_id = shelf->customer_id,
                                              .slug = "night",
                                              .definition = texts[i],
                                              .changed_at = {70 + i}};
        assert_ok(shelf, store_add_procedure(shelf->store, &versions[i], &versions[i].id,
                                             &versions[i].version, &shelf->error));
        assert_int_equal(versions[i].version, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        assert_ok(shelf, store_get_procedure(shelf->store, shelf->customer_id, versions[i].id,
                                             shelf->arena, &read, &shelf->error));
        assert_definition(&read, &versions[i]);
        assert_int_equal(read.version, i + 1);
    }
    assert_ok(shelf, store_list_procedures(shelf->store, shelf->customer_id, shelf->arena, &newest,
                                           &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_definition(&newest[0], &versions[2]);
    /* Another customer's is none. */
    assert_int_equal(store_get_procedure(shelf->store, shelf->customer_id + 1, versions[0].id,
                                         shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void test_rules__versions_are_kept(void **state)
{
    struct shelf *shelf = *state;
    struct definition_row read, row = {.customer_id = shelf->customer_id};
    struct error *error = &shelf->error;
    assert_int_equal(store_get_rules(shelf->store, shelf->customer_id, shelf->arena, &read, error),
                     STATUS_NOT_FOUND);
    for (int i = 1; i <= 2; i++) {
        row.definition = i == 1 ? "{1}" : "{2}";
        row.changed_at.ms = 70 + i;
        int64_t version;
        assert_ok(shelf, store_add_rules(shelf->store, &row, &row.id, &version, error));
        assert_int_equal(version, i);
        assert_ok(shelf,
                  store_get_rules(shelf->store, shelf->customer_id, shelf->arena, &read, error));
        assert_int_equal(read.id, row.id);
        assert_int_equal(read.customer_id, shelf->customer_id);
        assert_int_equal(read.version, i);
        assert_string_equal(read.definition, row.definition);
        assert_int_equal(read.changed_at.ms, 70 + i);
    }
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM rule_set"), 2);
    assert_int_equal(
        store_get_rules(shelf->store, shelf->customer_id + 1, shelf->arena, &read, error),
        STATUS_NOT_FOUND);
}

/* ---- keys ---- */

static void test_api_key__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct api_key_row *rows;
    size_t count;
    struct api_key_row scoped = {.key_id = "k1",
                                 .name = "one",
                                 .role = "admin",
                                 .secret_hash = numbered_digest(5),
                                 .created_at = {81},
                                 .customers = &shelf->customer_id,
                                 .customers_count = 1};
    struct api_key_row broad = {.key_id = "k2",
                                .name = "two",
                                .role = "portal",
                                .secret_hash = numbered_digest(6),
                                .all_customers = true,
                                .created_at = {82}};
    assert_ok(shelf, store_add_api_key(shelf->store, &scoped, &shelf->error));
    assert_ok(shelf, store_add_api_key(shelf->store, &broad, &shelf->error));
    assert_ok(shelf, store_list_api_keys(shelf->store, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    const struct api_key_row *written[] = {&scoped, &broad};
    for (size_t i = 0; i < 2; i++) {
        assert_text(rows[i].key_id, written[i]->key_id);
        assert_text(rows[i].name, written[i]->name);
        assert_text(rows[i].role, written[i]->role);
        assert_memory_equal(&rows[i].secret_hash, &written[i]->secret_hash, DIGEST_BYTES);
        assert_int_equal(rows[i].all_customers, written[i]->all_customers);
        assert_int_equal(rows[i].created_at.ms, written[i]->created_at.ms);
        assert_int_equal(rows[i].customers_count, written[i]->customers_count);
    }
    assert_int_equal(rows[0].customers[0], shelf->customer_id);
    assert_ok(shelf,
              store_revoke_api_key(shelf->store, "k1", (struct wall_time){90}, &shelf->error));
    assert_int_equal(
        store_revoke_api_key(shelf->store, "k3", (struct wall_time){90}, &shelf->error),
        STATUS_NOT_FOUND);
    assert_ok(shelf, store_list_api_keys(shelf->store, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].key_id, "k2");
}

/* ---- the engine's own ---- */

static void test_idempotency__comes_back_until_purged(void **state)
{
    struct shelf *shelf = *state;
    struct idempotency_row read;
    struct idempotency_row row = {.key_id = "k",
                                  .key = "one",
                                  .body_digest = numbered_digest(3),
                                  .created_at = {100},
                                  .answer = "{\"id\":1}",
                                  .joined = true};
    assert_ok(shelf, store_add_idempotency(shelf->store, &row, &shelf->error));
    assert_ok(shelf,
              store_get_idempotency(shelf->store, "k", "one", shelf->arena, &read, &shelf->error));
    assert_text(read.key_id, "k");
    assert_text(read.key, "one");
    assert_memory_equal(&read.body_digest, &row.body_digest, DIGEST_BYTES);
    assert_int_equal(read.created_at.ms, 100);
    assert_text(read.answer, row.answer);
    assert_true(read.joined);
    assert_int_equal(store_add_idempotency(shelf->store, &row, &shelf->error), STATUS_CONFLICT);
    assert_ok(shelf,
              store_purge_idempotency(shelf->store, (struct engine_time){100}, &shelf->error));
    assert_ok(shelf,
              store_get_idempotency(shelf->store, "k", "one", shelf->arena, &read, &shelf->error));
    assert_ok(shelf,
              store_purge_idempotency(shelf->store, (struct engine_time){101}, &shelf->error));
    assert_int_equal(
        store_get_idempotency(shelf->store, "k", "one", shelf->arena, &read, &shelf->error),
        STATUS_NOT_FOUND);
}

/* A blob of a length that it cannot have reads as none. */
static void test_digest__of_a_wrong_length(void **state)
{
    struct shelf *shelf = *state;
    struct idempotency_row row = {
        .key_id = "k", .key = "one", .body_digest = numbered_digest(1), .answer = "{}"};
    const struct digest none = {{0}};
    assert_ok(shelf, store_add_idempotency(shelf->store, &row, &shelf->error));
    shelf_execute(shelf, "UPDATE idempotency SET body_digest = x'01'");
    assert_ok(shelf,
              store_get_idempotency(shelf->store, "k", "one", shelf->arena, &row, &shelf->error));
    assert_memory_equal(&row.body_digest, &none, sizeof none);
}

static void test_engine_clock__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct engine_clock_row read;
    assert_int_equal(store_get_engine_clock(shelf->store, &read, &shelf->error), STATUS_NOT_FOUND);
    struct engine_clock_row row = {
        .engine = {111}, .wall_at = {112}, .boot = {113}, .boot_id = "boot"};
    assert_ok(shelf, store_set_engine_clock(shelf->store, &row, &shelf->error));
    row.engine.ms = 114;
    assert_ok(shelf, store_set_engine_clock(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_get_engine_clock(shelf->store, &read, &shelf->error));
    assert_int_equal(read.engine.ms, 114);
    assert_int_equal(read.wall_at.ms, 112);
    assert_int_equal(read.boot.ms, 113);
    assert_string_equal(read.boot_id, "boot");
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM engine_clock"), 1);
}

static void test_alarm__is_kept(void **state)
{
    struct shelf *shelf = *state;
    assert_ok(shelf, store_add_alarm(shelf->store, (struct wall_time){121}, "a.kind", "a detail",
                                     &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM alarm WHERE at = 121 AND "
                                         "kind = 'a.kind' AND detail = 'a detail'"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_customer__comes_back),
        SHELF_TEST(test_customer__put_again_changes_it),
        SHELF_TEST(test_holidays__come_back_until_taken_away),
        SHELF_TEST(test_numbers__come_back_in_their_order),
        SHELF_TEST(test_person__comes_back),
        SHELF_TEST(test_enrolment__comes_back),
        SHELF_TEST(test_enrolment__a_new_code_revokes_unused_ones_only),
        SHELF_TEST(test_device__comes_back),
        SHELF_TEST(test_device__proven_and_retired),
        SHELF_TEST(test_feed__comes_back_until_it_is_revoked),
        SHELF_TEST(test_rota__comes_back),
        SHELF_TEST(test_procedure__versions_are_kept),
        SHELF_TEST(test_rules__versions_are_kept),
        SHELF_TEST(test_api_key__comes_back),
        SHELF_TEST(test_idempotency__comes_back_until_purged),
        SHELF_TEST(test_digest__of_a_wrong_length),
        SHELF_TEST(test_engine_clock__comes_back),
        SHELF_TEST(test_alarm__is_kept),
    };
    return cmocka_run_group_tests_name("store.rows", tests, NULL, NULL);
}
