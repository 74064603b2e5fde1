/* words.h - the enumerations of the domain and their words, as API, schema and timeline spell them.
 *
 * Numbers are stored; they never change meaning and never get reused.
 */
#ifndef GATEWAY_CORE_WORDS_H
#define GATEWAY_CORE_WORDS_H

#include <stdbool.h>

#define SEVERITY_TABLE(X)                                                                          \
    X(INFO, 0, "info")                                                                             \
    X(MINOR, 1, "minor")                                                                           \
    X(MAJOR, 2, "major")                                                                           \
    X(CRITICAL, 3, "critical")

/*  NOTIFYING ──round over──► WAITING ──spacing over──► NOTIFYING
 *      │  └──last round over──► EXHAUSTED (announced again and again)
 *      ├──accept──► ACCEPTED ──no progress──► OVERDUE ──silence──► NOTIFYING
 *      └──take────► TAKEN
 *  Whoever holds it ends it (DONE) or hands it back (NOTIFYING); an offer that is accepted makes
 *  somebody else the holder (ACCEPTED) in one move. The desk cancels: a holder is told
 *  until they confirm (CANCELLING), then CANCELLED. What is to wait for the customer's opening
 * begins ON_HOLD and goes on as NOTIFYING; so does what is only a ticket, while a promise to its
 * caller is watched, and ends NOTED. */
#define ESCALATION_STATE_TABLE(X)                                                                  \
    X(NOTIFYING, 0, "notifying")                                                                   \
    X(WAITING, 1, "waiting")                                                                       \
    X(ACCEPTED, 2, "accepted")                                                                     \
    X(OVERDUE, 3, "overdue")                                                                       \
    X(EXHAUSTED, 4, "exhausted")                                                                   \
    X(TAKEN, 5, "taken")                                                                           \
    X(CANCELLING, 6, "cancelling")                                                                 \
    X(CANCELLED, 7, "cancelled")                                                                   \
    X(DONE, 8, "done")                                                                             \
    X(ON_HOLD, 9, "on_hold") /* nobody is told for now */                                          \
    X(NOTED, 10, "noted")    /* only a ticket: nobody was told */

#define INTERVENTION_TABLE(X)                                                                      \
    X(NONE, 0, "none")                                                                             \
    X(ACCEPTED, 1, "accepted")                                                                     \
    X(REMOTE, 2, "remote")                                                                         \
    X(ON_MY_WAY, 3, "on_my_way")                                                                   \
    X(ON_SITE, 4, "on_site")                                                                       \
    X(DONE, 5, "done")

/* Who somebody is: agents and contacts have a row, an operator only a name. */
#define PERSON_KIND_TABLE(X)                                                                       \
    X(NONE, 0, "none")                                                                             \
    X(AGENT, 1, "agent")                                                                           \
    X(CONTACT, 2, "contact")                                                                       \
    X(OPERATOR, 3, "operator")                                                                     \
    X(CALLBACK, 4, "callback")

/* Through what an attempt goes out, or an answer came in. */
#define PATH_TABLE(X)                                                                              \
    X(PUSH, 0, "push")                                                                             \
    X(CALL, 1, "call")                                                                             \
    X(CALLBACK, 2, "callback")                                                                     \
    X(APP, 3, "app")                                                                               \
    X(DESK, 4, "desk")

#define ATTEMPT_PURPOSE_TABLE(X)                                                                   \
    X(ALERT, 0, "alert")                 /* asks for an acceptance */                              \
    X(UPDATE, 1, "update")               /* the ticket worsened */                                 \
    X(HOLDER_CALL, 2, "holder_call")     /* is the holder still at it? a key extends */            \
    X(WITHDRAW, 3, "withdraw")           /* taken by somebody else: replace the notification */    \
    X(CANCEL_NOTICE, 4, "cancel_notice") /* told until confirmed */                                \
    X(EXHAUSTED, 5, "exhausted")         /* tells a callback that nobody was reached */            \
    X(FRUITLESS, 6, "fruitless")         /* tells the desk that the first round reached nobody */  \
    X(TASK, 7, "task")                   /* tells the desk that it has something to do */          \
    X(QUARANTINE, 8, "quarantine")       /* tells the call centre that this one was set aside */   \
    X(TEST, 9, "test")                   /* tries a phone's path; never an escalation's */         \
    X(OFFER, 10, "offer")                /* asks one by name to take over, or to join */           \
    X(TEAM, 11, "team")                  /* tells who works on it, now that this changed */

#define ATTEMPT_STATE_TABLE(X)                                                                     \
    X(PLANNED, 0, "planned")                                                                       \
    X(HANDED_OVER, 1, "handed_over")                                                               \
    X(ACCEPTED, 2, "accepted")                                                                     \
    X(RECEIVED, 3, "received")                                                                     \
    X(SEEN, 4, "seen")                                                                             \
    X(FAILED, 5, "failed")                                                                         \
    X(EXPIRED, 6, "expired")                                                                       \
    X(UNCERTAIN, 7, "uncertain")

