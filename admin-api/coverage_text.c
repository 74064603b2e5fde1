#include "admin-api/coverage_text.h"

#include <stdio.h>

static const char *const english_notes[COVERAGE_NOTES_COUNT] = {
    "Gaps are of the rotas that a procedure names; one that is meant to rest by day has a gap each "
    "day.",
    "Rest: work is what is recorded here as interventions, exercises included and check-ins not, "
    "from acceptance to its end. On-call duty counts as rest but for them (Code du travail, "
    "L3121-9, L3121-10). "
    "Working hours and other customers' nights are not known here: there may be more breaches.",
    "Daily rest (L3131-1): the whole rest is due behind an intervention unless it came before it; "
    "reported is what has neither, within the last three weeks. Weekly rest (L3132-2): looked for "
    "in each week from Monday to Sunday on the customer's clock.",
    "Twice at once: one agent, or two with a number in common, in two rotas of one customer.",
    "Until a human: nobody answers but the last person asked, at the last moment; providers and "
    "lines work. What the call centre does once it is told that nobody took it is not counted.",
    "Several wanted: by who is on call at the beginning, all steps together; how long they take is "
    "left aside.",
    "Publication (L3121-12, R3121-3): only for customers who publish their rotas here; not "
    "published is reported of what begins within the customer's notice_days.",
};
static const char *const french_notes[COVERAGE_NOTES_COUNT] = {
    "Les trous sont ceux des plannings d'astreinte qu'une procédure nomme\u00a0; un planning qui "
    "se repose le jour "
    "a un trou chaque jour.",
    "Repos\u00a0: le travail est ce qui est enregistré ici comme intervention, exercices compris, "
    "prises de poste non, de "
    "l'acceptation à la fin. L'astreinte compte comme repos, interventions exceptées (Code du "
    "travail, L3121-9, L3121-10). Les horaires de travail et les nuits chez d'autres clients ne "
    "sont pas connus ici\u00a0: il peut y avoir d'autres manquements.",
    "Repos quotidien (L3131-1)\u00a0: le repos entier est dû après une intervention, sauf s'il l'a "
    "précédée\u00a0; est signalée celle qui n'a ni l'un ni l'autre, sur les trois dernières "
    "semaines. "
    "Repos hebdomadaire (L3132-2)\u00a0: cherché dans chaque semaine, du lundi au dimanche, à "
    "l'heure "
    "du client.",
    "Deux fois à la fois\u00a0: un agent, ou deux avec un numéro en commun, dans deux plannings "
    "d'un client.",
    "Délai humain\u00a0: personne ne répond sauf la dernière personne sollicitée, au dernier "
    "moment\u00a0; "
    "fournisseurs et lignes fonctionnent. Ce que fait le centre d'appels une fois prévenu que "
    "personne n'a accepté n'est pas compté.",
    "Plusieurs demandés\u00a0: d'après qui est d'astreinte au début, tous paliers réunis\u00a0; "
    "leur durée n'est pas comptée.",
    "Publication (L3121-12, R3121-3)\u00a0: seulement pour les clients qui publient ici leurs "
    "plannings"
    "\u00a0; n'est signalé comme non publié que ce qui commence dans le délai du client "
    "(notice_days).",
};

const char *const *coverage_notes(bool french)
{
    return french ? french_notes : english_notes;
}

const char *coverage_paper_sentence(const struct procedure *procedure, enum procedure_paper paper,
                                    bool french, char sentence_r[SENTENCE_BYTES_MAX])
{
    switch (paper) {
    case PAPER_UNAPPROVED:
        (void)snprintf(sentence_r, SENTENCE_BYTES_MAX, "%s",
                       french ? "Le client n'a pas approuvé cette version."
                              : "The customer has not approved this version.");
        return sentence_r;
    case PAPER_REVIEW_DUE:
        (void)snprintf(sentence_r, SENTENCE_BYTES_MAX,
                       french ? "À revoir avec le client depuis le %s."
                              : "Due for review with the customer since %s.",
                       procedure->review_on);
        return sentence_r;
    case PAPER_IN_ORDER:
        break;
    }
    return NULL;
}

/* "10:30 h" */
static void say_hours(int64_t ms, char text_r[32])
{
    long long minutes = ms / 60000;
    (void)snprintf(text_r, 32, "%lld:%02lld h", minutes / 60, minutes % 60);
}

