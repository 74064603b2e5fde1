/* timeline_text_team.c - what is said of the team in a timeline, in English and in French. */
#include <stdio.h>
#include <string.h>

#include "admin-api/timeline_text_private.h"

/* Why an offer came to nothing. */
static const char *const ends[][3] = {
    {"expired", "did not answer in time", "n'a pas répondu à temps"},
    {"taken", "is not asked any more: somebody has it", "n'a plus à répondre : c'est pris"},
    {"replaced", "is asked anew", "reçoit une autre demande"},
    {"closed", "is not asked any more", "n'a plus à répondre"},
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

void said_to_in_french(const char *name, char text_r[SAID_TO_BYTES])
{
    bool contracts = strncmp(name, "le ", 3) == 0;
    (void)snprintf(text_r, SAID_TO_BYTES, "%s %s", contracts ? "au" : "à",
                   contracts ? name + 3 : name);
}

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
        return snprintf(text, size, "There %s %lld of %lld wanted people: more are asked.",
                        said->number == 1 ? "is" : "are", said->number, said->of);
    case ENTRY_TEAM_COMPLETE:
        return snprintf(text, size, "All %lld of %lld wanted people are there.", said->number,
                        said->of);
    case ENTRY_TEAM_SHORT:
        return snprintf(text, size,
                        "Everybody was asked: %lld of %lld wanted people %s there; a task for "
                        "the desk.",
                        said->number, said->of, said->number == 1 ? "is" : "are");
    default:
        return -1;
    }
}

int say_team_in_french(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = said->who[0] != '\0' ? said->who : "la passerelle";
    const char *other = said->other[0] != '\0' ? said->other : "le centre d'appels";
    const char *people = said->number > 1 ? "personnes" : "personne";
    char whom[SAID_TO_BYTES];
    bool member = strcmp(said->word, "member") == 0, done = strcmp(said->word, "done") == 0;
    switch ((int)kind) {
    case ENTRY_OFFERED:
        said_to_in_french(other, whom);
        return snprintf(text, size, "%s demande %s de %s.", who, whom,
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
        return snprintf(text, size, "Équipe : %lld %s sur %lld voulues, on en cherche.",
                        said->number, people, said->of);
    case ENTRY_TEAM_COMPLETE:
        return snprintf(text, size, "Équipe complète : %lld %s sur %lld voulues.", said->number,
                        people, said->of);
    case ENTRY_TEAM_SHORT:
        return snprintf(text, size,
                        "Tout le monde a été sollicité : %lld %s sur %lld voulues ; tâche pour "
                        "le centre d'appels.",
                        said->number, people, said->of);
    default:
        return -1;
    }
}

/* ---- notes ---- */

#define TOLD_TO "told to " /* an operator, by an agent's own verb at the desk */

/* What the gateway itself notes beside an entry, as the engine writes it. */
static const char *const notes[][2] = {
    {"took the shift, from now to its end", "prend le poste, à partir de maintenant"},
    {"checked in by telephone", "prise de poste par téléphone"},
    {"checked in, as told to an operator", "prise de poste, dite au centre d'appels"},
    {"checked in by the app: the test push was heard",
     "prise de poste dans l'application : la notification d'essai a été entendue"},
    {"the rota was changed: the shift is not this agent's any more",
     "le planning a changé : ce poste est confié à quelqu'un d'autre"},
};

const char *timeline_note_phrase(const struct timeline_row *row,
                                 char phrase_r[NOTE_PHRASE_BYTES_MAX])
{
    const char *note = row->personal;
    for (size_t i = 0; note != NULL && i < sizeof notes / sizeof notes[0]; i++) {
        if (strcmp(notes[i][0], note) == 0) {
            return notes[i][1];
        }
    }
    json_t *facts = json_loads(row->facts != NULL ? row->facts : "{}", 0, NULL);
    const char *path = json_string_value(json_object_get(facts, "path"));
    const char *kind = json_string_value(json_object_get(facts, "person_kind"));
    bool told = note != NULL && strncmp(note, TOLD_TO, strlen(TOLD_TO)) == 0 && path != NULL &&
                strcmp(path, "desk") == 0 && kind != NULL && strcmp(kind, "agent") == 0;
    json_decref(facts);
    if (told) {
        (void)snprintf(phrase_r, NOTE_PHRASE_BYTES_MAX, "dit à %s", note + strlen(TOLD_TO));
    }
    return told ? phrase_r : note;
}
