/* render.c - the words that leave the house. A push says only that something is urgent; a call says
 * "Astreinte" and the customer's neutral alias until a key was pressed: voicemail listens too. */
#include "gateway/dispatch/dispatch_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"

#define SAY_BYTES_MAX 1024
#define RING_S_MIN    5
#define RING_S_MAX    60

static bool speaks_french(const struct effect *effect)
{
    const char *language = effect->person != NULL ? effect->person->language : NULL;
    if (language == NULL || language[0] == '\0') {
        language = effect->customer->language;
    }
    return strncmp(language, "en", 2) != 0;
}

/* What an effect asks of the person it goes to. */
enum asked { ASKED_CALL, ASKED_OWN_CHECK_IN, ASKED_REPLACEMENT, ASKED_SETTLEMENT };

static enum asked asked_of(const struct effect *effect)
{
    if (effect->check_in_agent == 0 || effect->person == NULL) {
        return ASKED_CALL;
    }
    if (effect->person->kind != PERSON_AGENT) {
        return ASKED_SETTLEMENT;
    }
    return effect->person->id == effect->check_in_agent ? ASKED_OWN_CHECK_IN : ASKED_REPLACEMENT;
}

static const char *alert_words(enum asked asked, bool french)
{
    switch (asked) {
    case ASKED_OWN_CHECK_IN:
        return french ? "Prise de poste : confirmez-la dans l'application."
                      : "Check-in: confirm it in the app.";
    case ASKED_REPLACEMENT:
        return french ? "Prise de poste non confirmée : pouvez-vous prendre ce poste ? Ouvrez "
                        "l'application pour répondre."
                      : "A check-in is missing: can you take the shift? Open the app to answer.";
    case ASKED_SETTLEMENT: /* a contact has no app */
    case ASKED_CALL:
        break;
    }
    return french ? "Appel urgent. Ouvrez l'application pour répondre."
                  : "Urgent call. Open the app to answer.";
}

/* Asked by name: to take over, or to join. The attempt's number says as what. */
static const char *offer_words(const struct effect *effect, bool french)
{
    if (effect->number == OFFER_AS_MEMBER) {
        return french ? "On vous demande en renfort. Ouvrez l'application pour répondre."
                      : "You are asked to join. Open the app to answer.";
    }
    return french ? "On vous demande de prendre une intervention. Ouvrez l'application pour "
                    "répondre."
                  : "You are asked to take over. Open the app to answer.";
}

bool render_is_probe(const struct effect *effect)
{
    return effect->purpose == PURPOSE_TEST && effect->severity == SEVERITY_INFO;
}

struct notification_words render_notification(const struct effect *effect)
{
    bool french = speaks_french(effect);
    struct notification_words words = {.title = "Astreinte"};
    if (effect->drill) {
        words.title = french ? "EXERCICE – Astreinte" : "DRILL – Astreinte";
    }
    switch (effect->purpose) {
    case PURPOSE_WITHDRAW:
        words.body = french ? "Déjà pris en charge." : "Already taken.";
        break;
    case PURPOSE_CANCEL_NOTICE:
        words.body = asked_of(effect) != ASKED_CALL
                         ? (french ? "La prise de poste est réglée. Ouvrez l'application pour "
                                     "confirmer."
                                   : "The check-in is settled. Open the app to confirm.")
                     : french ? "Intervention annulée. Ouvrez l'application pour confirmer."
                              : "Cancelled. Open the app to confirm.";
        break;
    case PURPOSE_UPDATE:
        words.body = french ? "La situation évolue. Ouvrez l'application."
                            : "The situation has changed. Open the app.";
        break;
    case PURPOSE_OFFER:
        words.body = offer_words(effect, french);
        break;
    case PURPOSE_TEAM:
        words.body = french ? "Qui est en intervention a changé. Ouvrez l'application."
                            : "Who is at work has changed. Open the app.";
        break;
    case PURPOSE_TEST:
        if (render_is_probe(effect)) {
            words.body = french ? "Vérification automatique : rien à faire."
                                : "Automatic check: nothing to do.";
            break;
        }
        words.title = french ? "Essai – Astreinte" : "Test – Astreinte";
        words.body = french ? "Ceci est un essai. Confirmez que vous l'avez entendu."
                            : "This is a test. Confirm that you heard it.";
        break;
    case PURPOSE_ALERT:
    case PURPOSE_HOLDER_CALL:
    case PURPOSE_EXHAUSTED:
    case PURPOSE_FRUITLESS:
    case PURPOSE_TASK:
    case PURPOSE_QUARANTINE:
        words.body = alert_words(asked_of(effect), french);
        break;
    }
    return words;
}

