-- Escalations, their attempts and their journal: what the engine writes.

-- name: escalation_insert
INSERT INTO escalation (
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count)
VALUES (
  :customer_id, :escalation_id, :ticket_id, :procedure_id, :dedup_key, :state, :severity, :drill,
  :quarantined, :round, :step, :position, :round_started_engine, :wait_until_engine,
  :received_until_engine, :due_engine, :holder_kind, :holder_id, :holder_name, :holder_path,
  :held_since_at, :eta_at, :intervention, :handed_back_kind, :handed_back_id, :handed_back_name,
  :announcements, :notices, :callers_count, :opened_at, :closed_at, :held_until_at, :next_what,
  :version, :owner, :fence, :check_in_agent, :wanted, :search_until_engine, :shift_until_engine,
  :members_count, :offers_count);

-- name: escalation_update
-- The procedure changes as long as it has not begun: what is on hold follows its newest version.
UPDATE escalation SET
  procedure_id = :procedure_id, state = :state, severity = :severity, quarantined = :quarantined,
  round = :round, step = :step, position = :position,
  round_started_engine = :round_started_engine, wait_until_engine = :wait_until_engine,
  received_until_engine = :received_until_engine, due_engine = :due_engine,
  holder_kind = :holder_kind, holder_id = :holder_id, holder_name = :holder_name,
  holder_path = :holder_path, held_since_at = :held_since_at, eta_at = :eta_at,
  intervention = :intervention, handed_back_kind = :handed_back_kind,
  handed_back_id = :handed_back_id, handed_back_name = :handed_back_name,
  announcements = :announcements, notices = :notices, callers_count = :callers_count,
  closed_at = :closed_at, held_until_at = :held_until_at, next_what = :next_what,
  wanted = :wanted, search_until_engine = :search_until_engine,
  shift_until_engine = :shift_until_engine, members_count = :members_count,
  offers_count = :offers_count, version = :version
WHERE customer_id = :customer_id AND escalation_id = :escalation_id
  AND version = :version - 1 AND fence = :fence;

-- name: escalation_get
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count
FROM escalation
WHERE customer_id = :customer_id AND escalation_id = :escalation_id;

-- name: escalation_set_aside
-- Without the core: for rows that it cannot even read.
UPDATE escalation SET quarantined = 1, version = version + 1
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND quarantined = 0;

-- name: attempt_set_aside
-- What has not gone out, or has no outcome, is not to be read again either: expired.
UPDATE attempt SET state = 6, reason = 'quarantined'
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND state <= 1;

-- name: escalation_release_dedup
-- The next caller with this key gets an escalation that is not on its way out.
UPDATE escalation SET dedup_key = NULL
WHERE customer_id = :customer_id AND escalation_id = :escalation_id;

-- name: escalation_customer
SELECT customer_id FROM escalation WHERE escalation_id = :escalation_id;

-- name: escalation_open_by_dedup
SELECT escalation_id FROM escalation
WHERE customer_id = :customer_id AND dedup_key = :dedup_key AND closed_at IS NULL;

-- name: escalation_due
SELECT customer_id, escalation_id, due_engine FROM escalation INDEXED BY escalation_due
WHERE severity = :severity AND due_engine <= :now_engine AND due_engine IS NOT NULL
  AND quarantined = 0
ORDER BY due_engine LIMIT :limit;

-- name: escalation_next_due
SELECT min(due_engine) AS due_engine FROM escalation INDEXED BY escalation_due
WHERE severity = :severity AND due_engine > :after AND quarantined = 0;

-- name: escalation_open_of_customer
SELECT escalation_id FROM escalation INDEXED BY escalation_open
WHERE customer_id = :customer_id AND closed_at IS NULL AND escalation_id > :after
ORDER BY escalation_id LIMIT :limit;

-- name: escalation_count_on_hold
SELECT count(*) AS count FROM escalation INDEXED BY escalation_on_hold
WHERE customer_id = :customer_id AND state = 9;

-- name: escalation_open_newest
-- Of one customer, newest first: by the index of open ones, however many are closed.
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count
FROM escalation INDEXED BY escalation_open
WHERE customer_id = :customer_id AND closed_at IS NULL
ORDER BY escalation_id DESC LIMIT :limit;

-- name: escalation_count_open
SELECT count(*) AS count FROM escalation WHERE due_engine IS NOT NULL AND quarantined = 0;

-- name: caller_insert
INSERT INTO caller (
  customer_id, escalation_id, number, name, phone, called_at, promised_at, promise_engine, promise)
VALUES (
  :customer_id, :escalation_id, :number, :name, :phone, :called_at, :promised_at, :promise_engine,
  :promise);

-- name: caller_update
UPDATE caller SET promise = :promise, promise_engine = :promise_engine
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND number = :number;

-- name: caller_list
SELECT
  customer_id, escalation_id, number, name, phone, called_at, promised_at, promise_engine, promise
FROM caller
WHERE customer_id = :customer_id AND escalation_id = :escalation_id ORDER BY number;

