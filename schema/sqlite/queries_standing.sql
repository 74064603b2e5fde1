-- How an agent stands who is to be asked: paused, busy, with phones that were not heard of.

-- name: pause_put
INSERT INTO agent_pause (
  customer_id, agent_id, since_at, until_at, until_engine, reason, operator)
VALUES (
  :customer_id, :agent_id, :since_at, :until_at, :until_engine, :reason, :operator)
ON CONFLICT (customer_id, agent_id) DO UPDATE SET
  since_at = excluded.since_at, until_at = excluded.until_at,
  until_engine = excluded.until_engine, reason = excluded.reason, operator = excluded.operator;

-- name: pause_delete
DELETE FROM agent_pause WHERE customer_id = :customer_id AND agent_id = :agent_id;

-- name: pause_forget
-- Those that ended by themselves.
DELETE FROM agent_pause WHERE until_engine <= :until_engine;

-- name: pause_get
SELECT
  customer_id, agent_id, since_at, until_at, until_engine, reason, operator
FROM agent_pause WHERE customer_id = :customer_id AND agent_id = :agent_id;

-- name: pause_list
SELECT
  customer_id, agent_id, since_at, until_at, until_engine, reason, operator
FROM agent_pause WHERE customer_id = :customer_id ORDER BY agent_id;

-- name: device_heard_of_agent
-- Of the phones that a push goes to.
SELECT
  registered_at, proven_at, heard_at
FROM device
WHERE customer_id = :customer_id AND agent_id = :agent_id AND retired_at IS NULL
  AND (permission IS NULL OR permission <> 'denied')
ORDER BY device_id LIMIT :limit;

-- name: escalation_worked_on_elsewhere
-- As holder, or as a member beside one, of whom only the newest 256 open ones are looked through: a
-- crowd of them must not hold up those that come. About a caller: a check-in that somebody took on
-- is no work.
SELECT count(*) FROM (
  SELECT 1 FROM escalation INDEXED BY escalation_held
  WHERE customer_id = :customer_id AND holder_id = :agent_id AND holder_kind = 1
    AND closed_at IS NULL AND check_in_agent = 0 AND quarantined = 0
    AND escalation_id <> :escalation_id
  UNION ALL
  SELECT 1 FROM (
    SELECT customer_id, escalation_id, members_count, check_in_agent, quarantined
    FROM escalation INDEXED BY escalation_open
    WHERE customer_id = :customer_id AND closed_at IS NULL
    ORDER BY escalation_id DESC LIMIT 256) AS open
  JOIN escalation_member AS member USING (customer_id, escalation_id)
  WHERE open.members_count > 0 AND open.check_in_agent = 0 AND open.quarantined = 0
    AND escalation_id <> :escalation_id AND member.person_kind = 1
    AND member.person_id = :agent_id AND member.intervention <> 5
  LIMIT 1);