static const char *push_kind(enum attempt_purpose purpose)
{
    return purpose == PURPOSE_WITHDRAW        ? "withdraw"
           : purpose == PURPOSE_UPDATE        ? "update"
           : purpose == PURPOSE_CANCEL_NOTICE ? "cancel"
           : purpose == PURPOSE_TEST          ? "test"
           : purpose == PURPOSE_OFFER         ? "offer"
           : purpose == PURPOSE_TEAM          ? "team"
                                              : "alert";
}

static size_t finished(const struct json_writer *json)
{
    return json_writer_overflowed(json) ? 0 : json_writer_bytes(json);
}

size_t render_push_data(const struct effect *effect, char *text, size_t text_bytes)
{
    struct json_writer json;
    json_writer_init(&json, text, text_bytes);
    json_object_begin(&json);
    json_member_text(&json, "kind", render_is_probe(effect) ? "probe" : push_kind(effect->purpose));
    json_member_uuid(&json, "enrolment", effect->device->registration);
    if (effect->purpose == PURPOSE_TEST) {
        json_member_uuid(&json, "test", effect->attempt);
    } else {
        json_member_uuid(&json, "escalation", effect->escalation);
        json_member_uuid(&json, "attempt", effect->attempt);
        json_member_text(&json, "severity", severity_word(effect->severity));
    }
    if (effect->check_in_agent != 0) {
        json_member_text(&json, "about", "check_in");
    }
    if (effect->drill) {
        json_member_text(&json, "drill", "1");
    }
    if (effect->token_received != NULL) {
        json_member_text(&json, "received", effect->token_received);
    }
    if (effect->token_accept != NULL) {
        json_member_text(&json, "accept", effect->token_accept);
        json_member_text(&json, "decline", effect->token_decline);
    }
    json_object_end(&json);
    return finished(&json);
}

/* What a check-in's call says: what the keys mean must be known before one is pressed. */
static const char *check_in_sentence(enum asked asked, enum attempt_purpose purpose, bool french)
{
    if (purpose == PURPOSE_CANCEL_NOTICE) {
        return french ? "La prise de poste est réglée. Tapez 1 pour confirmer."
                      : "The check-in is settled. Press 1 to confirm.";
    }
    if (asked == ASKED_OWN_CHECK_IN) {
        return french ? "Prise de poste. Tapez 1 pour prendre votre poste, 2 si vous ne pouvez pas."
                      : "Check-in. Press 1 to take up your shift, 2 if you cannot.";
    }
    if (purpose == PURPOSE_HOLDER_CALL) {
        return french ? "Une prise de poste n'est toujours pas réglée. Tapez 1 pour continuer, 2 "
                        "pour rendre."
                      : "A check-in is still not settled. Press 1 to go on, 2 to hand back.";
    }
    if (asked == ASKED_REPLACEMENT) {
        return french
                   ? "Prise de poste non confirmée. Tapez 1 pour prendre ce poste, 2 pour refuser."
                   : "A check-in is missing. Press 1 to take the shift, 2 to decline.";
    }
    return french ? "Prise de poste non confirmée. Tapez 1 pour écouter et vous en charger, 2 pour "
                    "refuser."
                  : "A check-in is missing. Press 1 to listen and see to it, 2 to decline.";
}

static const char *offer_sentence(const struct effect *effect, bool french)
{
    if (effect->number == OFFER_AS_MEMBER) {
        return french ? "On vous demande en renfort. Tapez 1 pour écouter et accepter, 2 pour "
                        "refuser."
                      : "You are asked to join. Press 1 to listen and accept, 2 to decline.";
    }
    return french ? "On vous demande de prendre une intervention. Tapez 1 pour écouter et "
                    "accepter, 2 pour refuser."
                  : "You are asked to take over. Press 1 to listen and accept, 2 to decline.";
}

