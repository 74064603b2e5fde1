-- Who works on an escalation beside its holder, and who is asked by name.

-- name: member_insert
INSERT INTO escalation_member (
  customer_id, escalation_id, place, person_kind, person_id, since_at, intervention, eta_at)
VALUES (
  :customer_id, :escalation_id, :place, :person_kind, :person_id, :since_at, :intervention,
  :eta_at);

-- name: member_delete_all
DELETE FROM escalation_member
WHERE customer_id = :customer_id AND escalation_id = :escalation_id;

-- name: member_list
SELECT
  customer_id, escalation_id, place, person_kind, person_id, since_at, intervention, eta_at
FROM escalation_member
WHERE customer_id = :customer_id AND escalation_id = :escalation_id ORDER BY place;

-- name: offer_insert
INSERT INTO escalation_offer (
  customer_id, escalation_id, place, person_kind, person_id, role, origin, stays, since_at,
  until_engine)
VALUES (
  :customer_id, :escalation_id, :place, :person_kind, :person_id, :role, :origin, :stays, :since_at,
  :until_engine);

-- name: offer_delete_all
DELETE FROM escalation_offer
WHERE customer_id = :customer_id AND escalation_id = :escalation_id;

-- name: offer_list
SELECT
  customer_id, escalation_id, place, person_kind, person_id, role, origin, stays, since_at,
  until_engine
FROM escalation_offer
WHERE customer_id = :customer_id AND escalation_id = :escalation_id ORDER BY place;

-- name: escalation_list_worked_on
-- Open ones of a customer that somebody works on, or is asked to, but check-ins: by the index of
-- open ones.
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, held_until_at, next_what, version,
  owner, fence, check_in_agent, wanted, search_until_engine, shift_until_engine, members_count,
  offers_count
FROM escalation INDEXED BY escalation_open
WHERE customer_id = :customer_id AND closed_at IS NULL AND escalation_id > :after
  AND check_in_agent = 0 AND (holder_kind <> 0 OR members_count > 0 OR offers_count > 0)
ORDER BY escalation_id LIMIT :limit;
