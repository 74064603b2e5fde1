/* oracle_offers.c - who was asked by name to take over or to join, and who was asked beside them:
 * by what its timeline says. At no time does an offer leave it without a holder: whoever is asked
 * has it once they accepted, and whoever asked has it until then. Beside somebody busy or paused
 * those in reserve are asked the same, until the same end, by which one asking is told from others.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define OFFERS_OPEN_MAX 8
#define NO_ROOM         "eight_are_asked_already"

/* ---- open offers ---- */

static size_t place_of_offer(const struct record *record, struct somebody person)
{
    size_t place = 0;
    while (place < record->offers_count && !is_same_person(record->offers[place].who, person)) {
        place++;
    }
    return place;
}

const struct offered *offer_to(const struct record *record, struct somebody person)
{
    size_t place = place_of_offer(record, person);
    return place < record->offers_count ? &record->offers[place] : NULL;
}

static void remove_offer(struct record *record, struct somebody person)
{
    size_t place = place_of_offer(record, person);
    if (place < record->offers_count) {
        record->offers[place] = record->offers[--record->offers_count];
    }
}

static bool ends_then(const struct record *record, int64_t until)
{
    bool found = false;
    for (size_t i = 0; i < record->offers_count; i++) {
        found = found || record->offers[i].until == until;
    }
    return found;
}

/* No two askings end at once. */
static int64_t end_of_asking(struct oracle *oracle, const struct record *record, int64_t at)
{
    int64_t until = at + agreed_for(oracle, record).offer_within;
    while (ends_then(record, until)) {
        until++;
    }
    return until;
}

bool is_asked_on(const struct record *record, struct somebody person, bool also_to_hold)
{
    const struct offered *offer = offer_to(record, person);
    return offer != NULL && (also_to_hold || offer->role == TO_JOIN) &&
           offer->until != record->accepted_until;
}

/* ---- an asking ---- */

/* Who is in reserve, can be reached, is not asked, not at it, and did not say no in this round. */
static void find_backup(struct oracle *oracle, const struct record *record, const struct said *said,
                        struct asking *asking)
{
    const struct people reserve = people_in_reserve(oracle, record, said->wall_at);
    asking->known = reserve.known;
    for (size_t i = 0; i < reserve.count; i++) {
        const struct phones phones = phones_of(oracle, record, reserve.who[i], said->wall_at);
        bool maybe = !phones.numbers_known || phones.numbers_count > 0 || phones.count > 0;
        bool sure = phones.numbers_known && phones.numbers_count > 0;
        for (size_t p = 0; p < phones.count; p++) {
            sure = sure || phones.devices[p].sure;
        }
        if (maybe && offer_to(record, reserve.who[i]) == NULL &&
            !is_member(record, reserve.who[i]) && !stepped_aside(record, reserve.who[i])) {
            asking->backup[asking->count++] = (struct beside){
                .who = reserve.who[i],
                .sure = sure && reserve.known && !is_among(&record->gave_back, reserve.who[i])};
        }
    }
}

static void asking_begins(struct oracle *oracle, struct record *record, const struct said *said,
                          const struct offered *named)
{
    struct asking *asking = &record->asking;
    enum maybe busy = is_reason_for_backup(oracle, record, named->who, said->at, "busy");
    enum maybe paused = is_reason_for_backup(oracle, record, named->who, said->at, "paused");
    *asking = (struct asking){.begun = true,
                              .named = *named,
                              .may_be_backed_up = busy != NO || paused != NO,
                              .owes_backup = busy == YES || paused == YES,
                              .asked_last = named->who};
    find_backup(oracle, record, said, asking);
}

static size_t place_in_backup(const struct asking *asking, struct somebody person)
{
    size_t place = asking->next;
    while (place < asking->count && !is_same_person(asking->backup[place].who, person)) {
        place++;
    }
    return place;
}

/* Whether it is still said of whom somebody was asked beside. */
static bool asking_goes_on(const struct asking *asking, const struct said *said)
{
    if (!asking->begun || said->at != asking->named.since) {
        return false;
    }
    switch (said->kind) {
    case SAID_ATTEMPT_PLANNED:
        return strcmp(said->word, "offer") == 0;
    case SAID_BACKED_UP:
        return said->round == 0 && said->step == 0;
    case SAID_PERSON_SKIPPED:
        return strcmp(said->word, NO_ROOM) == 0;
    case SAID_OFFERED:
        return said->person.kind == NO_PERSON && asking->told &&
               (!asking->known || place_in_backup(asking, said->other) < asking->count);
    default:
        return false;
    }
}

