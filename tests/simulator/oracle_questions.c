/* oracle_questions.c - what the oracle asks the database. */
#include "tests/simulator/oracle_private.h"

/* One question instead of three: most of the time there is nothing new. */
#define NEWS_OF_JOURNAL(customer)                                                                  \
    "SELECT seq, kind, at, at_engine, escalation_id, facts, personal_digest, chain, "              \
    "facts ->> 'round', facts ->> 'step', facts ->> 'word', customer_id, facts ->> 'attempt', "    \
    "facts ->> 'person_kind', facts ->> 'person', facts ->> 'number', "                            \
    "facts ->> 'other_kind', facts ->> 'other' "                                                   \
    "FROM timeline WHERE customer_id = " #customer " AND seq > ?" #customer
_Static_assert(CUSTOMERS == 3, "a part of the question for each customer");
/* 1: push, 2: call, 3: both; of an array of those words. */
#define VIA_OF(by)  "(" by " LIKE '%push%') + 2 * (" by " LIKE '%call%')"
#define VIA_OF_STEP VIA_OF("(p.definition -> 'steps' -> CAST(?1 AS INTEGER) -> 'by')")
#define VIA_OF_END                                                                                 \
    VIA_OF("coalesce(p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) -> 'by', 'call')")
/* Milliseconds since 1970. */
#define MS_OF(time) "(1000 * strftime('%s', " time ") + substr(strftime('%f', " time "), 4))"
/* The first entry of an index, four times. */
#define NEXT_DUE_OF(severity)                                                                      \
    "SELECT min(due_engine) AS due FROM escalation WHERE severity = " #severity                    \
    " AND due_engine IS NOT NULL AND quarantined = 0"