#define ATTEMPT_ANSWER_TABLE(X)                                                                    \
    X(NONE, 0, "none")                                                                             \
    X(RINGING, 1, "ringing")                                                                       \
    X(ANSWERED, 2, "answered")                                                                     \
    X(ACCEPTED, 3, "accepted")                                                                     \
    X(DECLINED, 4, "declined")                                                                     \
    X(BUSY, 5, "busy")                                                                             \
    X(NO_ANSWER, 6, "no_answer")                                                                   \
    X(FAILED, 7, "failed")

#define PROMISE_TABLE(X)                                                                           \
    X(NONE, 0, "none")                                                                             \
    X(OPEN, 1, "open")                                                                             \
    X(WARNED, 2, "warned")                                                                         \
    X(KEPT, 3, "kept")                                                                             \
    X(SPLIT, 4, "split") /* the caller has an escalation of their own now */

#define PLATFORM_TABLE(X)                                                                          \
    X(NONE, 0, "none")                                                                             \
    X(APNS, 1, "apns")                                                                             \
    X(FCM, 2, "fcm")                                                                               \
    X(WEBPUSH, 3, "webpush")

#define TASK_KIND_TABLE(X)                                                                         \
    X(PROMISE, 0, "promise")   /* call the caller back: a promise is about to break */             \
    X(PROGRESS, 1, "progress") /* the holder shows no progress */                                  \
    X(CANCEL, 2, "cancel")     /* the holder of a cancelled escalation did not confirm */          \
    X(CALLER, 3, "caller")     /* a cancelled escalation leaves a promise open */                  \
    X(OFFER, 4, "unaccepted")  /* who was asked by name did not accept */                          \
    X(TEAM, 5, "short_handed") /* fewer accepted than the step wanted */

#define ENTRY_KIND_TABLE(X)                                                                        \
    X(OPENED, 0, "opened")                                                                         \
    X(JOINED, 1, "joined")                                                                         \
    X(SPLIT, 2, "split")                                                                           \
    X(STEP_STARTED, 3, "step_started")                                                             \
    X(PERSON_SKIPPED, 4, "person_skipped")                                                         \
    X(STEP_ENDED, 5, "step_ended")                                                                 \
    X(ROUND_ENDED, 6, "round_ended")                                                               \
    X(EXHAUSTED, 7, "exhausted")                                                                   \
    X(ATTEMPT_PLANNED, 8, "attempt_planned")                                                       \
    X(ATTEMPT_ACCEPTED, 9, "attempt_accepted")                                                     \
    X(ATTEMPT_FAILED, 10, "attempt_failed")                                                        \
    X(ATTEMPT_EXPIRED, 11, "attempt_expired")                                                      \
    X(ATTEMPT_UNCERTAIN, 12, "attempt_uncertain")                                                  \
    X(RECEIVED, 13, "received")                                                                    \
    X(SEEN, 14, "seen")                                                                            \
    X(CALL_PROGRESS, 15, "call_progress")                                                          \
    X(ACCEPTED, 16, "accepted")                                                                    \
    X(DECLINED, 17, "declined")                                                                    \
    X(PROGRESS, 18, "progress")                                                                    \
    X(EXTENDED, 19, "extended")                                                                    \
    X(OVERDUE, 20, "overdue")                                                                      \
    X(HANDED_BACK, 21, "handed_back")                                                              \
    X(RESUMED, 22, "resumed")                                                                      \
    X(TAKEN, 23, "taken")                                                                          \
    X(DONE, 24, "done")                                                                            \
    X(CANCELLED, 25, "cancelled")                                                                  \
    X(CANCEL_CONFIRMED, 26, "cancel_confirmed")                                                    \
    X(SEVERITY, 27, "severity")                                                                    \
    X(NOTE, 28, "note")                                                                            \
    X(TASK, 29, "task")                                                                            \
    X(TASK_DONE, 30, "task_done")                                                                  \
    X(CALLED_BACK, 31, "called_back")                                                              \
    X(LATE, 32, "late")                                                                            \
    X(RECOVERED, 33, "recovered")                                                                  \
    X(QUARANTINED, 34, "quarantined")                                                              \
    X(REFUSED_VERB, 35, "refused_verb")                                                            \
    X(ATTEMPT_DELAYED, 36, "attempt_delayed")                                                      \
    X(CLOCK_STEPPED, 37, "clock_stepped")                                                          \
    X(CLOCK_SUSPENDED, 38, "clock_suspended")                                                      \
    X(QUALIFIED, 39, "qualified")     /* a rule chose the procedure */                             \
    X(UNQUALIFIED, 40, "unqualified") /* the rules could not */                                    \
    X(OVERRIDDEN, 41, "overridden")   /* an operator did, with a reason */                         \
    X(ON_HOLD, 42, "on_hold")         /* nobody is told before the customer opens */               \
    X(RELEASED, 43, "released")       /* from there: escalated */                                  \
    X(NOTED, 44, "noted")             /* only a ticket */                                          \
    X(FORWARDED, 45, "forwarded")     /* the call itself goes to whoever is on call */             \
    X(CALLED_TOO, 46, "called_too")   /* a push alone may not reach them */                        \
    X(BACKED_UP, 47, "backed_up")     /* the backup is asked beside them */                        \
    X(OFFERED, 48, "offered")         /* somebody is asked by name to take over, or to join */     \
    X(OFFER_ENDED, 49, "offer_ended") /* nothing came of it */                                     \
    X(HANDED_OVER, 50, "handed_over") /* from one holder to the next, without a gap */             \
    X(MEMBER_JOINED, 51, "member_joined")                                                          \
    X(MEMBER_LEFT, 52, "member_left")                                                              \
    X(TEAM_SOUGHT, 53, "team_sought")     /* the step wants more than the one who holds it */      \
    X(TEAM_COMPLETE, 54, "team_complete") /* as many as it wants are there */                      \
    X(TEAM_SHORT, 55, "team_short")       /* everybody was asked, and fewer are */                 \
    X(ASKED_ANEW, 56, "asked_anew")       /* a shift that was taken up is not any more */

