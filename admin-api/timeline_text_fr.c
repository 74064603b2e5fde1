/* timeline_text_fr.c - a French sentence for every kind of journal entry: those who read what a
 * rehearsal shows are the desk and the customer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/timeline_text_private.h"

/* The words that the core and the engine put into facts. */
static const char *const dictionary[][2] = {
    /* why somebody was passed over, or a step ended */
    {"nobody_on_call", "personne n'est d'astreinte"},
    {"declined", "a refusé"},
    {"stepped_aside", "n'intervient plus"},
    {"no_live_device", "aucun téléphone enregistré"},
    {"no_number", "aucun numéro"},
    {"eight_are_asked_already", "huit personnes sont déjà demandées"},
    {"not_accepted_in_time", "pas d'acceptation à temps"},
    {"no_reception", "aucune réception confirmée"},
    {"every_path_failed", "tous les moyens ont échoué"},
    {"nobody_reachable", "personne n'est joignable"},
    {"holder_silent", "l'intervenant ne répond plus"},
    {"desk", "à la demande du centre d'appels"},
    /* what an attempt is for */
    {"alert", "alerte"},
    {"update", "mise à jour"},
    {"withdraw", "retrait de la notification"},
    {"holder_call", "relance de l'intervenant"},
    {"cancel_notice", "avis d'annulation"},
    {"exhausted", "personne n'a été joint"},
    {"fruitless", "premier tour sans réponse"},
    {"task", "tâche pour le centre d'appels"},
    {"quarantine", "mise de côté"},
    {"offer", "demande nominative"},
    {"team", "changement dans l'équipe"},
    /* how a call went, and why an attempt failed */
    {"ringing", "ça sonne"},
    {"answered", "décroché"},
    {"accepted", "accepté"},
    {"busy", "occupé"},
    {"no_answer", "pas de réponse"},
    {"failed", "échec"},
    {"refused", "refusé"},
    {"down", "en panne"},
    {"unreachable", "injoignable"},
    /* severities and tasks */
    {"info", "information"},
    {"minor", "mineure"},
    {"major", "majeure"},
    {"critical", "critique"},
    {"promise", "rappeler l'appelant, la promesse arrive à échéance"},
    {"progress", "demander des nouvelles à l'intervenant"},
    {"cancel", "prévenir l'intervenant de l'annulation"},
    {"caller", "rappeler l'appelant, sa promesse reste ouverte"},
    {"unaccepted", "solliciter quelqu'un d'autre, la personne demandée n'a pas accepté"},
    {"short_handed", "trouver du renfort, moins d'acceptations que voulu"},
};

/* In French when it is known, else as it came. */
static const char *translate(const char *word, char text_r[SAID_WORD_BYTES])
{
    for (size_t i = 0; i < sizeof dictionary / sizeof dictionary[0]; i++) {
        if (strcmp(dictionary[i][0], word) == 0) {
            return dictionary[i][1];
        }
    }
    return said_plain(word, text_r);
}

static const char *somebody(const struct said *said)
{
    return said->who[0] != '\0' ? said->who : "quelqu'un";
}

static const char *with_path(const char *path)
{
    return strcmp(path, "push") == 0       ? " par notification"
           : strcmp(path, "call") == 0     ? " par téléphone"
           : strcmp(path, "callback") == 0 ? " par message"
           : strcmp(path, "app") == 0      ? " dans l'application"
           : strcmp(path, "desk") == 0     ? ", dit au centre d'appels"
                                           : "";
}

/* An attempt's means, and its gender for what is said of it. */
static const struct means {
    const char *path;
    const char *to; /* "L'appel à" */
    bool feminine;
} means_table[] = {
    {"push", "La notification à", true},
    {"call", "L'appel à", false},
    {"callback", "Le message à", false},
    {"", "La tentative pour", true},
};

static const struct means *means_of(const char *path)
{
    size_t i = 0;
    while (means_table[i].path[0] != '\0' && strcmp(means_table[i].path, path) != 0) {
        i++;
    }
    return &means_table[i];
}

/* "Le message à Paul", "Le message au centre d'appels", "La tentative pour Paul". */
static void say_way(const char *path, const char *to, char text_r[SENTENCE_BYTES_MAX])
{
    const char *way = means_of(path)->to;
    size_t bytes = strlen(way) - strlen(" à");
    char whom[SAID_TO_BYTES];
    if (strcmp(way + bytes, " à") == 0) {
        said_to_in_french(to, whom);
        (void)snprintf(text_r, SENTENCE_BYTES_MAX, "%.*s %s", (int)bytes, way, whom);
    } else {
        (void)snprintf(text_r, SENTENCE_BYTES_MAX, "%s %s", way, to);
    }
}