static const char *name_of(const struct directory_person *person)
{
    return person != NULL ? person->name : "?";
}

/* Of plans of check-ins. Answers what snprintf() does; -1: another kind. */
static int say_check_in(const struct coverage_finding *finding, bool french, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    switch ((int)finding->kind) {
    case COVERAGE_CHECK_IN_UNASKED:
        return snprintf(text, size,
                        french ? "La prise de poste du planning %s lance la procédure %s, qui ne "
                                 "sollicite jamais l'agent attendu (check_in)."
                               : "The check-in of the rota %s runs procedure %s, which never "
                                 "reminds the agent who is missing (check_in).",
                        finding->rota, finding->procedure);
    case COVERAGE_NO_CHECK_IN:
        return snprintf(text, size,
                        french ? "Aucune prise de poste n'est prévue pour le planning %s."
                               : "No check-in is planned for the rota %s.",
                        finding->rota);
    default:
        return -1;
    }
}

/* Of what was found in rotas and procedures. Answers what snprintf() does; -1: another kind. */
static int say_plan(const struct coverage_finding *finding, bool french, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    switch ((int)finding->kind) {
    case COVERAGE_GAP:
        return snprintf(text, size,
                        french ? "Personne n'est d'astreinte dans %s." : "Nobody is on call in %s.",
                        finding->rota);
    case COVERAGE_NO_ROTA:
        return snprintf(text, size,
                        french ? "La procédure %s nomme le planning %s, qui n'existe pas ou ne se "
                                 "calcule pas."
                               : "Procedure %s names the rota %s, which is not there or does not "
                                 "compile.",
                        finding->procedure, finding->rota);
    case COVERAGE_NOBODY:
        return snprintf(text, size,
                        french ? "La procédure %s, lancée à ce moment, ne joint personne."
                               : "Procedure %s, started then, reaches nobody in any step.",
                        finding->procedure);
    case COVERAGE_TOO_FEW:
        return snprintf(text, size,
                        french ? "La procédure %s, lancée à ce moment, demande plus de personnes "
                                 "qu'elle n'en joint."
                               : "Procedure %s, started then, wants more people than it reaches.",
                        finding->procedure);
    case COVERAGE_NOT_JUDGED:
        return snprintf(text, size,
                        french ? "La procédure %s dure trop longtemps, ou les gens y changent trop "
                                 "souvent, pour être jugée."
                               : "Procedure %s lasts too long, or its people change too often, to "
                                 "be judged.",
                        finding->procedure);
    default:
        return -1;
    }
}

static int say_person(const struct coverage_finding *finding, bool french, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    const char *name = name_of(finding->person);
    switch ((int)finding->kind) {
    case COVERAGE_NUMBER_UNPROVEN:
        return snprintf(text, size,
                        french ? "%s est sollicité par téléphone et, depuis longtemps ou depuis "
                                 "toujours, n'a répondu à aucun appel sur aucun de ses numéros."
                               : "%s is asked by telephone and has, for long or ever, answered no "
                                 "call on any of their numbers.",
                        name);
    case COVERAGE_NO_NUMBER:
        return snprintf(text, size,
                        french ? "On sollicite %s par téléphone, sans qu'un numéro soit connu."
                               : "%s is asked by telephone and has no number.",
                        name);
    case COVERAGE_NO_DEVICE:
        return snprintf(text, size,
                        french ? "On sollicite %s par notification, sans qu'un téléphone soit "
                                 "enregistré."
                               : "%s is asked by push and has no registered phone.",
                        name);
    case COVERAGE_UNPROVEN:
        return snprintf(text, size,
                        french ? "On sollicite %s par notification, et aucun de ses téléphones n'a "
                                 "jamais prouvé qu'il reçoit."
                               : "%s is asked by push and no phone of theirs was ever proven to "
                                 "receive.",
                        name);
    case COVERAGE_NO_PERMISSION:
        return snprintf(text, size,
                        french ? "On sollicite %s par notification, et aucun de ses téléphones n'a "
                                 "le droit d'en afficher\u00a0: il faut les autoriser dans ses "
                                 "réglages."
                               : "%s is asked by push and no phone of theirs may show "
                                 "notifications: they have to be allowed in its settings.",
                        name);
    case COVERAGE_NUMBER_UNCONFIRMED:
        return snprintf(text, size,
                        french
                            ? "%s est sollicité par téléphone et a pris son poste sans confirmer "
                              "les numéros que l'on compose."
                            : "%s is asked by telephone and checked in without confirming the "
                              "numbers that are dialled.",
                        name);
    case COVERAGE_TWICE:
        return snprintf(text, size,
                        french ? "%s%s%s est d'astreinte dans %s et dans %s à la fois."
                               : "%s%s%s is on call in %s and in %s at once.",
                        name, finding->with_person != NULL ? " = " : "",
                        finding->with_person != NULL ? finding->with_person->name : "",
                        finding->rota, finding->with_rota);
    default:
        return -1;
    }
}