/* What is said before a key is pressed. */
static void say_neutral(const struct effect *effect, bool french, char *text, size_t text_bytes)
{
    const char *drill = !effect->drill ? "" : french ? "Exercice. " : "Drill. ";
    const char *rest = "";
    if (asked_of(effect) != ASKED_CALL) {
        rest = check_in_sentence(asked_of(effect), effect->purpose, french);
        (void)snprintf(text, text_bytes, "%sAstreinte, %s. %s", drill, effect->customer->alias,
                       rest);
        return;
    }
    switch (effect->purpose) {
    case PURPOSE_HOLDER_CALL:
        rest = french
                   ? "Êtes-vous toujours en intervention ? Tapez 1 pour continuer, 2 pour rendre."
                   : "Are you still at it? Press 1 to go on, 2 to hand back.";
        break;
    case PURPOSE_CANCEL_NOTICE:
        rest = french ? "L'intervention est annulée. Tapez 1 pour confirmer."
                      : "It was cancelled. Press 1 to confirm.";
        break;
    case PURPOSE_OFFER:
        rest = offer_sentence(effect, french);
        break;
    case PURPOSE_TEAM:
        rest = french ? "Qui est en intervention a changé. Tapez 1 pour écouter."
                      : "Who is at work has changed. Press 1 to listen.";
        break;
    case PURPOSE_ALERT:
    case PURPOSE_UPDATE:
    case PURPOSE_WITHDRAW:
    case PURPOSE_EXHAUSTED:
    case PURPOSE_FRUITLESS:
    case PURPOSE_TASK:
    case PURPOSE_QUARANTINE:
    case PURPOSE_TEST:
        rest = french ? "Appel urgent. Tapez 1 pour écouter et accepter, 2 pour refuser."
                      : "Urgent call. Press 1 to listen and accept, 2 to decline.";
        break;
    }
    (void)snprintf(text, text_bytes, "%sAstreinte, %s. %s", drill, effect->customer->alias, rest);
}

static const char *call_role(const struct effect *effect)
{
    if (effect->purpose == PURPOSE_HOLDER_CALL || effect->purpose == PURPOSE_CANCEL_NOTICE ||
        effect->purpose == PURPOSE_TEAM) {
        return "holder";
    }
    return effect->person->kind == PERSON_CONTACT ? "contact" : "agent";
}

/* Not what is left of it: sent again after a crash, the same id must come with the same body, or
 * the layer refuses it. */
static int64_t ring_seconds(const struct effect *effect)
{
    int64_t wait_s = effect->wait_ms / 1000;
    return wait_s < RING_S_MIN ? RING_S_MIN : wait_s > RING_S_MAX ? RING_S_MAX : wait_s;
}

static void write_call(struct json_writer *json, const struct effect *effect,
                       const char *public_url)
{
    bool french = speaks_french(effect);
    char neutral[SAY_BYTES_MAX], after[SAY_BYTES_MAX], id[UUID_TEXT_BYTES], url[1024];
    say_neutral(effect, french, neutral, sizeof neutral);
    (void)snprintf(after, sizeof after, "%s. %.600s", effect->customer->name,
                   effect->summary != NULL ? effect->summary : "");
    text_trim_utf8(after);
    uuid_format(effect->attempt, id);
    (void)snprintf(url, sizeof url, "%s/v1/telephony/calls/%s/outcome", public_url, id);
    json_member_text(json, "to", effect->phone);
    json_member_text(json, "role", call_role(effect));
    json_name(json, "say");
    json_object_begin(json);
    json_member_text(json, "language", french ? "fr" : "en");
    json_member_text(json, "text", neutral);
    json_member_text(json, "after_key", after);
    json_object_end(json);
    json_name(json, "keys");
    json_object_begin(json);
    bool holder = effect->purpose == PURPOSE_HOLDER_CALL;
    json_member_text(json, "1", holder ? "extended" : "accepted");
    if (effect->purpose != PURPOSE_CANCEL_NOTICE && effect->purpose != PURPOSE_TEAM) {
        json_member_text(json, "2", holder ? "handed-back" : "declined");
    }
    json_object_end(json);
    json_member_int(json, "ring_s", ring_seconds(effect));
    json_member_text(json, "outcome_url", url);
}