-- name: attempt_insert
INSERT INTO attempt (
  customer_id, escalation_id, attempt_id, purpose, path, platform, person_kind, person_id,
  device_id, callback, round, step, position, state, answer, severity, planned_engine,
  not_after_engine, planned_at, handed_over_at, accepted_at, received_at, seen_at,
  delayed_at, reason, provider_id, tries, number, phone, phone_place, phones_count)
VALUES (
  :customer_id, :escalation_id, :attempt_id, :purpose, :path, :platform, :person_kind, :person_id,
  :device_id, :callback, :round, :step, :position, :state, :answer, :severity, :planned_engine,
  :not_after_engine, :planned_at, :handed_over_at, :accepted_at, :received_at, :seen_at,
  :delayed_at, :reason, :provider_id, :tries, :number, :phone, :phone_place, :phones_count);

-- name: attempt_update
UPDATE attempt SET
  state = :state, answer = :answer, handed_over_at = :handed_over_at, accepted_at = :accepted_at,
  delayed_at = :delayed_at, reason = :reason, provider_id = :provider_id, tries = :tries
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND attempt_id = :attempt_id;

-- name: attempt_update_received
-- Apart from attempt_update, which most outcomes need, because it moves an index entry.
UPDATE attempt SET
  state = :state, answer = :answer, handed_over_at = :handed_over_at, accepted_at = :accepted_at,
  received_at = :received_at, seen_at = :seen_at, delayed_at = :delayed_at, reason = :reason,
  provider_id = :provider_id, tries = :tries
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND attempt_id = :attempt_id;

-- name: attempt_get
SELECT
  customer_id, escalation_id, attempt_id, purpose, path, platform, person_kind, person_id,
  device_id, callback, round, step, position, state, answer, severity, planned_engine,
  not_after_engine, planned_at, handed_over_at, accepted_at, received_at, seen_at,
  delayed_at, reason, provider_id, tries, number, phone, phone_place, phones_count
FROM attempt
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND attempt_id = :attempt_id;

-- name: attempt_list_newest
SELECT
  customer_id, escalation_id, attempt_id, purpose, path, platform, person_kind, person_id,
  device_id, callback, round, step, position, state, answer, severity, planned_engine,
  not_after_engine, planned_at, handed_over_at, accepted_at, received_at, seen_at,
  delayed_at, reason, provider_id, tries, number, phone, phone_place, phones_count
FROM attempt
WHERE customer_id = :customer_id AND escalation_id = :escalation_id
ORDER BY attempt_id DESC LIMIT :limit;

-- name: attempt_list
SELECT
  customer_id, escalation_id, attempt_id, purpose, path, platform, person_kind, person_id,
  device_id, callback, round, step, position, state, answer, severity, planned_engine,
  not_after_engine, planned_at, handed_over_at, accepted_at, received_at, seen_at,
  delayed_at, reason, provider_id, tries, number, phone, phone_place, phones_count
FROM attempt
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND attempt_id > :after
ORDER BY attempt_id LIMIT :limit;

-- name: attempt_of_call
SELECT customer_id, escalation_id, attempt_id FROM attempt INDEXED BY attempt_call
WHERE attempt_id = :attempt_id AND path = 1;

-- name: attempt_outbox
SELECT
  customer_id, escalation_id, attempt_id, purpose, path, platform, person_kind, person_id,
  device_id, callback, round, step, position, state, answer, severity, planned_engine,
  not_after_engine, planned_at, handed_over_at, accepted_at, received_at, seen_at,
  delayed_at, reason, provider_id, tries, number, phone, phone_place, phones_count
FROM attempt INDEXED BY attempt_unsent
WHERE state <= 1 AND state = 0 AND path = :path
ORDER BY severity DESC, planned_engine LIMIT :limit;

-- name: attempt_calls_in_progress
-- At start: what the telephony layer may have in its hands, as far as anybody wrote down. What was
-- rewound and then given up here, without an outcome of its own (6, by these reasons), may ring.
-- An alert (0) that was declined (4) rings on, unless it was on this call: that is seen (state 4).
SELECT attempt_id, not_after_engine
FROM attempt INDEXED BY attempt_call
WHERE path = 1 AND attempt_id >= :since AND not_after_engine > :after
  AND handed_over_at IS NOT NULL AND (answer <= 2 OR (answer = 4 AND purpose = 0))
  AND (state <= 2 OR (state = 6
       AND reason IN ('not_sent_in_time', 'no_longer_needed', 'quarantined')))
ORDER BY attempt_id DESC LIMIT :limit;

-- name: attempt_rewind
-- At start: what was handed over before the crash has no outcome and goes back to the outbox.
UPDATE attempt SET state = 0 WHERE state <= 1 AND state = 1;

-- name: attempt_unreceived_elsewhere
-- Of the newest alerts that this phone has not confirmed, those of other escalations nobody holds.
SELECT count(*) AS count
FROM (SELECT customer_id, escalation_id FROM attempt INDEXED BY attempt_unreceived
      WHERE device_id = :device_id AND path = 0 AND received_at IS NULL AND purpose <= 1
        AND escalation_id <> :escalation_id
      ORDER BY attempt_id DESC LIMIT 32) a
