/* Reads an iCalendar file in two moves: lines are checked, then each event that libical makes of
 * them is expanded to dates. */
#include "gateway/rota/holidays.h"

#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/rota/calendar_private.h"
#include "gateway/rota/ics_lines_private.h"
#include "gateway/rota/recurrence_private.h"

#define UID_BYTES_SHOWN 80
#define INSTANCES_MAX   100000 /* of all rules of a file, from their start to the window's end */
#define FIRST_YEAR      1900

struct reader {
    int32_t from_days, to_days;
    struct arena *arena;
    struct holiday *days; /* as they come; realloc'ed */
    size_t count, capacity;
    size_t recurrences, instances;
    struct error *error;
};

/* An event under way. */
struct event {
    icalcomponent *component;
    const char *name;
    char uid[UID_BYTES_SHOWN + 1];
    int64_t start_days;
    int64_t days;      /* how many in a row */
    int64_t *excepted; /* in order */
    size_t excepted_count;
};

static enum status refuse(const struct reader *reader, const struct event *event, const char *why)
{
    return error_set(reader->error, STATUS_INVALID, "event with UID %s: %s", event->uid, why);
}

static enum status no_memory(const struct reader *reader)
{
    return error_set(reader->error, STATUS_NO_MEMORY, "no memory for the calendar");
}

static bool date_is_sound(struct icaltimetype time)
{
    return time.is_date && time.year >= FIRST_YEAR && time.year <= 9999 && time.month >= 1 &&
           time.month <= 12 && time.day >= 1 &&
           time.day <= calendar_month_days(time.year, time.month);
}

static int64_t days_of(struct icaltimetype date)
{
    return calendar_days(date.year, date.month, date.day);
}

static enum status add_day(struct reader *reader, int32_t date_days, const char *name)
{
    if (reader->count == HOLIDAYS_DATES_MAX) {
        return error_set(reader->error, STATUS_TOO_LARGE,
                         "the calendar has more than %d holidays within the window: is it one of "
                         "holidays?",
                         HOLIDAYS_DATES_MAX);
    }
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 64 : reader->capacity * 2;
        struct holiday *days = realloc(reader->days, capacity * sizeof *days);
        if (days == NULL) {
            return no_memory(reader);
        }
        reader->days = days;
        reader->capacity = capacity;
    }
    reader->days[reader->count++] = (struct holiday){date_days, name, name};
    return STATUS_OK;
}

static int compare_numbers(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Keeps the EXDATEs in order. libical walks a component's properties with one cursor, so that they
 * could not be looked at while others are. */
static enum status read_exceptions(const struct reader *reader, struct event *event)
{
    int count = icalcomponent_count_properties(event->component, ICAL_EXDATE_PROPERTY);
    event->excepted = arena_alloc(reader->arena, (size_t)count * sizeof event->excepted[0]);
    if (event->excepted == NULL) {
        return no_memory(reader);
    }
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_EXDATE_PROPERTY);
    while (property != NULL) {
        struct icaltimetype date = icalproperty_get_exdate(property);
        if (!date_is_sound(date)) {
            return refuse(reader, event, "EXDATE must have VALUE=DATE");
        }
        event->excepted[event->excepted_count++] = days_of(date);
        property = icalcomponent_get_next_property(event->component, ICAL_EXDATE_PROPERTY);
    }
    qsort(event->excepted, event->excepted_count, sizeof event->excepted[0], compare_numbers);
    return STATUS_OK;
}

static bool is_excepted(const struct event *event, int64_t start_days)
{
    return bsearch(&start_days, event->excepted, event->excepted_count, sizeof start_days,
                   compare_numbers) != NULL;
}

static enum status add_instance(struct reader *reader, const struct event *event,
                                int64_t start_days)
{
    int64_t from = start_days > reader->from_days ? start_days : reader->from_days;
    int64_t to = start_days + event->days;
    to = to < reader->to_days ? to : reader->to_days;
    enum status status = STATUS_OK;
    if (from < to && !is_excepted(event, start_days)) {
        for (; status == STATUS_OK && from < to; from++) {
            status = add_day(reader, (int32_t)from, event->name);
        }
    }
    return status;
}

