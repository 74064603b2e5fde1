-- Test pushes to one phone.

-- name: device_test_insert
INSERT INTO device_test (
  customer_id, test_id, device_id, agent_id, platform, asked_by, state, not_after_engine,
  planned_at, handed_over_at, delayed_at, accepted_at, received_at, seen_at, failed_at, reason,
  provider_id, tries)
VALUES (
  :customer_id, :test_id, :device_id, :agent_id, :platform, :asked_by, :state, :not_after_engine,
  :planned_at, :handed_over_at, :delayed_at, :accepted_at, :received_at, :seen_at, :failed_at,
  :reason, :provider_id, :tries);

-- name: device_test_forget
-- All of a phone but the newest.
DELETE FROM device_test
WHERE customer_id = :customer_id AND device_id = :device_id AND test_id <= (
  SELECT test_id FROM device_test
  WHERE customer_id = :customer_id AND device_id = :device_id
  ORDER BY test_id DESC LIMIT 1 OFFSET :kept);

-- name: device_test_update
UPDATE device_test SET
  state = :state, handed_over_at = :handed_over_at, delayed_at = :delayed_at,
  accepted_at = :accepted_at, received_at = :received_at, seen_at = :seen_at,
  failed_at = :failed_at, reason = :reason, provider_id = :provider_id, tries = :tries
WHERE customer_id = :customer_id AND test_id = :test_id;

-- name: device_test_outdate
-- Of a phone whose target is about to be another: those that left for the one before.
UPDATE device_test SET outdated_at = :registered_at
WHERE customer_id = :customer_id AND device_id IN (
    SELECT device_id FROM device
    WHERE customer_id = :customer_id AND agent_id = :agent_id AND installation = :installation
      AND (target <> :target OR platform <> :platform))
  AND state <> 0 AND seen_at IS NULL AND outdated_at IS NULL;

-- name: device_test_outdate_of_device
UPDATE device_test SET outdated_at = :registered_at
WHERE customer_id = :customer_id AND device_id = :device_id
  AND state <> 0 AND seen_at IS NULL AND outdated_at IS NULL;

-- name: device_test_get
SELECT
  customer_id, test_id, device_id, agent_id, platform, asked_by, state, not_after_engine,
  planned_at, handed_over_at, delayed_at, accepted_at, received_at, seen_at, failed_at, reason,
  provider_id, tries, outdated_at
FROM device_test WHERE test_id = :test_id;

-- name: device_test_list
-- Of one phone, newest first.
SELECT
  customer_id, test_id, device_id, agent_id, platform, asked_by, state, not_after_engine,
  planned_at, handed_over_at, delayed_at, accepted_at, received_at, seen_at, failed_at, reason,
  provider_id, tries, outdated_at
FROM device_test
WHERE customer_id = :customer_id AND device_id = :device_id
ORDER BY test_id DESC LIMIT :limit;

-- name: device_test_outbox
SELECT
  customer_id, test_id, device_id, agent_id, platform, asked_by, state, not_after_engine,
  planned_at, handed_over_at, delayed_at, accepted_at, received_at, seen_at, failed_at, reason,
  provider_id, tries, outdated_at
FROM device_test INDEXED BY device_test_unsent
WHERE state <= 1 AND state = 0 ORDER BY test_id LIMIT :limit;

-- name: device_test_rewind
-- As attempt_rewind.
UPDATE device_test SET state = 0 WHERE state <= 1 AND state = 1;
