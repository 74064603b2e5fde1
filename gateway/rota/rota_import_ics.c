/* Reads a planning in three moves: lines are checked, each event that libical makes of them becomes
 * a shift, and the shifts are put in order. */
#include "gateway/rota/rota_import.h"

#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/rota/calendar_private.h"
#include "gateway/rota/ics_lines_private.h"
#include "gateway/rota/recurrence_private.h"
#include "gateway/rota/rota_import_private.h"

#define UID_BYTES_SHOWN 60
#define DAY_MS          (SECONDS_PER_DAY * 1000)
#define AGENT_PROPERTY  "X-ASTREINTE-AGENT"

/* A shift, and where the file says it. */
struct found {
    struct rota_interval shift;
    size_t number; /* of the event in the file, from 0 */
};

struct reader {
    const struct rota_import *import;
    struct arena *arena;
    struct names names;
    struct zones zones;
    struct found *found;
    size_t found_count;
    size_t past, cancelled;
    struct error *error;
};

/* An event under way. */
struct event {
    icalcomponent *component;
    size_t number;
    char uid[UID_BYTES_SHOWN + 1];
};

static enum status fault(const struct reader *reader, const struct event *event, enum status status,
                         const char *why)
{
    size_t line = ics_lines_event(reader->import->text, reader->import->bytes, event->number);
    return error_set(reader->error, status, "line %zu, event with UID %s: %s", line, event->uid,
                     why);
}

static enum status refuse(const struct reader *reader, const struct event *event, const char *why)
{
    return fault(reader, event, STATUS_INVALID, why);
}

static enum status no_memory(const struct reader *reader)
{
    return error_set(reader->error, STATUS_NO_MEMORY, "no memory for the calendar");
}

static bool has(const struct event *event, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(event->component, kind) != NULL;
}

/* ---- times ---- */

static bool time_is_sound(struct icaltimetype time)
{
    return !time.is_date && time.year >= 1970 && time.year <= 9999 && time.month >= 1 &&
           time.month <= 12 && time.day >= 1 &&
           time.day <= calendar_month_days(time.year, time.month) && time.hour >= 0 &&
           time.hour <= 23 && time.minute >= 0 && time.minute <= 59 && time.second >= 0 &&
           time.second <= 59;
}

static int64_t local_s_of(struct icaltimetype time)
{
    return calendar_days(time.year, time.month, time.day) * SECONDS_PER_DAY +
           (int64_t)time.hour * 3600 + (int64_t)time.minute * 60 + time.second;
}

/* The zone in which a property's time is local. */
static enum status find_zone(struct reader *reader, const struct event *event,
                             icalproperty *property, struct icaltimetype time,
                             const struct zone **zone_r)
{
    icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    const char *tzid = parameter != NULL ? icalparameter_get_tzid(parameter) : NULL;
    if (icaltime_is_utc(time)) {
        return tzid != NULL ? refuse(reader, event, "a time in UTC has no TZID: remove one of both")
                            : zones_find(&reader->zones, "UTC", zone_r);
    }
    enum status status =
        zones_find(&reader->zones, tzid != NULL ? tzid : reader->import->zone, zone_r);
    if (status == STATUS_NOT_FOUND && tzid != NULL) {
        return refuse(reader, event,
                      "its TZID is not known: use a name of the IANA database such as "
                      "Europe/Paris, or export in UTC");
    }
    if (status == STATUS_TOO_LARGE) {
        return fault(reader, event, status, "the file has too many time zones: export in UTC");
    }
    return status == STATUS_OK
               ? status
               : error_set(reader->error, status, "reading a time zone: %s", status_text(status));
}

/* DURATION counts days on the local clock, and what is below them in true time (section 3.3.6). */
static enum status read_duration(const struct reader *reader, const struct event *event,
                                 const struct zone *zone, int64_t start_local_s, int64_t start_s,
                                 int64_t *end_s_r)
{
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_DURATION_PROPERTY);
    if (property == NULL) {
        return refuse(reader, event, "it has neither DTEND nor DURATION: say when the shift ends");
    }
    struct icaldurationtype length = icalproperty_get_duration(property);
    int64_t days = (int64_t)length.weeks * 7 + length.days;
    int64_t rest_s =
        (int64_t)length.hours * 3600 + (int64_t)length.minutes * 60 + (int64_t)length.seconds;
    if (length.is_neg || days > ROTA_IMPORT_SHIFT_DAYS_MAX ||
        rest_s > ROTA_IMPORT_SHIFT_DAYS_MAX * SECONDS_PER_DAY) {
        return refuse(reader, event, "DURATION must be above zero and at most 366 days");
    }
    *end_s_r =
        rest_s + (days == 0 ? start_s : zones_utc_s(zone, start_local_s + days * SECONDS_PER_DAY));
    return STATUS_OK;
}