const char *const oracle_questions[QUESTIONS_COUNT] = {
    [ASK_JOURNAL] =
        NEWS_OF_JOURNAL(1) " UNION ALL " NEWS_OF_JOURNAL(2) " UNION ALL " NEWS_OF_JOURNAL(3),
    [ASK_ENTRY] = "SELECT chain FROM timeline WHERE customer_id = ? AND seq = ?",
    [ASK_ROW] = "SELECT state, holder_kind, due_engine, closed_at, quarantined, escalation_id, "
                "intervention, drill "
                "FROM escalation WHERE escalation_id = ?",
    [ASK_OPEN] = "SELECT e.state, e.holder_kind, e.due_engine, e.closed_at, e.quarantined, "
                 "e.escalation_id, "
                 "(SELECT coalesce(p.definition ->> 'exhausted_every_s', 60) FROM procedure AS p "
                 "WHERE p.procedure_id = e.procedure_id), "
                 "EXISTS (SELECT 1 FROM attempt AS a WHERE a.customer_id = e.customer_id "
                 "AND a.escalation_id = e.escalation_id AND a.state = 0 AND a.path = 1) "
                 "FROM escalation AS e WHERE e.closed_at IS NULL",
    [ASK_DUE] = "SELECT escalation_id, due_engine FROM escalation WHERE severity IN (0, 1, 2, 3) "
                "AND due_engine IS NOT NULL AND quarantined = 0 AND due_engine <= ?",
    [ASK_NEXT_DUE] = "SELECT min(due) FROM (" NEXT_DUE_OF(0) " UNION ALL " NEXT_DUE_OF(
        1) " UNION ALL " NEXT_DUE_OF(2) " UNION ALL " NEXT_DUE_OF(3) ")",
    [ASK_OUTBOX] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 0 AND path <> 1 "
                   "UNION ALL SELECT test_id FROM device_test WHERE state = 0",
    [ASK_ON_THE_WAY] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 1 "
                       "UNION ALL SELECT test_id FROM device_test WHERE state = 1",
    [ASK_ATTEMPT] =
        "SELECT a.state, a.device_id, a.person_id, a.severity, e.drill, "
        "a.not_after_engine, t.summary, e.state, a.position = e.position, a.planned_engine, "
        "e.search_until_engine IS NOT NULL, e.holder_kind, e.holder_id, a.person_kind, a.phone "
        "FROM attempt AS a JOIN escalation AS e ON e.customer_id = a.customer_id "
        "AND e.escalation_id = a.escalation_id JOIN ticket AS t "
        "ON t.customer_id = e.customer_id AND t.ticket_id = e.ticket_id WHERE a.customer_id = ? "
        "AND a.escalation_id = ? AND a.attempt_id = ?",
    [ASK_HOLDER] = "SELECT holder_id FROM escalation WHERE escalation_id = ? AND holder_kind = 1",
    [ASK_PROCEDURE] =
        "SELECT p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'accepted_within_s', "
        "p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'received_within_s', "
        "coalesce(p.definition ->> 'round_spacing_s', 120), "
        "coalesce(p.definition ->> 'holder_silent_s', 120), "
        "coalesce(p.definition ->> 'rounds', 2), json_array_length(p.definition, '$.steps'), "
        "coalesce(p.definition ->> 'exhausted_every_s', 60), "
        "coalesce(json_array_length(p.definition, '$.exhausted'), 0), " VIA_OF_STEP ", "
        "coalesce(p.definition ->> 'progress_within_s', 1800), "
        "coalesce(p.definition ->> 'promise_warning_s', 60), "
        "coalesce(p.definition ->> 'doubtful_calls_too', 1), "
        "coalesce(p.definition ->> 'offer_within_s', 300), "
        "coalesce(p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'acceptances', 1) "
        "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
        "WHERE e.escalation_id = ?2",
    [ASK_DUTY] = "SELECT count(*), max(installation), max(way) FROM check_in "
                 "WHERE customer_id = ? AND agent_id = ? AND out_at IS NULL",
    [ASK_TEST] =
        "SELECT state, device_id, agent_id, received_at FROM device_test WHERE test_id = ?",
    [ASK_ROTA] = "SELECT rota_id, changed_at, definition FROM rota "
                 "WHERE customer_id = ? AND slug = ?",
    [ASK_TURNS] = "SELECT json_array_length(definition, '$.layers[0].participants'), "
                  "60 * substr(definition ->> '$.layers[0].hand_over.time', 1, 2) + "
                  "substr(definition ->> '$.layers[0].hand_over.time', 4, 2), "
                  "definition ->> '$.layers[0].participants[0]', "
                  "definition ->> '$.layers[0].participants[1]' "
                  "FROM rota WHERE rota_id = ? AND definition ->> '$.layers[0].turn' = 'daily' "
                  "AND definition ->> '$.layers[0].starts_on' = '2026-01-01'",
    [ASK_REPLACED] =
        "SELECT o.value ->> 'agent' FROM rota, json_each(definition, '$.overrides') AS o "
        "WHERE rota_id = ?1 AND " MS_OF("o.value ->> 'from'") " <= ?2 AND ?2 < " MS_OF(
            "o.value ->> 'to'") " ORDER BY o.key DESC LIMIT 1",
    [ASK_SHIFT] = "SELECT e.check_in_agent, a.agent_id, " MS_OF(
        "t.fields ->> 'shift_from'") " "
                                     "FROM escalation AS e JOIN ticket AS t ON t.customer_id = "
                                     "e.customer_id "
                                     "AND t.ticket_id = e.ticket_id JOIN agent AS a "
                                     "ON a.customer_id = e.customer_id AND a.slug = t.fields ->> "
                                     "'agent' "
                                     "WHERE e.escalation_id = ? AND t.category = 'check-in'",
    [ASK_PLANS] = "SELECT customer_id, rota, opens_before_s, remind_before_s, since_at "
                  "FROM check_in_plan",
    /* A row when it is live, its agent is checked in by the app, and by nothing else since ?2, and
     * no other of theirs proved anything since, or is the one of the check-in. */
    [ASK_LAST_PHONE] =
        "SELECT d.customer_id, d.agent_id, c.completed_at FROM device AS d JOIN check_in AS c "
        "ON c.customer_id = d.customer_id AND c.agent_id = d.agent_id "
        "WHERE d.device_id = ?1 AND d.retired_at IS NULL AND c.out_at IS NULL AND c.way = 0 "
        "AND c.completed_at >= ?2 AND c.in_at >= ?2 AND NOT EXISTS (SELECT 1 FROM check_in AS o "
        "WHERE o.customer_id = d.customer_id AND o.agent_id = d.agent_id AND o.in_at >= ?2 "
        "AND o.way <> 0) AND NOT EXISTS (SELECT 1 FROM device AS o "
        "WHERE o.customer_id = d.customer_id AND o.agent_id = d.agent_id "
        "AND o.device_id <> d.device_id AND o.retired_at IS NULL "
        "AND (o.proven_at >= ?2 OR o.installation = c.installation))",
    [ASK_RETIRED] = "SELECT d.customer_id, d.agent_id, d.retired_at IS NOT NULL "
                    "FROM device AS d WHERE d.device_id = ?",
    [ASK_NOTIFIED] = "SELECT t.value ->> 'on_call', coalesce(t.value ->> 'agent', "
                     "(SELECT a.slug FROM agent AS a WHERE a.agent_id = e.check_in_agent "
                     "AND t.value ->> 'check_in' = 'agent')), t.value ->> 'contact' "
                     "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
                     "JOIN json_each(p.definition, '$.steps[' || ?1 || '].notify') AS t "
                     "WHERE e.escalation_id = ?2",
    [ASK_END] = "SELECT p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'on_call', "
                "p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'agent', "
                "p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'contact', " VIA_OF_END
                " FROM escalation AS e JOIN procedure AS p "
                "ON p.procedure_id = e.procedure_id WHERE e.escalation_id = ?2",
    [ASK_DESK] = "SELECT coalesce(p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) "
                 "->> 'callback', (SELECT t.value ->> 'callback' "
                 "FROM json_each(p.definition, '$.exhausted') AS t "
                 "WHERE t.value ->> 'callback' IS NOT NULL LIMIT 1), 'call-centre') "
                 "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
                 "WHERE e.escalation_id = ?2",
    [ASK_PERSON] = "SELECT agent_id FROM agent WHERE customer_id = ?1 AND slug = ?3 AND active "
                   "AND ?2 = 1 UNION ALL SELECT contact_id FROM contact "
                   "WHERE customer_id = ?1 AND slug = ?3 AND active AND ?2 = 2",
    [ASK_ACTIVE] = "SELECT 1 FROM agent WHERE agent_id = ?3 AND customer_id = ?1 AND active "
                   "AND ?2 = 1 UNION ALL SELECT 1 FROM contact WHERE contact_id = ?3 "
                   "AND customer_id = ?1 AND active AND ?2 = 2",
    [ASK_NUMBERS] = "SELECT phone, -1 AS place FROM agent WHERE agent_id = ?3 AND phone <> '' "
                    "AND ?2 = 1 UNION ALL SELECT phone, -1 FROM contact WHERE contact_id = ?3 "
                    "AND phone <> '' AND ?2 = 2 UNION ALL SELECT phone, position "
                    "FROM further_number WHERE customer_id = ?1 AND person_kind = ?2 "
                    "AND person_id = ?3 ORDER BY 2",
    [ASK_CALLS] = "SELECT phone, attempt_id, planned_engine, "
                  "answer IN (4, 5, 6, 7) OR state IN (5, 6), answer = 3 FROM attempt "
                  "WHERE customer_id = ? AND escalation_id = ? AND path = 1 AND purpose = ?3 "
                  "AND (position = ?4 OR ?3 <> 0) AND number = ? AND not_after_engine = ? AND "
                  "person_kind = ? "
                  "AND person_id = ? ORDER BY attempt_id",
    [ASK_CALL] = "SELECT purpose, position, number, not_after_engine, person_kind, person_id "
                 "FROM attempt WHERE customer_id = ? AND escalation_id = ? AND attempt_id = ? "
                 "AND path = 1",
    [ASK_MEMBER] = "SELECT 1 FROM escalation_member AS m JOIN escalation AS e "
                   "ON e.customer_id = m.customer_id AND e.escalation_id = m.escalation_id "
                   "WHERE e.escalation_id = ? AND m.person_kind = 1 AND m.person_id = ?",
    [ASK_TEAM] = "SELECT 0, person_kind, person_id, 0, 0, 0, 0 FROM escalation_member "
                 "WHERE customer_id = ?1 AND escalation_id = ?2 AND intervention <> 5 UNION ALL "
                 "SELECT 1, person_kind, person_id, role, until_engine, origin, "
                 "(SELECT count(DISTINCT other.stays) FROM escalation_offer AS other "
                 "WHERE other.customer_id = ?1 AND other.escalation_id = ?2 "
                 "AND other.until_engine = offer.until_engine) FROM escalation_offer AS offer "
                 "WHERE customer_id = ?1 AND escalation_id = ?2 UNION ALL "
                 "SELECT 2, 0, 0, wanted, search_until_engine, 0, 0 FROM escalation "
                 "WHERE customer_id = ?1 AND escalation_id = ?2",
    [ASK_PAUSE] = "SELECT until_engine FROM agent_pause WHERE customer_id = ? AND agent_id = ?",
    [ASK_HEARD] = "SELECT registered_at, proven_at, heard_at, retired_at FROM device "
                  "WHERE customer_id = ? AND agent_id = ? AND coalesce(permission, '') <> 'denied'",
    [ASK_DEVICES] = "SELECT device_id, registered_at, retired_at FROM device "
                    "WHERE customer_id = ? AND agent_id = ?",
    [ASK_PLANNED] = "SELECT purpose, path, person_kind, person_id, device_id, not_after_engine, "
                    "position, number, callback, attempt_id, severity, phone FROM attempt "
                    "WHERE customer_id = ? AND escalation_id = ? AND planned_engine = ?",
    [ASK_WORSENED] = "SELECT 1 FROM timeline WHERE customer_id = ?1 AND seq > ?2 "
                     "AND seq < ?2 + 100 AND escalation_id = ?3 AND kind = 27 AND at_engine = ?4",
    [ASK_SCREENS] = "SELECT DISTINCT device_id, person_id FROM (SELECT * FROM attempt "
                    "WHERE customer_id = ?1 AND escalation_id = ?2 "
                    "ORDER BY attempt_id DESC LIMIT 300) "
                    "WHERE path = 0 AND purpose <> 3 AND (received_at < ?3 "
                    "OR (platform <> 1 AND state = 2 AND accepted_at < ?3))",
    [ASK_DECLINES] =
        "SELECT 1 FROM attempt WHERE customer_id = ?1 AND escalation_id = ?2 "
        "AND person_kind = ?3 AND person_id = ?4 AND round = ?5 "
        "AND planned_engine >= ?6 "
        "AND (attempt_id = ?7 OR purpose = 10 OR (position = ?8 AND purpose = 0)) LIMIT 1",
    [ASK_OF_ATTEMPT] = "SELECT purpose, position, device_id FROM attempt "
                       "WHERE customer_id = ? AND escalation_id = ? AND attempt_id = ?",
    [ASK_PROMISES] = "SELECT c.number FROM caller AS c WHERE c.customer_id = ?1 "
                     "AND c.escalation_id = ?2 AND ((c.promise = 1 AND ?3 IN (6, 7, 8)) "
                     "OR (c.promise = 2 AND (?3 = 8 OR NOT EXISTS (SELECT 1 FROM desk_task AS t "
                     "WHERE t.customer_id = ?1 AND t.escalation_id = ?2 AND t.kind IN (0, 3) "
                     "AND t.caller = c.number)))) LIMIT 1",
    [ASK_PROMISED] = "SELECT promise, promise_engine FROM caller "
                     "WHERE customer_id = ? AND escalation_id = ? AND number = ?",
    [ASK_STANDING] = "SELECT state, severity, due_engine, closed_at, held_since_at, eta_at, "
                     "(SELECT min(c.promise_engine) FROM caller AS c "
                     "WHERE c.customer_id = e.customer_id AND c.escalation_id = e.escalation_id "
                     "AND c.promise = 1), (SELECT count(*) FROM desk_task AS t "
                     "WHERE t.customer_id = e.customer_id AND t.escalation_id = e.escalation_id), "
                     "min(coalesce(e.shift_until_engine, ?3), coalesce(e.search_until_engine, ?3), "
                     "coalesce((SELECT min(o.until_engine) FROM escalation_offer AS o WHERE "
                     "o.customer_id = e.customer_id AND o.escalation_id = e.escalation_id), ?3)) "
                     "FROM escalation AS e "
                     "WHERE e.customer_id = ?1 AND e.escalation_id = ?2",
    [ASK_HOPE] = "SELECT count(*) FROM attempt WHERE customer_id = ?1 AND escalation_id = ?2 "
                 "AND position = ?3 AND purpose = 0 AND answer NOT IN (4, 5, 6, 7) "
                 "AND state NOT IN (5, 6) AND NOT (state <= 1 AND delayed_at IS NOT NULL) "
                 "AND (?4 IS NULL OR (state NOT IN (3, 4) AND delayed_at IS NULL "
                 "AND planned_engine < ?4))",
    [ASK_ALERTED] =
        "SELECT count(*) FROM attempt WHERE customer_id = ? AND escalation_id = ? "
        "AND position = ? AND purpose = 0 AND person_kind = ? AND person_id = ? "
        "AND (device_id = ?6 OR ?6 = -1) AND (?7 OR state <> 5) AND (?8 IS NULL OR phone = ?8)",
    [ASK_ALARMS] = "SELECT coalesce(max(alarm_id), 0) FROM alarm",
    [ASK_TOLD] = "SELECT holder_kind, holder_id FROM escalation WHERE escalation_id = ?",
};