static enum status expand_rule(struct reader *reader, const struct event *event, const char *rule)
{
    struct recurrence *recurrence;
    enum status status =
        recurrence_open(rule, event->start_days * SECONDS_PER_DAY,
                        (reader->to_days - 1) * SECONDS_PER_DAY, &recurrence, reader->error);
    if (status != STATUS_OK) {
        return error_wrap(reader->error, status, "RRULE of the event with UID %s", event->uid);
    }
    if (recurrence_has_times(recurrence)) {
        status = refuse(reader, event, "a rule of days has no BYHOUR, BYMINUTE or BYSECOND");
    }
    int64_t local_s;
    while (status == STATUS_OK && recurrence_next(recurrence, &local_s)) {
        if (++reader->instances > INSTANCES_MAX) {
            status = error_set(reader->error, STATUS_TOO_LARGE,
                               "the rules of the calendar make more than %d dates: begin them "
                               "later",
                               INSTANCES_MAX);
        } else if (local_s != event->start_days * SECONDS_PER_DAY) { /* that is DTSTART's */
            status = add_instance(reader, event, local_s / SECONDS_PER_DAY);
        }
    }
    recurrence_close(&recurrence);
    return status;
}

static enum status expand_rules(struct reader *reader, const struct event *event)
{
    enum status status = STATUS_OK;
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_RRULE_PROPERTY);
    for (; status == STATUS_OK && property != NULL;
         property = icalcomponent_get_next_property(event->component, ICAL_RRULE_PROPERTY)) {
        if (++reader->recurrences > HOLIDAYS_RECURRENCES_MAX) {
            return error_set(reader->error, STATUS_TOO_LARGE,
                             "the calendar has more than %d RRULEs: export dates instead",
                             HOLIDAYS_RECURRENCES_MAX);
        }
        char *rule = icalproperty_get_value_as_string_r(property);
        status = rule == NULL ? no_memory(reader) : expand_rule(reader, event, rule);
        icalmemory_free_buffer(rule);
    }
    return status;
}

static enum status expand_dates(struct reader *reader, const struct event *event)
{
    enum status status = STATUS_OK;
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_RDATE_PROPERTY);
    for (; status == STATUS_OK && property != NULL;
         property = icalcomponent_get_next_property(event->component, ICAL_RDATE_PROPERTY)) {
        struct icaltimetype date = icalproperty_get_rdate(property).time;
        status = date_is_sound(date) ? add_instance(reader, event, days_of(date))
                                     : refuse(reader, event, "RDATE must have VALUE=DATE");
    }
    return status;
}

/* How many days in a row, by DTEND (the day after) or DURATION; one without them (RFC 5545, section
 * 3.6.1), and with a DTEND on the first day, as some programs write it. */
static enum status read_length(const struct reader *reader, struct event *event)
{
    icalproperty *end = icalcomponent_get_first_property(event->component, ICAL_DTEND_PROPERTY);
    icalproperty *length =
        icalcomponent_get_first_property(event->component, ICAL_DURATION_PROPERTY);
    event->days = 1;
    if (end != NULL) {
        struct icaltimetype date = icalproperty_get_dtend(end);
        if (!date_is_sound(date)) {
            return refuse(reader, event, "DTEND must be a date, with VALUE=DATE");
        }
        event->days = days_of(date) - event->start_days;
        event->days += event->days == 0;
    } else if (length != NULL) {
        struct icaldurationtype duration = icalproperty_get_duration(length);
        event->days = duration.is_neg ? 0 : (int64_t)duration.weeks * 7 + duration.days;
        if (duration.hours != 0 || duration.minutes != 0 || duration.seconds != 0) {
            event->days = 0;
        }
    }
    return event->days >= 1 && event->days <= HOLIDAYS_EVENT_DAYS_MAX
               ? STATUS_OK
               : refuse(reader, event, "an event lasts whole days, 1 to 366 of them");
}

/* What cannot be understood as a whole day is refused: a holiday that is silently missing would
 * leave a night without anybody. */
static enum status check_event(const struct reader *reader, struct event *event)
{
    icalcomponent *component = event->component;
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
    if (property != NULL) {
        return refuse(reader, event,
                      "it has a property or value that RFC 5545 does not know: correct or remove "
                      "it");
    }
    if (icalcomponent_get_first_property(component, ICAL_RECURRENCEID_PROPERTY) != NULL) {
        return refuse(reader, event, "RECURRENCE-ID is not read: write EXDATE and RDATE instead");
    }
    if (icalcomponent_get_first_property(component, ICAL_EXRULE_PROPERTY) != NULL) {
        return refuse(reader, event, "EXRULE is not read: write EXDATE instead");
    }
    property = icalcomponent_get_first_property(component, ICAL_DTSTART_PROPERTY);
    struct icaltimetype start =
        property != NULL ? icalproperty_get_dtstart(property) : icaltime_null_time();
    if (!date_is_sound(start)) {
        return refuse(reader, event,
                      "DTSTART must be a date from 1900 on, with VALUE=DATE: only whole days are "
                      "holidays");
    }
    event->start_days = days_of(start);
    enum status status = read_exceptions(reader, event);
    return status != STATUS_OK ? status : read_length(reader, event);
}