static int say_told(const struct coverage_finding *finding, bool french, char *text)
{
    static const char *const said[][2][3] = {
        {{"The duty of ", " in ", " was not published."},
         {"L'astreinte de ", " dans ", " n'a pas été publiée."}},
        {{"", " is on call in ", ", other than what was published."},
         {"", " est d'astreinte dans ", ", contrairement à ce qui a été publié."}},
        {{"", " is no longer on call in ", ", other than what was published."},
         {"", " n'est plus d'astreinte dans ", ", contrairement à ce qui a été publié."}},
    };
    if (finding->kind != COVERAGE_NOT_PUBLISHED && finding->kind != COVERAGE_CHANGED) {
        return -1;
    }
    size_t which = finding->kind == COVERAGE_NOT_PUBLISHED ? 0 : finding->lost ? 2 : 1;
    const char *const *around = said[which][french ? 1 : 0];
    return snprintf(text, SENTENCE_BYTES_MAX, "%s%s%s%s%s", around[0], name_of(finding->person),
                    around[1], finding->rota, around[2]);
}

static void say_rest(const struct coverage_finding *finding, int64_t due_ms, bool french,
                     char *text)
{
    char had[32], due[32];
    bool daily = finding->kind == COVERAGE_DAILY_REST;
    const char *name = name_of(finding->person);
    say_hours(finding->rest_ms, had);
    say_hours(due_ms, due);
    if (french) {
        (void)snprintf(
            text, SENTENCE_BYTES_MAX, "%s a eu %s de repos au plus %s\u00a0; %s sont dus.", name,
            had, daily ? "avant et après cette intervention" : "d'affilée dans cette semaine", due);
    } else {
        (void)snprintf(
            text, SENTENCE_BYTES_MAX, "%s had %s of rest at most %s; %s are due.", name, had,
            daily ? "before and after this intervention" : "in one piece in this week", due);
    }
}

void coverage_sentence(const struct coverage_finding *finding, int64_t due_ms, bool french,
                       char sentence_r[SENTENCE_BYTES_MAX])
{
    if (say_plan(finding, french, sentence_r) < 0 &&
        say_check_in(finding, french, sentence_r) < 0 &&
        say_person(finding, french, sentence_r) < 0 && say_told(finding, french, sentence_r) < 0) {
        say_rest(finding, due_ms, french, sentence_r);
    }
}

static void write_person(struct json_writer *json, const char *name,
                         const struct directory_person *person)
{
    json_member_text(json, name, person != NULL ? person->slug : NULL);
}

void coverage_write_finding(struct json_writer *json, const char *customer,
                            const struct coverage_finding *finding,
                            const struct coverage_rests *due, bool french)
{
    char sentence[SENTENCE_BYTES_MAX];
    coverage_sentence(finding,
                      finding->kind == COVERAGE_DAILY_REST ? due->daily_ms : due->weekly_ms, french,
                      sentence);
    json_object_begin(json);
    json_member_text(json, "customer", customer);
    json_member_text(json, "kind", coverage_kind_word(finding->kind));
    json_member_time(json, "from", finding->from);
    json_member_time(json, "to", finding->to);
    json_member_text(json, "text", sentence);
    json_member_text(json, "rota", finding->rota);
    json_member_text(json, "with_rota", finding->with_rota);
    json_member_text(json, "procedure", finding->procedure);
    write_person(json, "agent", finding->person);
    write_person(json, "with_agent", finding->with_person);
    json_object_end(json);
}