/* Those before this one were to be asked as well, or left out by name. */
static void pass_over(struct oracle *oracle, const struct record *record, struct asking *asking,
                      size_t place)
{
    for (; asking->next < place; asking->next++) {
        if (asking->owes_backup && asking->backup[asking->next].sure) {
            find_fault(oracle,
                       "%s: person %" PRId64 " is not asked beside person %" PRId64
                       ", who has other things in hand",
                       id_text(record->id), asking->backup[asking->next].who.id,
                       asking->named.who.id);
        }
    }
}

static void asking_is_over(struct oracle *oracle, const struct record *record,
                           struct asking *asking)
{
    pass_over(oracle, record, asking, asking->count);
    if (asking->told && is_same_person(asking->asked_last, asking->named.who)) {
        find_fault(oracle, "%s: others are said to be asked beside person %" PRId64 ", and none is",
                   id_text(record->id), asking->named.who.id);
    }
    asking->begun = false;
}

/* One of those in reserve is asked, or there is no room for them. */
static void backup_comes_next(struct oracle *oracle, const struct record *record,
                              struct asking *asking, struct somebody person)
{
    size_t place = place_in_backup(asking, person);
    if (place < asking->count) {
        pass_over(oracle, record, asking, place);
        asking->next = place + 1;
    } else if (asking->known) {
        find_fault(oracle, "%s: person %" PRId64 " is asked beside person %" PRId64 ", or again",
                   id_text(record->id), person.id, asking->named.who.id);
    }
}

static void backup_is_told(struct oracle *oracle, struct record *record, const struct said *said)
{
    struct asking *asking = &record->asking;
    if (!asking->begun || asking->told || !is_same_person(asking->named.who, said->person)) {
        find_fault(oracle, "%s: others are asked beside person %" PRId64 ", who was not just asked",
                   id_text(record->id), said->person.id);
        return;
    }
    if (is_reason_for_backup(oracle, record, said->person, said->at, said->word) == NO) {
        find_fault(oracle, "%s: others are asked beside person %" PRId64 ", who is not %s",
                   id_text(record->id), said->person.id, said->word);
    }
    asking->told = true;
    asking->owes_backup = true;
}

static void backup_is_left_out(struct oracle *oracle, struct record *record,
                               const struct said *said)
{
    struct asking *asking = &record->asking;
    if (!asking->begun || !asking->may_be_backed_up || record->offers_count < OFFERS_OPEN_MAX) {
        find_fault(oracle, "%s: person %" PRId64 " is left out, and %zu are asked",
                   id_text(record->id), said->person.id, record->offers_count);
        return;
    }
    asking->owes_backup = true;
    backup_comes_next(oracle, record, asking, said->person);
}

/* ---- offers that begin ---- */

/* What was accepted is over for all who were asked it, and nobody else is asked to hold what
 * somebody has taken. */
static void check_ends(struct oracle *oracle, const struct record *record)
{
    for (size_t i = 0; i < record->offers_count; i++) {
        const struct offered *offer = &record->offers[i];
        if (offer->until == record->accepted_until) {
            find_fault(oracle, "%s: person %" PRId64 " is asked what somebody else accepted",
                       id_text(record->id), offer->who.id);
        }
        if (record->nobody_else_may_hold && offer->role == TO_HOLD) {
            find_fault(oracle, "%s: person %" PRId64 " is asked to hold it, and it was taken",
                       id_text(record->id), offer->who.id);
        }
    }
}

/* In place of what the same one was asked: who was asked beside them is not any more. */
static void check_replacement(struct oracle *oracle, struct record *record, struct somebody person)
{
    bool replaces = record->replaced.kind != NO_PERSON;
    if (replaces && (!is_same_person(record->replaced, person) ||
                     (record->replaced_until != 0 && ends_then(record, record->replaced_until)))) {
        find_fault(oracle, "%s: an offer to person %" PRId64 " gave way, and not all of it",
                   id_text(record->id), record->replaced.id);
    }
    record->replaced = (struct somebody){NO_PERSON, 0};
    record->replaced_until = 0;
}

static int origin_of(const struct said *said)
{
    return said->person.kind == AN_OPERATOR ? BY_DESK
           : said->person.kind == NO_PERSON ? BY_SHIFT
                                            : BY_HOLDER;
}