JOIN escalation e ON e.customer_id = a.customer_id AND e.escalation_id = a.escalation_id
WHERE e.closed_at IS NULL AND e.holder_kind = 0;

-- name: escalation_list
-- Of all customers, newest first.
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count
FROM escalation INDEXED BY escalation_by_id
WHERE escalation_id < :before AND :states >> state & 1
ORDER BY escalation_id DESC LIMIT :limit;

-- name: desk_task_insert
INSERT INTO desk_task (
  customer_id, task_id, escalation_id, kind, caller, created_at)
VALUES (
  :customer_id, :task_id, :escalation_id, :kind, :caller, :created_at);

-- name: desk_task_done
UPDATE desk_task SET done_at = :done_at, done_by = :done_by
WHERE customer_id = :customer_id AND task_id = :task_id AND done_at IS NULL;

-- name: desk_task_finish_search
-- Of an escalation: those that have the desk look for people. Nobody did them.
UPDATE desk_task SET done_at = :done_at
WHERE customer_id = :customer_id AND escalation_id = :escalation_id AND done_at IS NULL
  AND kind IN (4, 5);

-- name: desk_task_get
SELECT
  customer_id, task_id, escalation_id, kind, caller, created_at, done_at, done_by
FROM desk_task
WHERE customer_id = :customer_id AND task_id = :task_id;

-- name: desk_task_list_of_escalation
SELECT
  customer_id, task_id, escalation_id, kind, caller, created_at, done_at, done_by
FROM desk_task
WHERE customer_id = :customer_id AND escalation_id = :escalation_id ORDER BY task_id LIMIT :limit;

-- name: desk_task_list_open
-- Of one customer, or (0) of all, or only of those of the JSON array :customers.
SELECT
  customer_id, task_id, escalation_id, kind, caller, created_at, done_at, done_by
FROM desk_task INDEXED BY desk_task_open
WHERE done_at IS NULL AND task_id > :after
  AND (:customer_id = 0 OR customer_id = :customer_id)
  AND (:customers IS NULL OR customer_id IN (SELECT value FROM json_each(:customers)))
ORDER BY task_id LIMIT :limit;

-- name: timeline_insert
INSERT INTO timeline (
  customer_id, seq, escalation_id, kind, at, at_engine, facts, personal_digest, chain)
VALUES (
  :customer_id, :seq, :escalation_id, :kind, :at, :at_engine, :facts, :personal_digest, :chain);

-- name: timeline_personal_insert
INSERT INTO timeline_personal (
  customer_id, seq, salt, text)
VALUES (
  :customer_id, :seq, :salt, :text);

-- name: timeline_list_of_escalation
SELECT t.customer_id, t.seq, t.escalation_id, t.kind, t.at, t.at_engine, t.facts, p.text AS personal
FROM timeline t INDEXED BY timeline_by_escalation
LEFT JOIN timeline_personal p ON p.customer_id = t.customer_id AND p.seq = t.seq
WHERE t.customer_id = :customer_id AND t.escalation_id = :escalation_id AND t.seq > :after
ORDER BY t.seq LIMIT :limit;

-- name: timeline_list_of_customer
SELECT t.customer_id, t.seq, t.escalation_id, t.kind, t.at, t.at_engine, t.facts, p.text AS personal
FROM timeline t LEFT JOIN timeline_personal p ON p.customer_id = t.customer_id AND p.seq = t.seq
WHERE t.customer_id = :customer_id AND t.seq > :after
ORDER BY t.seq LIMIT :limit;

-- name: timeline_head_get
SELECT timeline_seq, timeline_chain FROM customer WHERE customer_id = :customer_id;

-- name: timeline_head_set
UPDATE customer SET timeline_seq = :timeline_seq, timeline_chain = :timeline_chain
WHERE customer_id = :customer_id;

-- name: idempotency_insert
INSERT INTO idempotency (
  key_id, key, body_digest, created_at, answer, joined)
VALUES (
  :key_id, :key, :body_digest, :created_at, :answer, :joined);

-- name: idempotency_get
SELECT
  key_id, key, body_digest, created_at, answer, joined
FROM idempotency
WHERE key_id = :key_id AND key = :key;

-- name: idempotency_purge
DELETE FROM idempotency WHERE created_at < :before;

-- name: escalation_newest_of_customer
-- The ids of escalation_list_of_customer.
SELECT escalation_id AS id, 1 AS wanted FROM escalation
WHERE customer_id = :customer_id AND escalation_id < :before
  AND :states >> state & 1
ORDER BY escalation_id DESC LIMIT :limit;

-- name: escalation_list_of_customer
-- Newest first; the bits 1 << state of :states are wanted.
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count
FROM escalation
WHERE customer_id = :customer_id AND escalation_id < :before
  AND :states >> state & 1
ORDER BY escalation_id DESC LIMIT :limit;
