/* timeline_text_team.c - what is said of the team in a timeline, in English and in French. */
#include <stdio.h>
#include <string.h>

#include "admin-api/timeline_text_private.h"

/* Why an offer came to nothing. */
static const char *const ends[][3] = {
    {"expired", "did not answer in time", "n'a pas répondu à temps"},
    {"taken", "is not asked any more: somebody has it", "n'est plus sollicité : c'est pris"},
    {"replaced", "is asked anew", "est sollicité autrement"},
    {"closed", "is not asked any more", "n'est plus sollicité"},
};

static const char *end_of(const char *word, bool french)
{
    size_t i = 0;
    while (i + 1 < sizeof ends / sizeof ends[0] && strcmp(ends[i][0], word) != 0) {
        i++;
    }
    return ends[i][french ? 2 : 1];
}

/* What somebody may not do, as the core has it. */
static const char *const verbs[][2] = {
    {"accept", "accepter"},
    {"decline", "refuser"},
    {"progress", "donner des nouvelles"},
    {"on_my_way", "se mettre en route"},
    {"done", "terminer"},
    {"hand_back", "rendre la main"},
    {"cancel", "annuler"},
    {"take", "prendre l'escalade"},
    {"resume", "continuer la procédure"},
    {"split", "séparer un appelant"},
    {"called_back", "noter un rappel"},
    {"offer", "demander quelqu'un par son nom"},
    {"offer_of_check_in", "demander quelqu'un pour une prise de poste"},
    {"offer_out_of_reach", "demander une personne sans téléphone"},
    {"offer_team_full", "demander une personne de plus, l'équipe est complète"},
    {"offer_limit", "demander une personne de plus, trop sont déjà demandées"},
    {"join", "venir en renfort"},
    {"join_of_check_in", "venir en renfort pour une prise de poste"},
    {"join_team_full", "venir en renfort, l'équipe est complète"},
    {"leave", "quitter l'intervention"},
};

const char *said_verb_in_french(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i][0], word) == 0) {
            return verbs[i][1];
        }
    }
    return NULL;
}

int say_team(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = said->who[0] != '\0' ? said->who : "the gateway";
    const char *other = said->other[0] != '\0' ? said->other : "the desk";
    bool member = strcmp(said->word, "member") == 0, done = strcmp(said->word, "done") == 0;
    switch ((int)kind) {
    case ENTRY_OFFERED:
        return snprintf(text, size, "%s asks %s to %s.", who, other, member ? "join" : "take over");
    case ENTRY_OFFER_ENDED:
        return snprintf(text, size, "%s %s.", who, end_of(said->word, false));
    case ENTRY_HANDED_OVER:
        return snprintf(text, size, "%s holds it now, after %s%s.", who, other,
                        done ? ", who is done" : "");
    case ENTRY_MEMBER_JOINED:
        return snprintf(text, size, "%s %s.", who,
                        strcmp(said->word, "stays") == 0 ? "stays at work on it" : "joins");
    case ENTRY_MEMBER_LEFT:
        return snprintf(text, size, "%s %s.", who,
                        done ? "is done with their part" : "leaves the others");
    case ENTRY_TEAM_SOUGHT:
        return snprintf(text, size, "There are %lld of %lld wanted people: more are asked.",
                        said->number, said->of);
    case ENTRY_TEAM_COMPLETE:
        return snprintf(text, size, "All %lld of %lld wanted people are there.", said->number,
                        said->of);
    case ENTRY_TEAM_SHORT:
        return snprintf(text, size,
                        "Everybody was asked: %lld of %lld wanted people are there; a task for "
                        "the desk.",
                        said->number, said->of);
    default:
        return -1;
    }
}

int say_team_in_french(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = said->who[0] != '\0' ? said->who : "la passerelle";
    const char *other = said->other[0] != '\0' ? said->other : "l'accueil";
    bool member = strcmp(said->word, "member") == 0, done = strcmp(said->word, "done") == 0;
    switch ((int)kind) {
    case ENTRY_OFFERED:
        return snprintf(text, size, "%s demande à %s de %s.", who, other,
                        member ? "venir en renfort" : "prendre la main");
    case ENTRY_OFFER_ENDED:
        return snprintf(text, size, "%s %s.", who, end_of(said->word, true));
    case ENTRY_HANDED_OVER:
        return snprintf(text, size, "%s prend la main après %s%s.", who, other,
                        done ? ", qui a terminé" : "");
    case ENTRY_MEMBER_JOINED:
        return snprintf(text, size, "%s %s.", who,
                        strcmp(said->word, "stays") == 0 ? "reste en renfort" : "vient en renfort");
    case ENTRY_MEMBER_LEFT:
        return snprintf(text, size, "%s %s.", who,
                        done ? "a terminé sa part" : "quitte l'intervention");
    case ENTRY_TEAM_SOUGHT:
        return snprintf(text, size, "Présents : %lld intervenants sur %lld voulus, on en cherche.",
                        said->number, said->of);
    case ENTRY_TEAM_COMPLETE:
        return snprintf(text, size, "Tous présents : %lld intervenants sur %lld voulus.",
                        said->number, said->of);
    case ENTRY_TEAM_SHORT:
        return snprintf(text, size,
                        "Tous ont été sollicités : %lld intervenants sur %lld voulus ; tâche à "
                        "l'accueil.",
                        said->number, said->of);
    default:
        return -1;
    }
}