static void check_offer(struct oracle *oracle, const struct record *record, const struct said *said,
                        const struct offered *offer)
{
    if (record->ended || (record->held && is_same_person(record->holder, offer->who)) ||
        offer_to(record, offer->who) != NULL) {
        find_fault(oracle, "%s: person %" PRId64 " is asked for what they have",
                   id_text(record->id), offer->who.id);
    }
    if (offer->origin == BY_HOLDER &&
        !(record->held && is_same_person(record->holder, said->person))) {
        find_fault(oracle, "%s: person %" PRId64 " hands over what they do not hold",
                   id_text(record->id), said->person.id);
    }
    if (offer->origin == BY_SHIFT && (!record->held || offer->role != TO_HOLD)) {
        find_fault(oracle, "%s: person %" PRId64 " is asked by nobody, and no shift ends",
                   id_text(record->id), offer->who.id);
    }
    if (offer->origin == BY_BACKUP && offer->role != record->asking.named.role) {
        find_fault(oracle,
                   "%s: person %" PRId64 " is asked for something else than person %" PRId64,
                   id_text(record->id), offer->who.id, record->asking.named.who.id);
    }
    if (record->offers_count >= OFFERS_OPEN_MAX) {
        find_fault(oracle, "%s: %zu are asked, and person %" PRId64 " is, too", id_text(record->id),
                   record->offers_count, offer->who.id);
    }
}

/* Whoever is asked by name hears it, on all of their phones and by telephone; as does who is asked
 * beside them. */
static void offer_begins(struct oracle *oracle, struct record *record, const struct said *said)
{
    struct asking *asking = &record->asking;
    bool beside = asking->begun;
    struct offered offer = {.who = said->other,
                            .role = strcmp(said->word, "member") == 0 ? TO_JOIN : TO_HOLD,
                            .origin = beside ? BY_BACKUP : origin_of(said),
                            .since = said->at};
    if (!beside) {
        check_replacement(oracle, record, said->other);
        check_ends(oracle, record);
        record->accepted_until = 0;
        record->nobody_else_may_hold = false;
    }
    check_offer(oracle, record, said, &offer);
    offer.until = beside ? asking->named.until : end_of_asking(oracle, record, said->at);
    if (record->offers_count < MEMBERS_SEEN_MAX) {
        record->offers[record->offers_count++] = offer;
    }
    if (beside) {
        backup_comes_next(oracle, record, asking, said->other);
        asking->asked_last = said->other;
    } else {
        asking_begins(oracle, record, said, &offer);
    }
    const struct wanted like = {
        .purpose = TO_OFFER, .person = said->other, .number = offer.role, .not_after = offer.until};
    (void)want_all_ways(oracle, record, said, &like, VIA_PUSHES | VIA_CALLS);
}

/* One after the other is asked, each in all ways. */
static void check_turn(struct oracle *oracle, const struct record *record, const struct said *said)
{
    const struct asking *asking = &record->asking;
    if (asking->begun && !is_same_person(asking->asked_last, said->person)) {
        find_fault(oracle, "%s: person %" PRId64 " is asked while it is person %" PRId64 "'s turn",
                   id_text(record->id), said->person.id, asking->asked_last.id);
    }
}

/* ---- offers that end ---- */

static void tell_holder(struct oracle *oracle, const struct record *record, const struct said *said)
{
    if (record->held && (record->holder.kind == AN_AGENT || record->holder.kind == A_CONTACT)) {
        (void)want_a_way(oracle, record, said, TO_TELL_TEAM, VIA_PUSHES,
                         said->at + agreed_for(oracle, record).holder_silent);
    }
}

/* Of an asking that runs out the desk hears once; a holder who asked, or whose shift ended, too. */
static void offer_expires(struct oracle *oracle, struct record *record, const struct said *said,
                          const struct offered *offer)
{
    check_wait(oracle, record, "an offer ends", offer->since, said->at,
               offer->until - offer->since);
    if (ends_then(record, offer->until)) {
        return;
    }
    record->owed_offer_tasks++;
    if (offer->origin != BY_DESK) {
        tell_holder(oracle, record, said);
    }
}

/* It was accepted, for all who were asked it, or it is held by now; or whoever is done leaves it to
 * one who was asked, which is said next. */
static void offer_is_taken(struct oracle *oracle, struct record *record,
                           const struct offered *offer)
{
    bool taken = offer->until == record->accepted_until ||
                 (record->nobody_else_may_hold && offer->role == TO_HOLD);
    if (!taken &&
        (!record->held || (record->taken_before != 0 && record->taken_before != offer->until))) {
        find_fault(oracle, "%s: an offer ends as if somebody held it", id_text(record->id));
    }
    record->taken_before = taken ? record->taken_before : offer->until;
}

static void check_why_ended(struct oracle *oracle, struct record *record, const struct said *said,
                            const struct offered *offer)
{
    bool taken = strcmp(said->word, "taken") == 0, closed = strcmp(said->word, "closed") == 0;
    bool replaced = strcmp(said->word, "replaced") == 0;
    bool gives_way = record->replaced_until != 0 && offer->until == record->replaced_until;
    if (taken) {
        offer_is_taken(oracle, record, offer);
    } else if (offer->until == record->accepted_until ||
               (closed ? !record->ended && !gives_way : gives_way) ||
               (replaced && record->replaced.kind != NO_PERSON) ||
               (!closed && !replaced && strcmp(said->word, "expired") != 0)) {
        find_fault(oracle, "%s: an offer to person %" PRId64 " ends for no reason (%s)",
                   id_text(record->id), said->person.id, said->word);
    }
    if (replaced) {
        record->replaced = said->person;
        record->replaced_until = offer->origin == BY_BACKUP ? 0 : offer->until;
    }
}

