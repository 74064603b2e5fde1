/* scenario_main.c - `scenario FILE…`: checks them all, then runs each; --help says how. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "tests/scenario/scenario.h"

#define EXIT_WRONG 2

static const char help[] =
    "Usage: scenario [--check] [--] FILE...\n"
    "       scenario --statements | --help\n"
    "\n"
    "Plays nights that stand in plain-text files against the gateway's real engine\n"
    "and database, in this process, on a clock that moves only when the file says\n"
    "so: hours pass in milliseconds, and each time the same.\n"
    "\n"
    "Every file is checked before any is played. A word that is misspelt, too much\n"
    "or out of order is told as \"file:line: what is wrong, what is expected\", with\n"
    "the way the line should read below it; then nothing is played.\n"
    "A file that is played prints \"FILE: ok\" or \"FILE: FAILED\" on standard output.\n"
    "The first expectation that does not hold ends its night, and is told on\n"
    "standard error with everything that left the gateway, and the timeline.\n"
    "\n"
    "Options:\n"
    "  --check       checks the files, and plays none\n"
    "  --statements  lists every statement: words in capitals stand for a name, a\n"
    "                number, a time; [words] may be left out, [these]* also come\n"
    "                several times, and one of [these]+ must come\n"
    "  --help, -h    this text\n"
    "  --            what follows is a file, also when it begins with a hyphen\n"
    "\n"
    "Exit status:\n"
    "  0  every expectation of every file held (--check: all are well written)\n"
    "  1  an expectation did not hold, or a watched night broke a rule\n"
    "  2  a file cannot be read or is wrong, or usage\n"
    "\n"
    "Example: a push is not received, so the next step begins after 20 seconds\n"
    "  $ cat night.scenario\n"
    "  customer clinic\n"
    "  agent paul +33611111111 apns\n"
    "  agent marie +33622222222\n"
    "  procedure night rounds 1\n"
    "  step notify agent paul by push received 20 accepted 60\n"
    "  step notify agent marie by call accepted 45\n"
    "  exhausted callback desk\n"
    "  phone of paul off\n"
    "  at 0:00 escalate critical \"Lift stuck\"\n"
    "  expect push paul\n"
    "  expect at 0:20 call marie\n"
    "  $ build/debug/tests/scenario/scenario night.scenario\n"
    "  night.scenario: ok\n"
    "\n"
    "See also tests/scenario/FORMAT.md, which says what each statement means.\n";

struct file {
    struct script script;
    struct readings readings;
};

static int refuse(const char *what, const char *why)
{
    (void)fprintf(stderr, "scenario: %s%s; --help explains\n", what, why);
    return EXIT_WRONG;
}

/* Reads and checks all; false: told. */
static bool read_files(char **paths, int count, struct file *files)
{
    bool good = true;
    for (int i = 0; i < count; i++) {
        bool fine = script_read(paths[i], &files[i].script) &&
                    check_script(&files[i].script, &files[i].readings);
        good = good && fine;
    }
    return good;
}

static void free_files(struct file *files, int count)
{
    for (int i = 0; i < count; i++) {
        readings_free(&files[i].readings);
        script_free(&files[i].script);
    }
    free(files);
}

static int play(char **paths, int count, bool only_checks)
{
    struct file *files = calloc((size_t)count, sizeof *files);
    if (files == NULL) {
        box_die("no memory for %d files", count);
    }
    bool failed = false, good = read_files(paths, count, files);
    for (int i = 0; i < count && good; i++) {
        bool ok = only_checks || scenario_run(&files[i].script, &files[i].readings);
        (void)printf("%s: %s\n", paths[i], only_checks ? "well written" : ok ? "ok" : "FAILED");
        failed = failed || !ok;
    }
    free_files(files, count);
    return good ? failed : EXIT_WRONG;
}

int main(int argc, char **argv)
{
    bool only_checks = false;
    int i = 1;
    log_set_level(LOG_ERROR);
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--statements") == 0) {
            grammar_list(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(argv[i], "--check") != 0) {
            return refuse(argv[i], ": no such option");
        }
        only_checks = true;
    }
    if (i == argc) {
        return refuse("", "no file is named");
    }
    return play(argv + i, argc - i, only_checks);
}