static enum status read_event(struct reader *reader, icalcomponent *component)
{
    struct event event = {.component = component};
    const char *uid = icalcomponent_get_uid(component);
    uid = uid == NULL ? "(none)" : text_is_utf8(uid, strlen(uid)) ? uid : "(not UTF-8)";
    (void)text_copy(event.uid, sizeof event.uid, uid);
    if (icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED) {
        return STATUS_OK;
    }
    enum status status = check_event(reader, &event);
    if (status != STATUS_OK) {
        return status;
    }
    const char *summary = icalcomponent_get_summary(component);
    summary = summary != NULL ? summary : "";
    if (!text_is_utf8(summary, strlen(summary))) { /* lines may be folded within a character */
        return refuse(reader, &event, "SUMMARY is not UTF-8: export it again");
    }
    event.name =
        arena_text_n(reader->arena, summary, text_utf8_cut(summary, HOLIDAY_NAME_BYTES_MAX - 1));
    if (event.name == NULL) {
        return no_memory(reader);
    }
    status = add_instance(reader, &event, event.start_days);
    if (status == STATUS_OK) {
        status = expand_rules(reader, &event);
    }
    return status != STATUS_OK ? status : expand_dates(reader, &event);
}

/* By date; two on one date by name, so that it is always the same one that stays. */
static int compare_days(const void *left, const void *right)
{
    const struct holiday *a = left, *b = right;
    int order = (a->date_days > b->date_days) - (a->date_days < b->date_days);
    return order != 0 ? order : strcmp(a->name_fr, b->name_fr);
}

static enum status hand_out(struct reader *reader, struct holiday **days_r, size_t *count_r)
{
    size_t kept = 0;
    struct holiday *days = arena_alloc(reader->arena, reader->count * sizeof *days);
    if (days == NULL) {
        return no_memory(reader);
    }
    if (reader->count > 0) {
        qsort(reader->days, reader->count, sizeof reader->days[0], compare_days);
    }
    for (size_t i = 0; i < reader->count; i++) {
        if (kept == 0 || days[kept - 1].date_days != reader->days[i].date_days) {
            days[kept++] = reader->days[i];
        }
    }
    *days_r = days;
    *count_r = kept;
    return STATUS_OK;
}

static enum status read_events(struct reader *reader, const char *text, size_t bytes)
{
    char *terminated = strndup(text, bytes);
    recurrence_prepare_libical();
    icalcomponent *calendar = terminated != NULL ? icalparser_parse_string(terminated) : NULL;
    free(terminated);
    if (calendar == NULL) {
        return no_memory(reader);
    }
    enum status status = STATUS_OK;
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    while (status == STATUS_OK && event != NULL) {
        status = read_event(reader, event);
        event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT);
    }
    icalcomponent_free(calendar);
    icalmemory_free_ring(); /* of this thread */
    return status;
}

static enum status check_file(const char *text, size_t bytes, struct error *error)
{
    struct ics_counts counts;
    if (bytes > HOLIDAYS_ICS_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the calendar has more than %u bytes",
                         HOLIDAYS_ICS_BYTES_MAX);
    }
    if (memchr(text, '\0', bytes) != NULL) {
        return error_set(error, STATUS_INVALID, "the calendar is not text: export it again");
    }
    enum status status = ics_lines_check(text, bytes, &counts, error);
    if (status == STATUS_OK && counts.events > HOLIDAYS_EVENTS_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the calendar has more than %d events: export fewer years",
                         HOLIDAYS_EVENTS_MAX);
    }
    return status;
}

enum status holidays_read_ics(const char *text, size_t bytes, int32_t from_days, int32_t to_days,
                              struct arena *arena, struct holiday **days_r, size_t *count_r,
                              struct error *error)
{
    if (from_days < 0 || to_days < from_days || to_days > HOLIDAYS_DATE_MAX + 1 ||
        to_days - from_days > HOLIDAYS_WINDOW_DAYS_MAX) {
        return error_set(error, STATUS_INVALID,
                         "holidays are read for at most twenty years, from 1970 to 9999");
    }
    enum status status = check_file(text, bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct reader reader = {
        .from_days = from_days, .to_days = to_days, .arena = arena, .error = error};
    status = read_events(&reader, text, bytes);
    if (status == STATUS_OK) {
        status = hand_out(&reader, days_r, count_r);
    }
    free(reader.days);
    return status;
}