static void offer_ends(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (offer_to(record, said->person) == NULL) {
        find_fault(oracle, "%s: an offer to person %" PRId64 " ends, and there was none",
                   id_text(record->id), said->person.id);
        return;
    }
    const struct offered offer = *offer_to(record, said->person);
    check_why_ended(oracle, record, said, &offer);
    remove_offer(record, said->person);
    if (strcmp(said->word, "expired") == 0) {
        offer_expires(oracle, record, said, &offer);
    }
}

/* Who asked hears of the no of who was asked by name; of those beside them the last one is told, to
 * the desk and to the holder. */
static void offer_is_declined(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (offer_to(record, said->person) == NULL) {
        find_fault(oracle, "%s: person %" PRId64 " declines what they were not asked",
                   id_text(record->id), said->person.id);
        return;
    }
    const struct offered offer = *offer_to(record, said->person);
    remove_offer(record, said->person);
    if (offer.origin == BY_BACKUP && ends_then(record, offer.until)) {
        return;
    }
    record->owed_offer_tasks += offer.origin == BY_BACKUP || offer.origin == BY_DESK;
    if (offer.origin != BY_DESK) {
        tell_holder(oracle, record, said);
    }
}

/* Who holds it or works on it is not asked to; who joins instead of taking over leaves the others
 * that were asked to take over asked. */
static void offer_is_fulfilled(struct record *record, const struct said *said)
{
    const struct offered *offer = offer_to(record, said->person);
    bool of_done = said->kind == SAID_HANDED_OVER && strcmp(said->word, "done") == 0;
    if (offer != NULL && (said->kind != SAID_MEMBER_JOINED || offer->role == TO_JOIN)) {
        record->accepted_until = offer->until;
    }
    if (of_done && offer != NULL && offer->until == record->taken_before) {
        record->taken_before = 0;
    }
    if (said->kind != SAID_MEMBER_JOINED && !of_done) {
        record->nobody_else_may_hold = true;
    }
    remove_offer(record, said->person);
}

/* ---- all entries ---- */

void note_offer_task(struct oracle *oracle, struct record *record)
{
    if (record->owed_offer_tasks == 0) {
        find_fault(oracle, "%s: the desk has a task as nobody accepted, and others are still asked",
                   id_text(record->id));
        return;
    }
    record->owed_offer_tasks--;
}

void follow_offers(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (record->asking.begun && !asking_goes_on(&record->asking, said)) {
        asking_is_over(oracle, record, &record->asking);
    }
    switch (said->kind) {
    case SAID_OFFERED:
        offer_begins(oracle, record, said);
        break;
    case SAID_BACKED_UP:
        if (said->round == 0 && said->step == 0) {
            backup_is_told(oracle, record, said);
        }
        break;
    case SAID_PERSON_SKIPPED:
        if (strcmp(said->word, NO_ROOM) == 0) {
            backup_is_left_out(oracle, record, said);
        }
        break;
    case SAID_ATTEMPT_PLANNED:
        check_turn(oracle, record, said);
        break;
    case SAID_OFFER_ENDED:
        offer_ends(oracle, record, said);
        break;
    case SAID_DECLINED:
        if (strcmp(said->word, "offer") == 0) {
            offer_is_declined(oracle, record, said);
        }
        break;
    case SAID_HANDED_BACK:
    case SAID_MEMBER_LEFT:
        if (record->gave_back.count < PEOPLE_MAX) {
            add_person(&record->gave_back, said->person);
        }
        break;
    case SAID_ACCEPTED:
    case SAID_TAKEN:
    case SAID_HANDED_OVER:
    case SAID_MEMBER_JOINED:
        offer_is_fulfilled(record, said);
        break;
    default:
        break;
    }
}

void look_at_offers(struct oracle *oracle, const struct record *record)
{
    struct asking asking = record->asking;
    if (asking.begun) {
        asking_is_over(oracle, record, &asking);
    }
    check_ends(oracle, record);
    if (record->replaced.kind != NO_PERSON || record->taken_before != 0) {
        find_fault(oracle, "%s: an offer gave way to nothing", id_text(record->id));
    }
    if (record->owed_offer_tasks > 0) {
        find_fault(oracle, "%s: nobody accepted an offer, and the desk does not know",
                   id_text(record->id));
    }
}