static enum status read_end(struct reader *reader, const struct event *event,
                            const struct zone *zone, int64_t start_local_s, int64_t start_s,
                            int64_t *end_s_r)
{
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_DTEND_PROPERTY);
    if (property == NULL) {
        return read_duration(reader, event, zone, start_local_s, start_s, end_s_r);
    }
    struct icaltimetype end = icalproperty_get_dtend(property);
    if (has(event, ICAL_DURATION_PROPERTY) || !time_is_sound(end)) {
        return refuse(reader, event,
                      "DTEND must be one time of day such as 20260105T180000Z, without DURATION");
    }
    enum status status = find_zone(reader, event, property, end, &zone);
    if (status == STATUS_OK) {
        *end_s_r = zones_utc_s(zone, local_s_of(end));
    }
    return status;
}

static enum status read_times(struct reader *reader, const struct event *event,
                              struct rota_interval *shift)
{
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_DTSTART_PROPERTY);
    struct icaltimetype start =
        property != NULL ? icalproperty_get_dtstart(property) : icaltime_null_time();
    const struct zone *zone;
    if (!time_is_sound(start)) {
        return refuse(reader, event,
                      "DTSTART must be a time of day such as 20260105T180000Z from 1970 on: of "
                      "a whole day nobody knows when the shift begins");
    }
    enum status status = find_zone(reader, event, property, start, &zone);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t start_local_s = local_s_of(start), end_s = 0;
    int64_t start_s = zones_utc_s(zone, start_local_s);
    status = read_end(reader, event, zone, start_local_s, start_s, &end_s);
    if (status != STATUS_OK) {
        return status;
    }
    if (end_s <= start_s || end_s - start_s > ROTA_IMPORT_SHIFT_DAYS_MAX * SECONDS_PER_DAY ||
        start_s < 0 || end_s > ROTA_TIME_MS_MAX / 1000) {
        return refuse(reader, event,
                      "a shift ends after its start and lasts at most 366 days, between 1970 and "
                      "9999: correct its times");
    }
    shift->from.ms = start_s * 1000;
    shift->to.ms = end_s * 1000;
    return STATUS_OK;
}

/* ---- whose shift it is ---- */

static bool is_a_person(icalproperty *attendee)
{
    icalparameter *parameter = icalproperty_get_first_parameter(attendee, ICAL_CUTYPE_PARAMETER);
    icalparameter_cutype type =
        parameter != NULL ? icalparameter_get_cutype(parameter) : ICAL_CUTYPE_INDIVIDUAL;
    return type == ICAL_CUTYPE_INDIVIDUAL || type == ICAL_CUTYPE_UNKNOWN;
}

