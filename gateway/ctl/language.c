#include "gateway/ctl/language.h"

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
    {"desk", "accueil"},
    {"operator", "opérateur"},
    {"alert", "alerte"},
    {"update", "mise à jour"},
    {"withdraw", "retrait"},
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
