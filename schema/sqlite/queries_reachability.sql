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
  public_key, auth_secret, app_version, permission, silent_mode, battery_percent, registered_at,
  proven_at, retired_at, retired_reason, heard_at, registration, phone_id
FROM device
WHERE customer_id = :customer_id AND agent_id = :agent_id AND retired_at IS NULL
ORDER BY device_id;

-- name: number_proof_put
-- What is not told of stays.
INSERT INTO number_proof (
  customer_id, person_kind, person_id, phone, answered_at, key_at, failed_at, answered_by, key_by)
VALUES (
  :customer_id, :person_kind, :person_id, :phone, :answered_at, :key_at, :failed_at, :answered_by,
  :key_by)
ON CONFLICT (customer_id, person_kind, person_id, phone) DO UPDATE SET
  answered_at = coalesce(excluded.answered_at, answered_at),
  answered_by = iif(excluded.answered_at IS NULL, answered_by, excluded.answered_by),
  key_at = coalesce(excluded.key_at, key_at),
  key_by = iif(excluded.key_at IS NULL, key_by, excluded.key_by),
  failed_at = coalesce(excluded.failed_at, failed_at);

-- name: number_proof_drop
-- Of numbers that are the person's no longer.
DELETE FROM number_proof
WHERE customer_id = :customer_id AND person_kind = :person_kind AND person_id = :person_id
  AND phone <> :phone AND phone NOT IN (
    SELECT f.phone FROM further_number AS f
    WHERE f.customer_id = :customer_id AND f.person_kind = :person_kind
      AND f.person_id = :person_id);

-- name: number_proof_get
SELECT
  customer_id, person_kind, person_id, phone, answered_at, key_at, failed_at, answered_by, key_by
FROM number_proof
WHERE customer_id = :customer_id AND person_kind = :person_kind AND person_id = :person_id
  AND phone = :phone;

-- name: number_proof_list
SELECT
  customer_id, person_kind, person_id, phone, answered_at, key_at, failed_at, answered_by, key_by
FROM number_proof
WHERE customer_id = :customer_id ORDER BY person_kind, person_id, phone;

-- name: further_number_clear
DELETE FROM further_number
WHERE customer_id = :customer_id AND person_kind = :person_kind AND person_id = :person_id;

-- name: further_number_insert
INSERT INTO further_number (customer_id, person_kind, person_id, position, phone, label)
VALUES (:customer_id, :person_kind, :person_id, :position, :phone, :label);

-- name: further_number_list
SELECT customer_id, person_kind, person_id, position, phone, label FROM further_number
WHERE customer_id = :customer_id ORDER BY person_kind, person_id, position;
