-- What proves that somebody can be reached.

-- name: device_heard
-- Not twice within the same short time: that somebody is there is no news then.
UPDATE device SET heard_at = :heard_at
WHERE customer_id = :customer_id AND device_id = :device_id
  AND (heard_at IS NULL OR heard_at <= :heard_before OR heard_at > :heard_at);

-- name: device_list_of_agent
-- Not the retired ones.
SELECT
  device_id, customer_id, agent_id, installation, platform, target, target_kind, environment,
  public_key, auth_secret, app_version, permission, battery_percent, registered_at, proven_at,
  retired_at, retired_reason, heard_at, registration, phone_id
FROM device
WHERE customer_id = :customer_id AND agent_id = :agent_id AND retired_at IS NULL
ORDER BY device_id;

-- name: number_proof_put
-- What is not told of stays.
INSERT INTO number_proof (
  customer_id, person_kind, person_id, phone, answered_at, key_at, failed_at)
VALUES (
  :customer_id, :person_kind, :person_id, :phone, :answered_at, :key_at, :failed_at)
ON CONFLICT (customer_id, person_kind, person_id, phone) DO UPDATE SET
  answered_at = coalesce(excluded.answered_at, answered_at),
  key_at = coalesce(excluded.key_at, key_at), failed_at = coalesce(excluded.failed_at, failed_at);

-- name: number_proof_get
SELECT
  customer_id, person_kind, person_id, phone, answered_at, key_at, failed_at
FROM number_proof
WHERE customer_id = :customer_id AND person_kind = :person_kind AND person_id = :person_id
  AND phone = :phone;