/* ": pourquoi", or nothing. */
static const char *because(const char *word)
{
    return word[0] != '\0' ? "\u00a0: " : "";
}

/* What happened to the procedure. Answers what snprintf() does; -1: another kind. */
static int say_procedure(enum entry_kind kind, const struct said *said, char *text)
{
    char buffer[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    const char *word = translate(said->word, buffer);
    switch ((int)kind) {
    case ENTRY_OPENED:
        return snprintf(text, size, "Escalade ouverte%s%s.", word[0] != '\0' ? ", gravité " : "",
                        word);
    case ENTRY_JOINED:
        return snprintf(text, size, "L'appelant %lld a rejoint le ticket.", said->number);
    case ENTRY_SPLIT:
        return snprintf(text, size, "L'appelant %lld a reçu une escalade à part.", said->number);
    case ENTRY_STEP_STARTED:
        return snprintf(text, size, "Tour %lld, palier %lld\u00a0: début.", said->round,
                        said->step);
    case ENTRY_PERSON_SKIPPED:
        return said->who[0] != '\0'
                   ? snprintf(text, size, "On ne sollicite pas %s%s%s.", said->who, because(word),
                              word)
                   : snprintf(text, size, "Palier sans destinataire%s%s.", because(word), word);
    case ENTRY_STEP_ENDED:
        return snprintf(text, size, "Tour %lld, palier %lld\u00a0: fin%s%s.", said->round,
                        said->step, word[0] != '\0' ? ", " : "", word);
    case ENTRY_ROUND_ENDED:
        return snprintf(text, size, "Le tour %lld n'a joint personne.", said->round);
    case ENTRY_EXHAUSTED:
        return snprintf(text, size, "La procédure est épuisée\u00a0: personne n'a accepté.");
    case ENTRY_LATE:
        return snprintf(text, size, "Une échéance a été tenue avec %lld ms de retard.",
                        said->number);
    case ENTRY_RECOVERED:
        return snprintf(text, size, "La passerelle a redémarré et continue.");
    case ENTRY_QUARANTINED:
        return snprintf(text, size, "Mise de côté\u00a0; le centre d'appels est prévenu.");
    case ENTRY_TASK:
        return snprintf(text, size, "Une tâche pour le centre d'appels%s%s.", because(word), word);
    case ENTRY_TASK_DONE:
        return snprintf(text, size, "%s a fait la tâche du centre d'appels.", somebody(said));
    case ENTRY_CALLED_BACK:
        return snprintf(text, size, "%s a rappelé l'appelant %lld.", somebody(said), said->number);
    default:
        return -1;
    }
}

/* Why something is escalated that was to wait, or to be put through. */
static const char *const releases[][2] = {
    {"opening", "Le client ouvre\u00a0: escalade."},
    {"open", "Le client est ouvert\u00a0: escalade immédiate."},
    {"no_opening", "L'ouverture du client est inconnue\u00a0: escalade."},
    {"too_many_on_hold", "Trop d'appels sont en attente\u00a0: escalade immédiate."},
    {"nobody_to_dial", "Personne à qui transférer l'appel\u00a0: escalade."},
    {"severity", "La gravité monte\u00a0: escalade."},
    {"joined", "L'appelant suivant ne peut pas attendre\u00a0: escalade."},
    {"desk", "Escalade avant l'ouverture, à la demande du centre d'appels."},
};

/* What is done instead of escalating. */
static int say_action(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    switch ((int)kind) {
    case ENTRY_QUALIFIED:
        return snprintf(text, size, "La règle %s a décidé (version %lld des règles).", said->word,
                        said->number);
    case ENTRY_UNQUALIFIED:
        return snprintf(
            text, size,
            "Les règles (version %lld) n'ont pas pu décider\u00a0; la procédure par défaut "
            "commence.",
            said->number);
    case ENTRY_OVERRIDDEN:
        return snprintf(text, size, "%s a décidé à la place des règles\u00a0: %s%s.",
                        somebody(said), said->number == RULE_ESCALATE ? "procédure " : "",
                        said->word);
    case ENTRY_ON_HOLD: {
        char at[SAID_TIME_BYTES];
        if (said->number == 0) {
            return snprintf(text, size,
                            "Ticket seul\u00a0: la promesse faite à l'appelant est surveillée.");
        }
        said_time(said, at);
        return snprintf(text, size, "%s jusqu'à l'ouverture du client\u00a0: %s.",
                        strcmp(said->word, "changed") == 0 ? "Désormais mise en attente"
                                                           : "Mise en attente",
                        at);
    }
    case ENTRY_RELEASED:
        return snprintf(text, size, "%s",
                        said_sentence(releases, sizeof releases / sizeof releases[0], said->word));
    case ENTRY_NOTED:
        return snprintf(text, size, "Ticket seul\u00a0: personne n'est prévenu.");
    case ENTRY_FORWARDED:
        return snprintf(text, size, "L'appel est transféré %s%s.", said->who[0] != '\0' ? "à " : "",
                        said->who[0] != '\0' ? said->who : "au numéro d'urgence");
    default:
        return -1;
    }
}

/* Why a shift that was taken up is asked for anew. */
static int say_asked_anew(const struct said *said, char *text)
{
    static const char *const reasons[][3] = {
        {"phone_died", "Le téléphone de prise de poste de ", " n'existe plus"},
        {"phone_silent", "Le téléphone de prise de poste de ", " ne répond plus"},
        {"left_early", "Fin de poste anticipée de ", ""},
        {"", "Absence de ", ""},
    };
    size_t i = 0;
    while (reasons[i][0][0] != '\0' && strcmp(reasons[i][0], said->word) != 0) {
        i++;
    }
    return snprintf(text, SENTENCE_BYTES_MAX, "%s%s%s\u00a0: la prise de poste est redemandée.",
                    reasons[i][1], somebody(said), reasons[i][2]);
}

/* What is done beside a step. */
static int say_beside(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = somebody(said);
    bool paused = strcmp(said->word, "paused") == 0;
    switch ((int)kind) {
    case ENTRY_CALLED_TOO:
        return snprintf(text, size, "%s reçoit aussi un appel : %s.", who,
                        paused ? "en pause, sans réseau pour un moment"
                               : "aucun signe récent de ses téléphones");
    case ENTRY_BACKED_UP:
        return snprintf(text, size, "%s %s : le renfort est sollicité en même temps.", who,
                        paused ? "est en pause, sans réseau pour un moment"
                               : "est déjà sur un autre ticket");
    case ENTRY_ASKED_ANEW:
        return say_asked_anew(said, text);
    default:
        return -1;
    }
}

/* What became of one attempt. */
static int say_attempt(enum entry_kind kind, const struct said *said, char *text)
{
    char buffer[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    static const char *const places[SAID_PLACES] = {" (deuxième numéro)", " (troisième numéro)",
                                                    " (quatrième numéro)"};
    char way[SENTENCE_BYTES_MAX], whom[2 * SAID_NAME_BYTES];
    const char *word = translate(said->word, buffer);
    const char *to = said_whom(said, "le centre d'appels", places, whom);
    bool feminine = means_of(said->path)->feminine;
    say_way(said->path, to, way);
    switch ((int)kind) {
    case ENTRY_ATTEMPT_PLANNED:
        return snprintf(text, size, "%.300s part%s%s%s.", way, word[0] != '\0' ? " (" : "", word,
                        word[0] != '\0' ? ")" : "");
    case ENTRY_ATTEMPT_ACCEPTED:
        return snprintf(text, size, "%.300s est en route.", way);
    case ENTRY_ATTEMPT_FAILED:
        return snprintf(text, size, "%.300s a échoué%s%s.", way, because(word), word);
    case ENTRY_ATTEMPT_EXPIRED:
        return snprintf(text, size, "%.300s n'a pas pu partir à temps.", way);
    case ENTRY_ATTEMPT_UNCERTAIN:
        return snprintf(text, size, "%.300s est peut-être %s%s%s.", way,
                        feminine ? "partie" : "parti", because(word), word);
    case ENTRY_ATTEMPT_DELAYED:
        return snprintf(text, size,
                        "%.300s prend du retard%s%s\u00a0: le moyen suivant est essayé.", way,
                        word[0] != '\0' ? ", " : "", word);
    case ENTRY_RECEIVED:
        return snprintf(text, size, "Le téléphone de %s l'a reçue.", somebody(said));
    case ENTRY_SEEN:
        return snprintf(text, size, "%s l'a vue.", somebody(said));
    case ENTRY_CALL_PROGRESS:
        return snprintf(text, size, "%.300s\u00a0: %s.", way, word);
    default:
        return -1;
    }
}

static int say_progress(const struct said *said, char *text)
{
    const char *does = strcmp(said->word, "remote") == 0      ? "intervient à distance"
                       : strcmp(said->word, "on_my_way") == 0 ? "est en route"
                       : strcmp(said->word, "on_site") == 0   ? "est sur place"
                                                              : "s'en occupe";
    if (said->number > 0) {
        return snprintf(text, SENTENCE_BYTES_MAX, "%s %s, arrivée dans %lld minutes.",
                        somebody(said), does, (said->number + 59) / 60);
    }
    return snprintf(text, SENTENCE_BYTES_MAX, "%s %s.", somebody(said), does);
}

static int say_refused(const struct said *said, const char *verb, char *text)
{
    char whom[SAID_TO_BYTES];
    said_to_in_french(somebody(said), whom);
    return snprintf(text, SENTENCE_BYTES_MAX, "Refusé %s\u00a0: %s.", whom, verb);
}

/* What a person did. */
static int say_verb(enum entry_kind kind, const struct said *said, char *text)
{
    char buffer[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = somebody(said), *how = with_path(said->path);
    const char *word = translate(said->word, buffer), *verb = said_verb_in_french(said->word);
    switch ((int)kind) {
    case ENTRY_ACCEPTED:
        return snprintf(text, size, "%s accepte%s.", who, how);
    case ENTRY_DECLINED:
        return snprintf(text, size, "%s refuse%s.", who, how);
    case ENTRY_PROGRESS:
        return say_progress(said, text);
    case ENTRY_EXTENDED:
        return snprintf(text, size, "%s s'en occupe toujours.", who);
    case ENTRY_OVERDUE:
        return snprintf(
            text, size,
            "%s ne donne plus de nouvelles\u00a0: appel, et tâche pour le centre d'appels.", who);
    case ENTRY_HANDED_BACK:
        return snprintf(text, size, "%s rend la main\u00a0; la procédure continue.", who);
    case ENTRY_RESUMED:
        return snprintf(text, size, "La procédure continue%s%s.", because(word), word);
    case ENTRY_TAKEN:
        return snprintf(text, size, "%s prend l'escalade.", who);
    case ENTRY_DONE:
        return snprintf(text, size, "%s a terminé.", who);
    case ENTRY_CANCELLED:
        return snprintf(text, size, "%s annule.", who);
    case ENTRY_CANCEL_CONFIRMED:
        return snprintf(text, size, "L'annulation est confirmée.");
    case ENTRY_SEVERITY:
        return snprintf(text, size, "La gravité est maintenant\u00a0: %s.", word);
    case ENTRY_NOTE:
        return snprintf(text, size, "%s a ajouté une note.", who);
    case ENTRY_REFUSED_VERB:
        return say_refused(said, verb != NULL ? verb : said_plain(said->word, buffer), text);
    default:
        return -1;
    }
}

static int say_clock(enum entry_kind kind, const struct said *said, char *text)
{
    long long moved_s = (llabs(said->number) + 500) / 1000;
    return snprintf(
        text, SENTENCE_BYTES_MAX,
        kind == ENTRY_CLOCK_STEPPED
            ? "L'horloge a été %s de %lld:%02lld:%02lld\u00a0; aucune attente ne la suit."
            : "La machine a été %s pendant %lld:%02lld:%02lld.",
        kind != ENTRY_CLOCK_STEPPED ? "suspendue"
        : said->number < 0          ? "reculée"
                                    : "avancée",
        moved_s / 3600, moved_s / 60 % 60, moved_s % 60);
}

void timeline_phrase(const struct directory_customer *customer, const struct timeline_row *row,
                     char phrase_r[SENTENCE_BYTES_MAX])
{
    static const struct said_names names = {"l'opérateur ", "le centre d'appels",
                                            "le centre d'appels", "un agent", "un contact"};
    struct said said;
    said_init(&said, customer, row, &names);
    if (say_procedure(row->kind, &said, phrase_r) < 0 &&
        say_action(row->kind, &said, phrase_r) < 0 && say_attempt(row->kind, &said, phrase_r) < 0 &&
        say_verb(row->kind, &said, phrase_r) < 0 && say_beside(row->kind, &said, phrase_r) < 0 &&
        say_team_in_french(row->kind, &said, phrase_r) < 0) {
        (void)say_clock(row->kind, &said, phrase_r);
    }
    if (phrase_r[0] >= 'a' && phrase_r[0] <= 'z') {
        phrase_r[0] = (char)(phrase_r[0] - 'a' + 'A');
    }
    said_fini(&said);
}
