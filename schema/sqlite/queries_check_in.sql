-- Prise de poste: plans, the duties that were judged, and the agents' check-ins.

-- name: check_in_plan_put
-- A plan that is changed goes on from when it was made.
INSERT INTO check_in_plan (
  customer_id, rota, opens_before_s, remind_before_s, closes_after_s, procedure, severity, since_at,
  probe_s)
VALUES (
  :customer_id, :rota, :opens_before_s, :remind_before_s, :closes_after_s, :procedure, :severity,
  :since_at, :probe_s)
ON CONFLICT (customer_id, rota) DO UPDATE SET
  opens_before_s = excluded.opens_before_s, remind_before_s = excluded.remind_before_s,
  closes_after_s = excluded.closes_after_s, procedure = excluded.procedure,
  severity = excluded.severity, probe_s = excluded.probe_s;

-- name: check_in_plan_delete
DELETE FROM check_in_plan WHERE customer_id = :customer_id AND rota = :rota;

-- name: check_in_plan_list
SELECT
  customer_id, rota, opens_before_s, remind_before_s, closes_after_s, procedure, severity, since_at,
  probe_s
FROM check_in_plan
WHERE customer_id = :customer_id ORDER BY rota;

-- name: check_in_duty_put
INSERT INTO check_in_duty (
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at)
VALUES (
  :customer_id, :rota, :shift_from_at, :agent_id, :shift_to_at, :state, :judged_at,
  nullif(:escalation_id, zeroblob(16)), :completed_at, :completed_way, :replaced_by,
  :asked_because, :probe_due_engine, :probed_at)
ON CONFLICT (customer_id, rota, shift_from_at, agent_id) DO UPDATE SET
  shift_to_at = excluded.shift_to_at, state = excluded.state, judged_at = excluded.judged_at,
  escalation_id = excluded.escalation_id, completed_at = excluded.completed_at,
  completed_way = excluded.completed_way, replaced_by = excluded.replaced_by,
  asked_because = excluded.asked_because, probe_due_engine = excluded.probe_due_engine,
  probed_at = excluded.probed_at;

-- name: check_in_duty_get
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty
WHERE customer_id = :customer_id AND rota = :rota AND shift_from_at = :shift_from_at
  AND agent_id = :agent_id;

-- name: check_in_duty_of_escalation
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty
WHERE customer_id = :customer_id AND escalation_id = :escalation_id
ORDER BY shift_from_at, agent_id LIMIT 1;

-- name: check_in_duty_missing
-- Of an agent: shifts that are not over, for which the procedure was started or is about to be.
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty
WHERE customer_id = :customer_id AND agent_id = :agent_id AND shift_to_at > :after
  AND state IN (1, 5)
ORDER BY shift_to_at LIMIT :limit;

-- name: check_in_duty_taken_up
-- Of an agent: shifts that are not over and that they took up.
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty
WHERE customer_id = :customer_id AND agent_id = :agent_id AND shift_to_at > :after AND state = 0
ORDER BY shift_to_at LIMIT :limit;

-- name: check_in_duty_probes
-- Of all: those whose phones are to be looked at next, the first first.
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty INDEXED BY check_in_duty_probe
WHERE probe_due_engine IS NOT NULL
ORDER BY probe_due_engine LIMIT :limit;

-- name: check_in_duty_replaced
-- Of a rota: shifts that somebody else took and that are not over.
SELECT
  customer_id, rota, shift_from_at, agent_id, shift_to_at, state, judged_at, escalation_id,
  completed_at, completed_way, replaced_by, asked_because, probe_due_engine, probed_at
FROM check_in_duty
WHERE customer_id = :customer_id AND rota = :rota AND shift_to_at > :after AND state = 2
ORDER BY shift_from_at, agent_id LIMIT :limit;

-- name: check_in_duty_escalated
-- Of a customer: those whose escalation is open.
SELECT
  d.customer_id, d.rota, d.shift_from_at, d.agent_id, d.shift_to_at, d.state, d.judged_at,
  d.escalation_id, d.completed_at, d.completed_way, d.replaced_by, d.asked_because,
  d.probe_due_engine, d.probed_at
FROM escalation e INDEXED BY escalation_check_in
JOIN check_in_duty d ON d.customer_id = e.customer_id AND d.escalation_id = e.escalation_id
WHERE e.customer_id = :customer_id AND e.check_in_agent <> 0 AND e.closed_at IS NULL
  AND d.state = 1
LIMIT :limit;

-- name: check_in_insert
INSERT INTO check_in (
  customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, way, test_id,
  completed_at, permission, silent_mode, battery_percent, app_version, number_confirmed,
  numbers_mark)
VALUES (
  :customer_id, :agent_id, :installation, :role, :shift_from_at, :shift_to_at, :in_at, :way,
  nullif(:test_id, zeroblob(16)), :completed_at, :permission, :silent_mode, :battery_percent,
  :app_version, :number_confirmed, :numbers_mark)
RETURNING check_in_id;

-- name: check_in_out
-- Of the mark is left whether the numbers are others by now.
UPDATE check_in SET out_at = :out_at, note = :note,
  numbers_mark = number_confirmed AND numbers_mark <> :numbers_mark
WHERE customer_id = :customer_id AND agent_id = :agent_id AND out_at IS NULL;

-- name: check_in_current
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in
WHERE customer_id = :customer_id AND agent_id = :agent_id AND out_at IS NULL
ORDER BY check_in_id DESC LIMIT 1;

-- name: check_in_completed
-- The newest complete one of an agent, of those made at or after a moment.
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in
WHERE customer_id = :customer_id AND agent_id = :agent_id AND in_at >= :since
  AND completed_at IS NOT NULL
ORDER BY in_at DESC LIMIT 1;

-- name: check_in_of_test
-- The one that waits for this test push.
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in
WHERE test_id = :test_id AND completed_at IS NULL AND out_at IS NULL
LIMIT 1;

-- name: check_in_of_shift
-- Of an agent, of those made from the opening of a shift to its end: a complete one, or the newest.
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in
WHERE customer_id = :customer_id AND agent_id = :agent_id AND in_at >= :since AND in_at < :until
ORDER BY completed_at IS NULL, in_at DESC, check_in_id DESC LIMIT 1;

-- name: check_in_standing
-- By the app, of a customer, not checked out, of a shift that is not over.
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in INDEXED BY check_in_open
WHERE customer_id = :customer_id AND out_at IS NULL AND way = 0 AND shift_to_at > :now
ORDER BY agent_id;

-- name: check_in_deny
UPDATE check_in SET permission = 'denied'
WHERE customer_id = :customer_id AND check_in_id = :check_in_id;

-- name: check_in_complete
UPDATE check_in SET completed_at = :completed_at
WHERE customer_id = :customer_id AND check_in_id = :check_in_id;

-- name: check_in_note
-- The newest note that was left in a role by somebody else.
SELECT
  check_in_id, customer_id, agent_id, installation, role, shift_from_at, shift_to_at, in_at, out_at,
  way, test_id, completed_at, note, permission, silent_mode, battery_percent, app_version,
  number_confirmed, numbers_mark
FROM check_in
WHERE customer_id = :customer_id AND role = :role AND out_at >= :since AND note IS NOT NULL
  AND agent_id <> :agent_id
ORDER BY out_at DESC LIMIT 1;

-- name: check_in_erase_notes
-- Some of a customer's notes that were left before.
UPDATE check_in SET note = NULL
WHERE check_in_id IN (
  SELECT check_in_id FROM check_in INDEXED BY check_in_noted
  WHERE customer_id = :customer_id AND note IS NOT NULL AND out_at < :before LIMIT :limit);