static enum status find_attendee(const struct reader *reader, const struct event *event,
                                 icalproperty *attendee, struct mentions *mentions)
{
    icalparameter *cn = icalproperty_get_first_parameter(attendee, ICAL_CN_PARAMETER);
    icalparameter *answer = icalproperty_get_first_parameter(attendee, ICAL_PARTSTAT_PARAMETER);
    const char *address = icalproperty_get_attendee(attendee);
    if (!is_a_person(attendee)) {
        return STATUS_OK;
    }
    enum status status =
        names_find_attendee(&reader->names, cn != NULL ? icalparameter_get_cn(cn) : NULL,
                            address != NULL ? address : "", reader->arena, mentions);
    if (status == STATUS_OK && answer != NULL &&
        icalparameter_get_partstat(answer) == ICAL_PARTSTAT_DECLINED) {
        return refuse(reader, event, "the agent declined it: find another one, or cancel it");
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status find_attendees(const struct reader *reader, const struct event *event,
                                  struct mentions *mentions)
{
    enum status status = STATUS_OK;
    icalproperty *property =
        icalcomponent_get_first_property(event->component, ICAL_ATTENDEE_PROPERTY);
    while (status == STATUS_OK && property != NULL) {
        status = find_attendee(reader, event, property, mentions);
        property = icalcomponent_get_next_property(event->component, ICAL_ATTENDEE_PROPERTY);
    }
    return status;
}

static enum status find_slugs(const struct reader *reader, const struct event *event,
                              struct mentions *mentions)
{
    enum status status = STATUS_OK;
    icalproperty *property = icalcomponent_get_first_property(event->component, ICAL_X_PROPERTY);
    while (status == STATUS_OK && property != NULL) {
        const char *name = icalproperty_get_x_name(property);
        const char *slug = icalproperty_get_x(property);
        if (name != NULL && strcasecmp(name, AGENT_PROPERTY) == 0) {
            status = names_find_slug(&reader->names, slug != NULL ? slug : "", mentions);
            if (status == STATUS_NOT_FOUND) {
                return refuse(reader, event,
                              AGENT_PROPERTY " must be the slug of an agent of the customer");
            }
        }
        property = icalcomponent_get_next_property(event->component, ICAL_X_PROPERTY);
    }
    return status;
}

static enum status find_in_summary(const struct reader *reader, const struct event *event,
                                   struct mentions *mentions)
{
    const char *summary = icalcomponent_get_summary(event->component);
    if (summary == NULL) {
        return STATUS_OK;
    }
    if (!text_is_utf8(summary, strlen(summary))) { /* lines may be folded within a character */
        return refuse(reader, event, "SUMMARY is not UTF-8: export it again");
    }
    return names_find_in_text(&reader->names, summary, reader->arena, mentions);
}

static enum status find_agent(const struct reader *reader, const struct event *event,
                              struct rota_interval *shift)
{
    struct mentions mentions = {.count = 0};
    enum status status = find_slugs(reader, event, &mentions);
    if (status == STATUS_OK) {
        status = find_attendees(reader, event, &mentions);
    }
    if (status == STATUS_OK) {
        status = find_in_summary(reader, event, &mentions);
    }
    if (status == STATUS_TOO_LARGE) {
        return fault(reader, event, status,
                     "SUMMARY has too many parts, or the event too many attendees: name one agent");
    }
    if (status != STATUS_OK) {
        return status == STATUS_NO_MEMORY ? no_memory(reader) : status;
    }
    if (mentions.count == 0) {
        return refuse(reader, event,
                      "it names no agent: write the name or slug behind a colon, as in "
                      "\"Astreinte : Paul Durand\", or put the agent first");
    }
    const struct rota_import_agent *agent = names_agree(&mentions);
    if (agent == NULL) {
        return refuse(reader, event,
                      "it names more than one agent, or a name that two agents bear: name one, by "
                      "the slug if need be");
    }
    if (!agent->active) {
        return refuse(reader, event, "its agent is not active: name another one, or activate");
    }
    (void)text_copy(shift->agent, sizeof shift->agent, agent->slug);
    return STATUS_OK;
}

/* ---- events ---- */

/* What libical could not read. Of a property without a value, as Outlook writes LOCATION, it says
 * so too, but RFC 5545 allows it, and it says nothing. */
static bool has_faults(icalcomponent *component)
{
    static const char empty[] = "No value for ";
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
    while (property != NULL) {
        const char *text = icalproperty_get_xlicerror(property);
        if (text == NULL || strncmp(text, empty, sizeof empty - 1) != 0) {
            return true;
        }
        property = icalcomponent_get_next_property(component, ICAL_XLICERROR_PROPERTY);
    }
    return false;
}

static enum status check_event(const struct reader *reader, const struct event *event)
{
    static const struct {
        icalproperty_kind kind;
        const char *why;
    } excluded[] = {
        {ICAL_RRULE_PROPERTY,
         "recurring events are not read: export each shift as an event, or write a layer of the "
         "rota with this recurrence"},
        {ICAL_RDATE_PROPERTY, "RDATE is not read: export each shift as an event"},
        {ICAL_EXRULE_PROPERTY, "EXRULE is not read: export each shift as an event"},
        {ICAL_EXDATE_PROPERTY, "EXDATE is not read: export each shift as an event"},
        {ICAL_RECURRENCEID_PROPERTY, "RECURRENCE-ID is not read: export each shift as an event"},
    };
    static const icalproperty_kind once[] = {ICAL_DTSTART_PROPERTY,  ICAL_DTEND_PROPERTY,
                                             ICAL_DURATION_PROPERTY, ICAL_SUMMARY_PROPERTY,
                                             ICAL_STATUS_PROPERTY,   ICAL_UID_PROPERTY};
    if (has_faults(event->component)) {
        return refuse(reader, event,
                      "it has a property or value that RFC 5545 does not know: correct or remove "
                      "it");
    }
    for (size_t i = 0; i < sizeof excluded / sizeof excluded[0]; i++) {
        if (has(event, excluded[i].kind)) {
            return refuse(reader, event, excluded[i].why);
        }
    }
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        if (icalcomponent_count_properties(event->component, once[i]) > 1) {
            return refuse(reader, event,
                          "a property is there twice that may be there once: export it again");
        }
    }
    icalcomponent *inner = icalcomponent_get_first_component(event->component, ICAL_ANY_COMPONENT);
    for (; inner != NULL;
         inner = icalcomponent_get_next_component(event->component, ICAL_ANY_COMPONENT)) {
        if (icalcomponent_isa(inner) != ICAL_VALARM_COMPONENT) {
            return refuse(reader, event, "it has a component other than VALARM: remove it");
        }
    }
    if (icalcomponent_get_status(event->component) == ICAL_STATUS_TENTATIVE) {
        return refuse(reader, event, "it is tentative: confirm or remove it");
    }
    return STATUS_OK;
}

static enum status keep(struct reader *reader, const struct event *event,
                        const struct rota_interval *shift)
{
    const struct wall_time from = reader->import->from;
    if (shift->to.ms <= from.ms) {
        reader->past++;
        return STATUS_OK;
    }
    if (shift->from.ms - from.ms > ROTA_IMPORT_DAYS_AHEAD * DAY_MS) {
        return refuse(reader, event, "it begins more than 1100 days ahead: export fewer years");
    }
    reader->found[reader->found_count++] = (struct found){*shift, event->number};
    return STATUS_OK;
}

static enum status read_event(struct reader *reader, icalcomponent *component, size_t number)
{
    struct event event = {.component = component, .number = number};
    struct rota_interval shift = {.agent = ""};
    const char *uid = icalcomponent_get_uid(component);
    uid = uid == NULL ? "(none)" : text_is_utf8(uid, strlen(uid)) ? uid : "(not UTF-8)";
    (void)text_copy(event.uid, sizeof event.uid, uid);
    if (icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED) {
        reader->cancelled++;
        return STATUS_OK;
    }
    enum status status = check_event(reader, &event);
    if (status == STATUS_OK) {
        status = read_times(reader, &event, &shift);
    }
    if (status == STATUS_OK && shift.to.ms > reader->import->from.ms) {
        status = find_agent(reader, &event, &shift); /* of the past they may have left */
    }
    return status == STATUS_OK ? keep(reader, &event, &shift) : status;
}

static enum status check_calendar(const struct reader *reader, icalcomponent *calendar)
{
    icalproperty_method method = icalcomponent_get_method(calendar);
    if (has_faults(calendar)) {
        return error_set(reader->error, STATUS_INVALID,
                         "the calendar has a property that RFC 5545 does not know: correct or "
                         "remove it");
    }
    if (method != ICAL_METHOD_NONE && method != ICAL_METHOD_PUBLISH &&
        method != ICAL_METHOD_REQUEST) {
        return error_set(reader->error, STATUS_INVALID,
                         "METHOD must be PUBLISH or REQUEST: other files do not say what is, but "
                         "what becomes of something");
    }
    return STATUS_OK;
}

static enum status read_components(struct reader *reader, icalcomponent *calendar)
{
    size_t number = 0;
    enum status status = check_calendar(reader, calendar);
    icalcomponent *each = icalcomponent_get_first_component(calendar, ICAL_ANY_COMPONENT);
    for (; status == STATUS_OK && each != NULL;
         each = icalcomponent_get_next_component(calendar, ICAL_ANY_COMPONENT)) {
        icalcomponent_kind kind = icalcomponent_isa(each);
        if (kind == ICAL_VEVENT_COMPONENT) {
            status = read_event(reader, each, number++);
        } else if (kind != ICAL_VTIMEZONE_COMPONENT) {
            status = error_set(reader->error, STATUS_INVALID,
                               "the calendar has a component behind event %zu that is neither "
                               "VEVENT nor VTIMEZONE: remove it",
                               number);
        }
    }
    return status;
}

static enum status read_text(struct reader *reader)
{
    char *terminated = strndup(reader->import->text, reader->import->bytes);
    recurrence_prepare_libical();
    icalcomponent *calendar = terminated != NULL ? icalparser_parse_string(terminated) : NULL;
    free(terminated);
    if (calendar == NULL) {
        return no_memory(reader);
    }
    enum status status = read_components(reader, calendar);
    icalcomponent_free(calendar);
    icalmemory_free_ring(); /* of this thread */
    return status;
}

/* ---- the whole ---- */

static int compare_found(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->shift.from.ms != b->shift.from.ms) {
        return a->shift.from.ms < b->shift.from.ms ? -1 : 1;
    }
    if (a->shift.to.ms != b->shift.to.ms) {
        return a->shift.to.ms < b->shift.to.ms ? -1 : 1;
    }
    int order = strcmp(a->shift.agent, b->shift.agent);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

/* One who is on call at a time; whose of two it is, the file does not say. */
static enum status check_overlaps(const struct reader *reader)
{
    const struct rota_import *import = reader->import;
    for (size_t i = 1, longest = 0; i < reader->found_count; i++) {
        const struct found *before = &reader->found[longest], *each = &reader->found[i];
        if (each->shift.from.ms < before->shift.to.ms &&
            strcmp(each->shift.agent, before->shift.agent) != 0) {
            return error_set(reader->error, STATUS_INVALID,
                             "the events at lines %zu and %zu are shifts of two agents at the same "
                             "time: correct one, or import each agent's into a rota of its own",
                             ics_lines_event(import->text, import->bytes, before->number),
                             ics_lines_event(import->text, import->bytes, each->number));
        }
        longest = each->shift.to.ms > before->shift.to.ms ? i : longest;
    }
    return STATUS_OK;
}

static enum status hand_out(const struct reader *reader, struct rota_import_shifts *shifts_r)
{
    struct rota_interval *shifts = arena_alloc(reader->arena, reader->found_count * sizeof *shifts);
    size_t count = 0;
    if (shifts == NULL) {
        return no_memory(reader);
    }
    for (size_t i = 0; i < reader->found_count; i++) {
        const struct rota_interval *each = &reader->found[i].shift;
        if (count == 0 || shifts[count - 1].from.ms != each->from.ms ||
            shifts[count - 1].to.ms != each->to.ms) { /* of equal times the agent is the same */
            shifts[count++] = *each;
        }
    }
    *shifts_r = (struct rota_import_shifts){shifts, count, reader->past, reader->cancelled};
    return STATUS_OK;
}

static enum status check_file(const struct rota_import *import, struct ics_counts *counts_r,
                              struct error *error)
{
    if (import->bytes > ROTA_IMPORT_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the calendar has more than %u bytes: export fewer months",
                         ROTA_IMPORT_BYTES_MAX);
    }
    if (memchr(import->text, '\0', import->bytes) != NULL) {
        return error_set(error, STATUS_INVALID, "the calendar is not text: export it again");
    }
    enum status status = ics_lines_check(import->text, import->bytes, counts_r, error);
    if (status == STATUS_OK && counts_r->events > ROTA_IMPORT_EVENTS_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the calendar has more than %d events: export fewer months",
                         ROTA_IMPORT_EVENTS_MAX);
    }
    return status;
}

enum status rota_import_read(const struct rota_import *import, struct arena *arena,
                             struct rota_import_shifts *shifts_r, struct error *error)
{
    struct reader reader = {.import = import, .arena = arena, .error = error};
    struct ics_counts counts = {0};
    reader.zones.arena = arena;
    enum status status = check_file(import, &counts, error);
    if (status == STATUS_OK) {
        status = names_init(&reader.names, import, arena, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reader.found = arena_alloc(arena, counts.events * sizeof *reader.found);
    if (reader.found == NULL) {
        return no_memory(&reader);
    }
    status = read_text(&reader);
    if (status == STATUS_OK && reader.found_count == 0) {
        return error_set(error, STATUS_INVALID,
                         "the calendar has no shift that is not over (%zu are, %zu are cancelled): "
                         "is it the right file?",
                         reader.past, reader.cancelled);
    }
    if (status == STATUS_OK) {
        qsort(reader.found, reader.found_count, sizeof reader.found[0], compare_found);
        status = check_overlaps(&reader);
    }
    return status == STATUS_OK ? hand_out(&reader, shifts_r) : status;
}