/* As what somebody is asked. */
#define OFFER_ROLE_TABLE(X)                                                                        \
    X(HOLDER, 0, "holder")                                                                         \
    X(MEMBER, 1, "member")

/* Who asks. */
#define OFFER_ORIGIN_TABLE(X)                                                                      \
    X(DESK, 0, "desk")                                                                             \
    X(HOLDER, 1, "holder")                                                                         \
    X(SHIFT, 2, "shift")   /* the gateway: the holder's shift has ended */                         \
    X(BACKUP, 3, "backup") /* the gateway: beside somebody busy or paused who is asked */

#define ENUM_MEMBER_(prefix, name, number) prefix##name = (number)

#define X_(name, number, word) ENUM_MEMBER_(SEVERITY_, name, number),
enum severity { SEVERITY_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(ESCALATION_, name, number),
enum escalation_state { ESCALATION_STATE_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(INTERVENTION_, name, number),
enum intervention { INTERVENTION_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(PERSON_, name, number),
enum person_kind { PERSON_KIND_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(PATH_, name, number),
enum path { PATH_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(PURPOSE_, name, number),
enum attempt_purpose { ATTEMPT_PURPOSE_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(ATTEMPT_, name, number),
enum attempt_state { ATTEMPT_STATE_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(ANSWER_, name, number),
enum attempt_answer { ATTEMPT_ANSWER_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(PROMISE_, name, number),
enum promise_state { PROMISE_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(PLATFORM_, name, number),
enum platform { PLATFORM_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(TASK_, name, number),
enum task_kind { TASK_KIND_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(ENTRY_, name, number),
enum entry_kind { ENTRY_KIND_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(OFFER_AS_, name, number),
enum offer_role { OFFER_ROLE_TABLE(X_) };
#undef X_
#define X_(name, number, word) ENUM_MEMBER_(OFFER_BY_, name, number),
enum offer_origin { OFFER_ORIGIN_TABLE(X_) };
#undef X_
#define ENTRY_KIND_LAST       ENTRY_ASKED_ANEW
#define ATTEMPT_PURPOSE_LAST  PURPOSE_TEAM
#define TASK_KIND_LAST        TASK_TEAM
#define ESCALATION_STATE_LAST ESCALATION_NOTED

/* The words; never NULL ("?" for a number outside the table). */
const char *severity_word(enum severity severity);
const char *escalation_state_word(enum escalation_state state);
const char *intervention_word(enum intervention intervention);
const char *person_kind_word(enum person_kind kind);
const char *path_word(enum path path);
const char *attempt_purpose_word(enum attempt_purpose purpose);
const char *attempt_state_word(enum attempt_state state);
const char *attempt_answer_word(enum attempt_answer answer);
const char *promise_word(enum promise_state promise);
const char *platform_word(enum platform platform);
const char *task_kind_word(enum task_kind kind);
const char *entry_kind_word(enum entry_kind kind);
const char *offer_role_word(enum offer_role role);
const char *offer_origin_word(enum offer_origin origin);

/* NULL-terminated word lists, in the order of the numbers: for json_take_word(). */
extern const char *const severity_words[];
extern const char *const escalation_state_words[];
extern const char *const platform_words[];
extern const char *const attempt_answer_words[];
extern const char *const offer_role_words[];

#endif
