#include "gateway/ctl/language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/terminal.h"

const char *language_of_environment(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        locale = getenv(variables[i]);
        if (locale != NULL && locale[0] != '\0') {
            break;
        }
    }
    if (locale == NULL || locale[0] == '\0' || strcmp(locale, "POSIX") == 0 ||
        strcmp(locale, "C") == 0 || strncmp(locale, "C.", 2) == 0) {
        return NULL;
    }
    return strncmp(locale, "fr", 2) == 0 ? "fr" : "en";
}

bool language_take(struct ctl *ctl, const struct arguments *arguments, const char *otherwise,
                   bool *french_r)
{
    const char *asked = arguments_option(arguments, "--language");
    const char *language = asked != NULL ? asked : language_of_environment();
    if (asked != NULL && strcmp(asked, "fr") != 0 && strcmp(asked, "en") != 0) {
        (void)ctl_fail(ctl, CTL_USAGE, "--language: \"%s\" is neither fr nor en", asked);
        return false;
    }
    *french_r = strcmp(language != NULL ? language : otherwise, "fr") == 0;
    terminal_use_french(*french_r);
    return true;
}

/* Of an escalation, a severity and an attempt, which are feminine in French. */
static const char *const french_words[][2] = {
    {"notifying", "en appel"},
    {"waiting", "en attente"},
    {"accepted", "acceptée"},
    {"overdue", "en retard"},
    {"exhausted", "épuisée"},
    {"taken", "prise"},
    {"cancelling", "annulation"},
    {"cancelled", "annulée"},
    {"done", "terminée"},
    {"on_hold", "différée"},
    {"noted", "notée"},
    {"open", "ouverte"},
    {"closed", "close"},
    {"minor", "mineure"},
    {"major", "majeure"},
    {"critical", "critique"},
    {"planned", "prévue"},
    {"handed_over", "remise"},
    {"handed over", "remise"},
    {"delayed", "retardée"},
    {"received", "reçue"},
    {"seen", "vue"},
    {"failed", "en échec"},
    {"expired", "expirée"},
    {"uncertain", "incertaine"},
    {"accepted by provider", "chez le fournisseur"},
    {"accepted by telephony", "chez la téléphonie"},
    {"accepted by receiver", "chez le destinataire"},
    {"declined", "refusée"},
    {"call", "appel"},
    {"callback", "message"},
    {"app", "application"},
    {"desk", "centre d'appels"},
    {"operator", "opérateur"},
    {"alert", "alerte"},
    {"update", "mise à jour"},
    {"withdraw", "retrait"},
    {"holder_call", "relance"},
    {"cancel_notice", "annulation"},
    {"fruitless", "sans réponse"},
    {"offer", "demande"},
    {"team", "équipe"},
    {"task", "tâche"},
    {"quarantine", "mise de côté"},
    {"ringing", "ça sonne"},
    {"remote", "à distance"},
    {"on_my_way", "en route"},
    {"on_site", "sur place"},
    {"kept", "tenue"},
    {"broken", "manquée"},
    {"busy", "occupé"},
    {"answered", "décroché"},
    {"no_answer", "sans réponse"},
};

const char *language_word(const char *word, bool french)
{
    for (size_t i = 0; french && i < sizeof french_words / sizeof french_words[0]; i++) {
        if (strcmp(french_words[i][0], word) == 0) {
            return french_words[i][1];
        }
    }
    return word;
}

/* What comes next is one of these, with names or numbers between and behind the words. */
static const char *const next_phrases[][2] = {
    {"call the holder, tell the desk: no progress",
     "appel à qui s'en charge, tâche pour le centre d'appels\u00a0: pas de nouvelles"},
    {"resume the procedure: the holder is silent",
     "reprise de la procédure\u00a0: pas de nouvelles de qui s'en charge"},
    {"tell the desk: who was asked by name has not answered",
     "tâche pour le centre d'appels\u00a0: la personne demandée n'a pas répondu"},
    {"the holder's shift ends: ask who is on call to take over",
     "fin de poste de qui s'en charge\u00a0: demande de relève à la personne d'astreinte"},
    {"remind the desk: taken, not done", "rappel au centre d'appels\u00a0: prise, pas terminée"},
    {"tell the holder again that it was cancelled", "nouvel avis d'annulation à qui s'en charge"},
    {"escalate: the customer opens", "escalade\u00a0: le client ouvre"},
    {"nothing more: it is only a ticket", "plus rien\u00a0: c'est un simple ticket"},
    {"tell the desk: fewer accepted than are wanted",
     "tâche pour le centre d'appels\u00a0: moins d'acceptations que voulu"},
    {"nothing, it was set aside: act by telephone, escalate anew",
     "rien, elle est mise de côté\u00a0: agir par téléphone, escalader à nouveau"},
};

/* Words of a step, the longer before their own beginnings. */
static const char *const next_words[][2] = {
    {"next round, ", "tour suivant, "},
    {"for more people, ", "renfort, "},
    {"step ", "palier "},
    {": push to and call ", "\u00a0: notification et appel à "},
    {": push to ", "\u00a0: notification à "},
    {": call ", "\u00a0: appel à "},
    {"exhausted: tell ", "épuisée\u00a0: message à "},
    {"tell the desk: the promise to caller ",
     "tâche pour le centre d'appels\u00a0: heure bientôt passée de la promesse à l'appelant "},
    {"tell ", "message à "},
    {" again that nobody was reached", ", à nouveau\u00a0: personne n'a été joint"},
    {" is about to break", ""},
};

static const char *const *word_at(const char *what)
{
    for (size_t i = 0; i < sizeof next_words / sizeof next_words[0]; i++) {
        if (strncmp(what, next_words[i][0], strlen(next_words[i][0])) == 0) {
            return next_words[i];
        }
    }
    return NULL;
}

const char *language_next(const char *what, bool french, char text_r[LANGUAGE_NEXT_BYTES_MAX])
{
    size_t used = 0;
    text_r[0] = '\0';
    if (!french) {
        return what;
    }
    for (size_t i = 0; i < sizeof next_phrases / sizeof next_phrases[0]; i++) {
        if (strcmp(next_phrases[i][0], what) == 0) {
            return next_phrases[i][1];
        }
    }
    while (*what != '\0' && used < LANGUAGE_NEXT_BYTES_MAX - 1) {
        const char *const *word = word_at(what);
        char as_it_is[2] = {*what, '\0'};
        used += (size_t)snprintf(text_r + used, LANGUAGE_NEXT_BYTES_MAX - used, "%s",
                                 word != NULL ? word[1] : as_it_is);
        what += word != NULL ? strlen(word[0]) : 1;
    }
    return text_r;
}