static const char *task_text(enum task_kind kind, bool french)
{
    switch (kind) {
    case TASK_PROMISE:
        return french ? "Rappeler l'appelant avant l'heure promise : personne n'a encore pris "
                        "l'appel."
                      : "Call the caller back before the promised time: nobody has taken the call "
                        "yet.";
    case TASK_PROGRESS:
        return french ? "Demander où en est l'intervention : aucune nouvelle n'est arrivée."
                      : "Ask the holder how it stands: no progress was reported.";
    case TASK_CANCEL:
        return french ? "Prévenir de vive voix la personne en intervention que c'est annulé : elle "
                        "ne l'a pas confirmé."
                      : "Tell the holder by voice that it was cancelled: they did not confirm.";
    case TASK_CALLER:
        return french ? "Rappeler l'appelant : l'escalade a été annulée alors qu'une promesse "
                        "restait ouverte."
                      : "Call the caller back: the escalation was cancelled with a promise open.";
    case TASK_OFFER:
        return french ? "Solliciter quelqu'un d'autre, ou de vive voix : la personne demandée n'a "
                        "pas accepté."
                      : "Ask somebody else, or by voice: who was asked by name did not accept.";
    case TASK_TEAM:
        return french ? "Trouver du renfort : moins d'acceptations que la procédure n'en veut."
                      : "Find more people: fewer accepted than the procedure wants.";
    }
    return "";
}

static void write_announcement(struct json_writer *json, const struct effect *effect)
{
    json_member_uuid(json, "ticket", effect->ticket);
    json_member_text(json, "customer", effect->customer->slug);
    json_member_text(json, "severity", severity_word(effect->severity));
    if (effect->drill) {
        json_member_bool(json, "drill", true);
    }
    if (effect->purpose == PURPOSE_EXHAUSTED) {
        json_member_int(json, "announcement", effect->number);
    } else if (effect->purpose == PURPOSE_FRUITLESS) {
        json_member_int(json, "round", effect->number);
    } else if (effect->purpose == PURPOSE_TASK) {
        json_name(json, "task");
        json_object_begin(json);
        json_member_text(json, "kind", task_kind_word((enum task_kind)effect->number));
        json_member_text(json, "text",
                         task_text((enum task_kind)effect->number, speaks_french(effect)));
        json_object_end(json);
    }
}

static const char *callback_type(const struct effect *effect)
{
    switch (effect->purpose) {
    case PURPOSE_EXHAUSTED:
        return "procedure.exhausted";
    case PURPOSE_FRUITLESS:
        return "round.fruitless";
    case PURPOSE_TASK:
        return "task.created";
    case PURPOSE_QUARANTINE:
        return "escalation.quarantined";
    case PURPOSE_ALERT:
    case PURPOSE_UPDATE:
    case PURPOSE_HOLDER_CALL:
    case PURPOSE_WITHDRAW:
    case PURPOSE_CANCEL_NOTICE:
    case PURPOSE_TEST:
    case PURPOSE_OFFER:
    case PURPOSE_TEAM:
        break;
    }
    return "call.requested";
}

size_t render_callback(const struct effect *effect, const char *public_url, char *text,
                       size_t text_bytes)
{
    struct json_writer json;
    json_writer_init(&json, text, text_bytes);
    json_object_begin(&json);
    json_member_text(&json, "type", callback_type(effect));
    json_member_uuid(&json, "attempt", effect->attempt);
    json_member_uuid(&json, "escalation", effect->escalation);
    if (effect->path == PATH_CALL) {
        write_call(&json, effect, public_url);
    } else {
        write_announcement(&json, effect);
    }
    json_object_end(&json);
    return finished(&json);
}

size_t render_alarm(struct uuid id, const char *kind, const char *detail, char *text,
                    size_t text_bytes)
{
    struct json_writer json;
    json_writer_init(&json, text, text_bytes);
    json_object_begin(&json);
    json_member_text(&json, "type", "gateway.alarm");
    json_member_uuid(&json, "id", id);
    json_member_text(&json, "alarm", kind);
    json_member_text(&json, "detail", detail);
    json_object_end(&json);
    return finished(&json);
}
