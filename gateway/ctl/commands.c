/* The table of commands: the one place that says what there is, also to --help. */
#include "gateway/ctl/commands.h"

#define OPTIONS(...) ((const struct option_spec[]){__VA_ARGS__, {NULL, NULL, NULL}})

#define OPTION_OPERATOR                                                                            \
    {                                                                                              \
        "--operator", "NAME", "who at the desk does this (default: $ASTREINTE_OPERATOR)"           \
    }
#define OPTION_JSON                                                                                \
    {                                                                                              \
        "--json", NULL, "print the gateway's answer as one JSON document"                          \
    }
#define OPTION_JSON_LINES                                                                          \
    {                                                                                              \
        "--json", NULL, "print each item as one line of JSON"                                      \
    }
#define OPTION_CUSTOMER                                                                            \
    {                                                                                              \
        "--customer", "SLUG", "only this customer's"                                               \
    }

#define OPTION_LANGUAGE                                                                            \
    {                                                                                              \
        "--language", "fr|en", "(default: the locale's, else en)"                                  \
    }
#define OPTION_OF_CUSTOMER                                                                         \
    {                                                                                              \
        "--customer", "SLUG", "whose number it is, unless the key covers one customer only"        \
    }

const struct option_spec global_options[] = {
    {"--url", "URL", "the gateway (default: $ASTREINTE_URL, else http://127.0.0.1:8080)"},
    {"--key-file", "FILE", "file with the API key (default: $ASTREINTE_KEY_FILE)"},
    {"--ca-file", "FILE", "trust this CA instead of the system's (default: $ASTREINTE_CA_FILE)"},
    {"--no-color", NULL, "no colours, also on a terminal (as the variable NO_COLOR)"},
    {"--help", NULL, "this help, or the command's"},
    {"--version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

const struct command commands[] = {
    {"escalate", "FILE|- [--idempotency-key K] [--language fr|en] [--json]", "post one escalation",
     "Posts the escalation (a JSON object) in FILE, or on standard input, and prints its id, its\n"
     "ticket, who was notified, what happens next and when, and the gateway's warnings. Exit code "
     "0\n"
     "means the gateway holds it durably.\n\n"
     "The object's fields: customer and summary; severity (info, minor, major, critical),\n"
     "category, details, caller {name, phone}, callback_promised_s, fields {…}, dedup_key,\n"
     "procedure, drill. The gateway describes them all under GET /openapi.json (NewEscalation).\n\n"
     "Without --idempotency-key a fresh key is made. When no answer comes back, the message says\n"
     "which key to repeat the command with: the same key cannot open a second escalation.",
     OPTIONS({"--idempotency-key", "K", "at most 128 printable ASCII characters"}, OPTION_LANGUAGE,
             OPTION_JSON),
     1, 1, command_escalate,
     "echo '{\"customer\":\"clinique-saint-jean\",\"severity\":\"critical\",\n"
     "  \"summary\":\"Alarme oxygène, bloc 2\"}' | astreintectl escalate -"},
    {"show", "ID [--language fr|en] [--json]",
     "show one escalation: holder, next, attempts, timeline",
     "Prints everything about one escalation, times in the local zone.",
     OPTIONS(OPTION_LANGUAGE, OPTION_JSON), 1, 1, command_show, "astreintectl show ID"},
    {"list", "[--customer SLUG] [--state STATE] [--limit N] [--language fr|en] [--json]",
     "list escalations",
     "One line each, newest first. STATE is open, closed, or one of notifying, waiting, accepted,\n"
     "overdue, exhausted, taken, cancelling, cancelled, done, on_hold (until the customer opens),\n"
     "noted (only a ticket). With --json, one JSON object a line.",
     OPTIONS(OPTION_CUSTOMER, {"--state", "STATE", "only those in this state (default: all)"},
             {"--limit", "N", "at most this many (default: 50)"}, OPTION_LANGUAGE,
             OPTION_JSON_LINES),
     0, 0, command_list, "astreintectl list --state open --limit 20"},
    {"watch", "ID | --customer SLUG", "watch one escalation, or a customer's, live",
     "With an ID: prints its timeline so far, then each entry as it happens, and ends when the\n"
     "escalation is closed. With --customer: every event of that customer until interrupted.\n"
     "A lost connection is taken up again where it ended.",
     OPTIONS({"--customer", "SLUG", "all of this customer's events"}), 0, 1, command_watch,
     "astreintectl watch --customer clinique-saint-jean"},
    {"follow", "--json --customer SLUG [--since SEQ]", "events as JSON lines, for programs",
     "Prints each event as one JSON object a line: {\"id\",\"event\",\"data\"}. Flushed line by\n"
     "line; goes on after a lost connection without gap or repeat. --since resumes after an id.",
     OPTIONS({"--json", NULL, "JSON lines (the only form there is)"},
             {"--customer", "SLUG", "whose events"}, {"--since", "SEQ", "resume after this id"}),
     0, 0, command_follow, "astreintectl follow --json --customer clinique-saint-jean"},
    {"note", "ID TEXT [--operator NAME]", "add what the caller says",
     "Adds a note to the ticket; the holder sees it.", OPTIONS(OPTION_OPERATOR), 2, 2, command_note,
     "astreintectl note ID 'The caller waits at the gate' --operator 'Sophie Leroy'"},
    {"severity", "ID SEVERITY [--reason TEXT] [--operator NAME]", "worsen (or lower) an escalation",
     "SEVERITY is info, minor, major or critical. A higher one restarts the procedure and wakes\n"
     "people again.",
     OPTIONS({"--reason", "TEXT", "why"}, OPTION_OPERATOR), 2, 2, command_severity,
     "astreintectl severity ID critical --reason 'People are inside'"},
    {"cancel", "ID REASON|--reason TEXT [--operator NAME]", "stop an escalation, with a reason",
     "Stops the procedure; agents who accepted are told until they confirm.",
     OPTIONS({"--reason", "TEXT", "why"}, OPTION_OPERATOR), 1, 2, command_cancel,
     "astreintectl cancel ID 'False alarm'"},
    {"resume", "ID [--reason TEXT] [--operator NAME]", "go on after an acceptance led nowhere",
     "Takes the escalation from its holder and goes on with the procedure.",
     OPTIONS({"--reason", "TEXT", "why"}, OPTION_OPERATOR), 1, 1, command_resume,
     "astreintectl resume ID --reason 'The agent cannot come'"},
    {"release", "ID REASON|--reason TEXT [--operator NAME]",
     "escalate now what is on hold, with a reason",
     "Does not wait until the customer opens. `list --state on_hold` shows what does; `cancel` "
     "ends it.",
     OPTIONS({"--reason", "TEXT", "why"}, OPTION_OPERATOR), 1, 2, command_release,
     "astreintectl release ID 'It cannot wait until Monday'"},
    {"take", "ID [--operator NAME]", "take an escalation by name",
     "The operator named becomes its holder; an exhausted procedure stops being announced.",
     OPTIONS(OPTION_OPERATOR), 1, 1, command_take,
     "astreintectl take ID --operator 'Sophie Leroy'"},
    {"on-behalf", "ID AGENT VERB [--eta SECONDS] [--operator NAME]",
     "record an agent's word, told by voice",
     "VERB is accept, decline, remote, on-my-way, on-site, done, hand-back, join or leave.",
     OPTIONS({"--eta", "SECONDS", "with on-my-way: until arrival"}, OPTION_OPERATOR), 3, 3,
     command_on_behalf, "astreintectl on-behalf ID paul on-my-way --eta 1200"},
    {"called-back", "ID CALLER [--operator NAME]", "the promise to caller number CALLER is kept",
     "CALLER is the number that `show` prints before the caller's name; 1 is the first.",
     OPTIONS(OPTION_OPERATOR), 2, 2, command_called_back, "astreintectl called-back ID 1"},
    {"split", "ID CALLER [--operator NAME]",
     "give a wrongly joined caller an escalation of its own",
     "CALLER is the number that `show` prints before the caller's name.", OPTIONS(OPTION_OPERATOR),
     2, 2, command_split, "astreintectl split ID 2"},
    {"done", "ID [--operator NAME]", "close an escalation that an operator took",
     "Only what was taken by name at the desk is closed here; agents close their own.",
     OPTIONS(OPTION_OPERATOR), 1, 1, command_done, "astreintectl done ID"},
    {"assign", "ID AGENT [--member] [--operator NAME]",
     "ask an agent by name to take over, or to join",
     "Whoever holds it keeps it until AGENT accepts; --member asks to work beside the holder. "
     "Without\n"
     "an answer in time there is a task (`tasks`).",
     OPTIONS({"--member", NULL, "as a member, beside the holder"}, OPTION_OPERATOR), 2, 2,
     command_assign, "astreintectl assign ID marie --member"},
    {"interventions", "--customer SLUG [--json]", "who is at work on what",
     "Open escalations that somebody holds, works on beside the holder, or is asked to: since "
     "when,\n"
     "in which state, with which estimate. The oldest first. With --json, one JSON object a line.",
     OPTIONS(OPTION_CUSTOMER, OPTION_JSON_LINES), 0, 0, command_interventions,
     "astreintectl interventions --customer clinique-saint-jean"},
    {"tasks", "[--customer SLUG] [--all] [--language fr|en] [--json]", "what the desk has to do",
     "Open tasks, earliest first: promises to callers that run out, holders who are silent.\n"
     "With --json, one JSON object a line.",
     OPTIONS(OPTION_CUSTOMER, {"--all", NULL, "also those that are done"}, OPTION_LANGUAGE,
             OPTION_JSON_LINES),
     0, 0, command_tasks, "astreintectl tasks --customer clinique-saint-jean"},
    {"task-done", "TASK [--operator NAME]", "close a desk task",
     "TASK is the id that `tasks` prints.", OPTIONS(OPTION_OPERATOR), 1, 1, command_task_done,
     "astreintectl task-done TASK"},
    {"tickets", "[WORDS] [--customer SLUG] [--state STATE] [--limit N] [--json]",
     "list tickets, or search in their words",
     "One line each, newest first. With WORDS (one argument): those that have all of them, "
     "whatever\n"
     "their case and accents, in number, summary, category, details, fields, callers or notes; a\n"
     "word that ends in * stands for all that begin so. STATE is open, closed or erased.",
     OPTIONS(OPTION_CUSTOMER, {"--state", "STATE", "only those in this state (default: all)"},
             {"--from", "TIME", "opened since (RFC 3339)"}, {"--to", "TIME", "opened before"},
             {"--limit", "N", "at most this many (default: 50)"}, OPTION_LANGUAGE,
             OPTION_JSON_LINES),
     0, 1, command_tickets, "astreintectl tickets 'ascenseur bloqué' --state open"},
    {"ticket", "NUMBER|ID [--customer SLUG] [--json]",
     "show one ticket: escalations, callers, links, notes",
     "NUMBER is what a person says on the telephone. Each customer counts its own.",
     OPTIONS(OPTION_OF_CUSTOMER, OPTION_LANGUAGE, OPTION_JSON), 1, 1, command_ticket,
     "astreintectl ticket 1012 --customer clinique-saint-jean"},
    {"ticket-note", "NUMBER|ID TEXT [--customer SLUG] [--operator NAME]", "add a note to a ticket",
     "It stays as it is, and is found by search.",
     OPTIONS(OPTION_OF_CUSTOMER, OPTION_LANGUAGE, OPTION_OPERATOR), 2, 2, command_ticket_note,
     "astreintectl ticket-note 1012 'Le gardien a la clé' --customer clinique-saint-jean"},
    {"ticket-close", "NUMBER|ID [--reason TEXT] [--customer SLUG] [--operator NAME]",
     "nothing is left to do about a ticket",
     "Refused while an escalation of it is open: cancel that, report it done, or, where only the\n"
     "promise to a caller is watched, say `called-back`.",
     OPTIONS(OPTION_OF_CUSTOMER, {"--reason", "TEXT", "why"}, OPTION_LANGUAGE, OPTION_OPERATOR), 1,
     1, command_ticket_close, "astreintectl ticket-close 1012 --customer clinique-saint-jean"},
    {"ticket-reopen", "NUMBER|ID [--reason TEXT] [--customer SLUG] [--operator NAME]",
     "there is something left to do about a ticket",
     "Nobody is called by it. Refused once the ticket was erased.",
     OPTIONS(OPTION_OF_CUSTOMER, {"--reason", "TEXT", "why"}, OPTION_LANGUAGE, OPTION_OPERATOR), 1,
     1, command_ticket_reopen, "astreintectl ticket-reopen 1012 --customer clinique-saint-jean"},
    {"ticket-link", "NUMBER|ID OTHER [--customer SLUG] [--operator NAME]",
     "a ticket is a duplicate of another one",
     "OTHER is the one that is worked on; it cannot be a duplicate itself.",
     OPTIONS(OPTION_OF_CUSTOMER, OPTION_LANGUAGE, OPTION_OPERATOR), 2, 2, command_ticket_link,
     "astreintectl ticket-link 1023 1012 --customer clinique-saint-jean"},
    {"ticket-unlink", "NUMBER|ID OTHER [--customer SLUG] [--operator NAME]",
     "neither of two tickets is a duplicate of the other", "Whichever way they were linked.",
     OPTIONS(OPTION_OF_CUSTOMER, OPTION_LANGUAGE, OPTION_OPERATOR), 2, 2, command_ticket_unlink,
     "astreintectl ticket-unlink 1023 1012 --customer clinique-saint-jean"},
    {"apply", "FILE [--dry-run]",
     "bring customers, agents, rotas, procedures, rules to a file's state",
     "FILE is a JSON object {\"customers\": [...]}, each with slug, name, time_zone, language, "
     "alias,\n"
     "default_procedure and the lists contacts, agents, procedures, rules and the objects rotas "
     "(by\n"
     "role) and check_ins (plans by role: procedure, remind_before_s, opens_before_s,\n"
     "closes_after_s, severity, probe_minutes);\n"
     "also, where it has them, opening_hours, holidays, numbers (it is called on), "
     "emergency_phone,\n"
     "greeting, nobody_reached, retention_days, notice_days and ticket_fields. The gateway "
     "describes\n"
     "them all under GET /openapi.json (Customer). Of these members of the customer\n"
     "itself, what its entry leaves out is taken away.\n\n"
     "Everything is put in an order in which references resolve, and reported as created, updated\n"
     "or unchanged. No agent, contact, procedure, rota, rules or check-in is ever deleted: what\n"
     "the file does not name stays as it is, and of rules and rotas that is said at the end. It\n"
     "stops at the first refusal and says where in the file the fault is and what was not done; "
     "run\n"
     "it again after mending. Check-ins and the numbers that a customer is called on come last, "
     "so\n"
     "that a file that is refused rings nobody and routes nothing.\n\n"
     "--dry-run sends nothing: it reads what is there and says what would be created or updated. "
     "What\n"
     "stands inside the definitions the gateway judges only when they are put.\n\n"
     "Members that contrib/examples/customers.json does not show:\n"
     "  an agent's or contact's numbers, called in their order:\n"
     "    \"phones\": [{\"number\": \"06 12 34 56 78\"}, {\"number\": \"01 42 34 56 78\", "
     "\"label\": "
     "\"domicile\"}]\n"
     "  a step that wants two people:\n"
     "    {\"notify\": [{\"on_call\": \"garde\"}, {\"on_call\": \"renfort\"}], \"by\": "
     "[\"push\"],\n"
     "     \"accepted_within_s\": 120, \"acceptances\": 2}\n"
     "  a check-in plan, and the procedure that it names:\n"
     "    \"check_ins\": {\"garde\": {\"procedure\": \"prise-de-poste\", \"opens_before_s\": "
     "3600,\n"
     "      \"remind_before_s\": 1800, \"closes_after_s\": 0, \"severity\": \"major\", "
     "\"probe_minutes\": 30}}\n"
     "    {\"slug\": \"prise-de-poste\", \"steps\": [\n"
     "      {\"notify\": [{\"check_in\": \"agent\"}], \"by\": [\"push\"], \"accepted_within_s\": "
     "600},\n"
     "      {\"notify\": [{\"on_call\": \"renfort\"}], \"by\": [\"push\", \"call\"], "
     "\"accepted_within_s\": 600}],\n"
     "     \"exhausted\": [{\"callback\": \"call-centre\"}]}",
     OPTIONS({"--dry-run", NULL, "say what would change, change nothing"}), 1, 1, command_apply,
     "astreintectl apply customers.json --dry-run"},
    {"holidays", "CUSTOMER [FILE|-] [--remove]", "a customer's own holidays: an iCalendar file",
     "With FILE: its all-day events become holidays, beside those of the law that the customer "
     "keeps\n"
     "(member holidays); it takes the place of the file before, and has at most 256 KiB. With\n"
     "--remove: there are none any more. With neither: prints the file as it was put.",
     OPTIONS({"--remove", NULL, "take the file away"}), 1, 2, command_holidays,
     "astreintectl holidays clinique-saint-jean fermetures.ics"},
    {"enrol", "CUSTOMER AGENT", "a one-time code for an agent's phone",
     "Prints the code on standard output and until when it holds on standard error.", NULL, 2, 2,
     command_enrol, "astreintectl enrol clinique-saint-jean claire"},
    {"phone share", "CUSTOMER NAME --by AGENT,...", "a one-time code for a phone that agents share",
     "Prints the code on standard output, the phone's number and until when the code holds on\n"
     "standard error. The phone belongs to whoever signed in on it last, by their PIN.",
     OPTIONS({"--by", "LIST", "the agents' slugs with commas between"}), 2, 2, command_phone_share,
     "astreintectl phone share clinique-saint-jean Garde --by claire,paul"},
    {"phone list", "CUSTOMER [--json]", "phones that agents share, and whose they are now",
     "Number, name, who is signed in or what is missing, and who may sign in.",
     OPTIONS(OPTION_JSON), 1, 1, command_phone_list, "astreintectl phone list clinique-saint-jean"},
    {"phone revoke", "CUSTOMER NUMBER", "shut a shared phone out",
     "Takes effect at once; whoever was signed in is signed out. NUMBER is what `phone list` "
     "prints.",
     NULL, 2, 2, command_phone_revoke, "astreintectl phone revoke clinique-saint-jean 3"},
    {"pin set", "CUSTOMER AGENT", "the PIN by which an agent signs in on shared phones",
     "Reads 4 to 12 digits from the terminal, which does not show them, or a line of standard\n"
     "input. Ends the wait after wrong ones.",
     NULL, 2, 2, command_pin_set, "astreintectl pin set clinique-saint-jean claire"},
    {"pin clear", "CUSTOMER AGENT", "take an agent's PIN away",
     "They can sign in on no shared phone any more; where they are signed in, they stay.", NULL, 2,
     2, command_pin_clear, "astreintectl pin clear clinique-saint-jean claire"},
    {"on-call", "CUSTOMER ROLE [--hours N | --at TIME]",
     "who is on call, now and in the coming hours",
     "ROLE is the rota's slug: principal, renfort. Times are the customer's. With --at: who is on "
     "call\n"
     "at that moment, which may be months ahead, and until when (a week later at most).",
     OPTIONS({"--hours", "N", "how far ahead, 1 to 8784 (default: 24)"},
             {"--at", "TIME", "at this moment (RFC 3339)"}),
     2, 2, command_on_call, "astreintectl on-call clinique-saint-jean principal --hours 48"},
    {"shifts", "CUSTOMER [--rota ROLE] [--from TIME] [--days N] [--json]",
     "who begins when, and who has checked in",
     "The shifts of now and of the coming days, each with its check-in (prise de poste): taken up "
     "and\n"
     "since when, missing and asked for, missed, replaced by whom; and the escalation that asks "
     "for "
     "it.\n"
     "Whoever tells the desk by voice that they are there is checked in by\n"
     "`astreintectl on-behalf ID AGENT accept` with that escalation's ID.\n\n"
     "Which rotas are to be checked in says the object check_ins of `apply`, or\n"
     "PUT /v1/customers/{customer}/rotas/{rota}/check-in.",
     OPTIONS({"--rota", "ROLE", "only this rota's"}, {"--from", "TIME", "RFC 3339 (default: now)"},
             {"--days", "N", "how far ahead, 1 to 31 (default: 1)"},
             {"--language", "fr|en", "(default: the locale's)"}, OPTION_JSON),
     1, 1, command_shifts, "astreintectl shifts clinique-saint-jean --days 3"},
    {"rota import", "CUSTOMER ROLE FILE|- [--dry-run] [--replace] [--from TIME] [--json]",
     "make a planning in an iCalendar file the rota's",
     "Each event of the file is one shift of the agent whom it names: a part of its SUMMARY "
     "between\n"
     "delimiters is the agent's whole name or slug (\"Astreinte : Paul Durand\"), or an ATTENDEE, "
     "or\n"
     "X-ASTREINTE-AGENT, as the gateway's own calendars have it. Nothing is guessed: an event "
     "that\n"
     "is not understood refuses the file, with its line and what to do. The shifts win over what\n"
     "the rota says already; a rota that is not there is made of them alone.\n\n"
     "Prints who will be on call when instead of whom. Events that are over are left out.",
     OPTIONS({"--dry-run", NULL, "say what would change, change nothing"},
             {"--replace", NULL, "remove the replacements within the file's period before"},
             {"--from", "TIME", "leave out what is over by then (RFC 3339; default: now)"},
             OPTION_JSON),
     3, 3, command_rota_import,
     "astreintectl rota import clinique-saint-jean principal january.ics --dry-run"},
    {"publish",
     "CUSTOMER ROLE [--from TIME] [--to TIME] [--dry-run] [--digest DIGEST] [--operator NAME]\n"
     "        [--language fr|en] [--idempotency-key K] [--json]",
     "tell agents who is on call when, with a proof of the date",
     "Puts on record what each agent is told, with what changed since they were told last and how\n"
     "many days ahead: in time (the customer's notice_days, 15 by default: Code du travail, "
     "R3121-3),\n"
     "at short notice, or at too short a one, when not even a clear day lies between. Agents read\n"
     "and confirm it in the app. By default from now to the end of the next month.\n\n"
     "--dry-run prints every change and a digest, and publishes nothing. With that --digest it is\n"
     "published only if it still says the same.",
     OPTIONS({"--from", "TIME", "RFC 3339 (default: now)"},
             {"--to", "TIME", "at most 366 days later (default: the end of the next month)"},
             {"--dry-run", NULL, "say what would be told, publish nothing"},
             {"--digest", "DIGEST", "what --dry-run of the same period printed"},
             {"--operator", "NAME", "who publishes (default: $ASTREINTE_OPERATOR)"},
             {"--language", "fr|en", "(default: the locale's, else en)"},
             {"--idempotency-key", "K", "of a try of which no answer came"}, OPTION_JSON),
     2, 2, command_publish, "astreintectl publish clinique-saint-jean principal --dry-run"},
    {"publications", "CUSTOMER ROLE [ID] [--csv] [--language fr|en] [--json]",
     "what agents were told, and who took note",
     "One line each, newest first; with an ID the shifts of each agent, and when and how they "
     "took\n"
     "note. A calendar that was fetched since is said beside it: a weaker proof.",
     OPTIONS({"--csv", NULL, "with an ID: as a table for a spreadsheet (RFC 4180, UTF-8)"},
             {"--language", "fr|en", "(default: the locale's, else en)"},
             {"--json", NULL, "print each as one line of JSON; with an ID one document"}),
     2, 3, command_publications, "astreintectl publications clinique-saint-jean principal"},
    {"feed create", "CUSTOMER --rota ROLE | --agent AGENT [--name NAME] [--json]",
     "a secret address of a calendar",
     "Prints the address on standard output, once: the gateway keeps only its hash. A calendar\n"
     "program that subscribes to it shows the shifts of the rota, or those of the agent in all\n"
     "rotas, and every change. Whoever has the address reads them: revoke it when it gets about.",
     OPTIONS({"--rota", "ROLE", "the calendar of this rota"},
             {"--agent", "AGENT", "the calendar of this agent"},
             {"--name", "NAME", "whose the address is, to know later which to revoke"},
             OPTION_JSON),
     1, 1, command_feed_create,
     "astreintectl feed create clinique-saint-jean --agent claire --name 'phone'"},
    {"feed list", "CUSTOMER --rota ROLE | --agent AGENT [--json]", "list addresses of calendars",
     "Never shows an address itself.",
     OPTIONS({"--rota", "ROLE", "of this rota"}, {"--agent", "AGENT", "of this agent"},
             OPTION_JSON_LINES),
     1, 1, command_feed_list, "astreintectl feed list clinique-saint-jean --agent claire"},
    {"feed revoke", "CUSTOMER ID --rota ROLE | --agent AGENT", "revoke an address of a calendar",
     "Takes effect at once. ID is what `feed list` prints.",
     OPTIONS({"--rota", "ROLE", "of this rota"}, {"--agent", "AGENT", "of this agent"}), 2, 2,
     command_feed_revoke, "astreintectl feed revoke clinique-saint-jean 7 --agent claire"},
    {"rehearse",
     "CUSTOMER WHEN [--assume LIST] [--procedure SLUG] [--severity S] [--providers LIST] …",
     "what would happen, without sending anything",
     "Plays an escalation ahead as the gateway would run it: whom each step reaches at that time,\n"
     "who is told when and how, and after how long a human has it. Nothing is written or sent.\n"
     "WHEN is on the customer's clock: 'sunday 03:00', 'dimanche 03:00', 03:00, 2026-12-06T03:00;\n"
     "or 2026-12-06T02:00:00Z.\n\n"
     "--assume lists, with commas between, who[/path]=does[@seconds]. Who: an agent's slug, with\n"
     "#installation for one phone; contact:SLUG; everybody. Path: push or call. Does: dead (a "
     "push\n"
     "never arrives, a call fails), silent (it arrives, nobody answers; a call with @seconds is\n"
     "reported as not answered then), accepts, declines (30 seconds after it went out, or\n"
     "@seconds), busy. Of several that fit, the last counts. Nobody answers who is not named.\n"
     "--providers lists apns, fcm, webpush, telephony with =down or =refuses.\n\n"
     "Providers are taken to answer at once and the telephone lines to be free.",
     OPTIONS({"--assume", "LIST", "what people do: paul=dead,zoe/call=declines@20"},
             {"--procedure", "SLUG", "(default: the customer's default procedure)"},
             {"--severity", "S", "(default: critical)"},
             {"--providers", "LIST", "what fails: apns=down,telephony=refuses"},
             {"--promised", "SECONDS", "a call back was promised to the caller"},
             {"--span", "SECONDS", "stop after this long (default: a day; at most seven)"},
             {"--language", "fr|en", "(default: the locale's, else the customer's)"}, OPTION_JSON),
     2, 2, command_rehearse,
     "astreintectl rehearse clinique-saint-jean 'sunday 03:00' --assume paul=dead,zoe=declines"},
    {"coverage", "[--customer SLUG] [--days N] [--last] [--json]",
     "whether somebody will be there in the coming weeks",
     "Gaps of the rotas that procedures name; people on call without a number or a phone that was\n"
     "ever proven to receive, or whose numbers were not answered for long; the same person twice\n"
     "at once; procedures that reach nobody; rest that was too short after interventions; and for\n"
     "each procedure the longest until a human has it, and whether the customer approved it and\n"
     "its review is due, which is no finding. At its end it says what was counted and what was\n"
     "not.\n\n"
     "Exit code 0: nothing was found; 4: something was, or (--last) nobody looked.",
     OPTIONS(
         {"--customer", "SLUG", "only this customer's (default: all that the key covers)"},
         {"--days", "N", "how far ahead, 1 to 90 (default: 90)"},
         {"--daily-rest", "HOURS", "due each day (default: 11; 0: not looked at)"},
         {"--weekly-rest", "HOURS", "due each week, in one piece (default: 35; 0: likewise)"},
         {"--number-proof", "DAYS",
          "a number must have been answered within so many (default: 90; 0: likewise)"},
         {"--last", NULL, "what the gateway found by itself last, at once: nothing is computed"},
         {"--language", "fr|en", "(default: the locale's, else the customer's)"}, OPTION_JSON),
     0, 0, command_coverage, "astreintectl coverage --customer clinique-saint-jean --days 30"},
    {"desk", "NUMBER [--language fr|en] [--json]", "what to see of a call, by the number called",
     "NUMBER is the one that the call came in on. Whose it is and whether it is open, what to say\n"
     "and to ask, who is on call in each role and whether proven reachable, what is open already\n"
     "and the procedures. With --json also what the customer's rules will make of the call.",
     OPTIONS({"--language", "fr|en", "(default: the locale's, else the customer's)"}, OPTION_JSON),
     1, 1, command_desk, "astreintectl desk '01 42 34 56 78'"},
    {"reachability", "CUSTOMER [AGENT] [--contact SLUG] [--language fr|en] [--json]",
     "who can be reached now, by push and by call, and what shows it",
     "A phone is proven by a push that it confirmed, and doubtful once it is unheard of for half\n"
     "an hour or did not confirm its last test push. A number is proven by a key pressed in a\n"
     "call; a call that was answered without one may have met a voicemail. Whoever has several\n"
     "is shown with each, in the order in which they are called. Without AGENT and --contact: all\n"
     "active agents, then the contacts. With --json, one JSON object a line.",
     OPTIONS({"--contact", "SLUG", "this contact"},
             {"--language", "fr|en", "(default: the locale's, else en)"}, OPTION_JSON_LINES),
     1, 2, command_reachability, "astreintectl reachability clinique-saint-jean claire"},
    {"key generate", "", "make a fresh API key, offline",
     "Prints ak_<22>_<43> from 16 and 32 random bytes, for the daemon's root_key_file.\n"
     "Needs no gateway.",
     NULL, 0, 0, command_key_generate, "(umask 077; astreintectl key generate > root.key)"},
    {"key create", "--name NAME --role ROLE --customers SLUG,...|* [--json]", "make an API key",
     "ROLE is call-centre, telephony, admin or portal. The key is printed on standard output, "
     "once:\n"
     "the gateway keeps only its hash. Its id goes to standard error.",
     OPTIONS({"--name", "NAME", "whose key it is"}, {"--role", "ROLE", "what it may do"},
             {"--customers", "LIST", "slugs with commas between, or * for all"}, OPTION_JSON),
     0, 0, command_key_create,
     "(umask 077; astreintectl key create --name desk --role call-centre --customers '*'\n"
     "    > desk.key)"},
    {"key list", "[--json]", "list API keys", "Never shows a key itself.",
     OPTIONS(OPTION_JSON_LINES), 0, 0, command_key_list, "astreintectl key list"},
    {"key revoke", "ID", "revoke an API key", "Takes effect at once. ID is what `key list` prints.",
     NULL, 1, 1, command_key_revoke, "astreintectl key revoke KEY"},
    {"vapid create", "FILE", "make the key for browsers' push services, offline",
     "Writes a private key on P-256 (PEM) into a new FILE, for the daemon's web_key_file, and "
     "prints\n"
     "its public half, which the web app subscribes with (applicationServerKey). An existing FILE\n"
     "is left alone: with another key all subscriptions are lost. Needs no gateway.",
     NULL, 1, 1, command_vapid_create, "astreintectl vapid create vapid.pem"},
    {"vapid public", "FILE", "the public half of that key",
     "Prints it in base64url, as browsers want it. Needs no gateway.", NULL, 1, 1,
     command_vapid_public, "astreintectl vapid public vapid.pem"},
    {"backup", "[--json]", "back up the gateway's database while it runs",
     "The gateway copies its last commit into its backup folder (backup_folder in its "
     "configuration),\n"
     "proves the copy to its last page, and keeps the newest (backups_kept). Prints the file, its\n"
     "size and SHA-256 and what is in it; on a terminal also how far it is. The file holds every\n"
     "customer's data and is readable by the gateway's user alone: take it off the machine with "
     "the\n"
     "tool that you trust with such files.\n\n"
     "Needs an admin key over all customers. One backup at a time; the gateway goes on meanwhile, "
     "and\n"
     "the backup gives way when a storm comes. Interrupting this command does not end the "
     "backup.\n"
     "Exit code 1 means that there is no backup. To restore one: astreinted --help.",
     OPTIONS(OPTION_JSON), 0, 0, command_backup, "astreintectl backup"},
    {"health", "[--json]", "whether the gateway is ready",
     "Asks /readyz; needs no key. Exit code 0: ready, that is, new escalations are taken, also\n"
     "while a push provider or a telephony endpoint is down, which the first line names; 1: not\n"
     "ready, with the reasons; 3: no answer.",
     OPTIONS(OPTION_JSON), 0, 0, command_health, "astreintectl health"},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
