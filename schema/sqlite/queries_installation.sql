-- Registrations of one installation by several enrolments, shared phones, PINs.

-- name: registration_get
SELECT
  device_id, customer_id, agent_id, phone_id, registered_at, retired_at, installation, platform,
  target, public_key, auth_secret, app_version, permission, silent_mode, battery_percent
FROM device
WHERE customer_id = :customer_id AND agent_id = :agent_id AND installation = :installation;

-- name: registration_list
-- All that are live on the same phone: an installation is known by its target besides.
SELECT
  device_id, customer_id, agent_id, phone_id, registered_at, retired_at, installation, platform,
  target, public_key, auth_secret
FROM device
WHERE installation = :installation AND retired_at IS NULL AND platform = :platform
  AND target = :target
ORDER BY device_id LIMIT :limit;

-- name: registration_list_of_device
-- The same, by one of them, which need not be live.
SELECT
  o.device_id, o.customer_id, o.agent_id, o.phone_id, o.registered_at, o.retired_at,
  o.installation, o.platform, o.target, o.public_key, o.auth_secret
FROM device AS d
JOIN device AS o ON o.installation = d.installation AND o.retired_at IS NULL
  AND o.platform = d.platform AND o.target = d.target
WHERE d.customer_id = :customer_id AND d.device_id = :device_id
ORDER BY o.device_id LIMIT :limit;

-- name: registration_rotate
-- Keys that were the phone's as a whole go with the target; others stay.
UPDATE device SET
  target = :target, platform = :platform, environment = :environment,
  public_key = CASE WHEN public_key IS :old_public_key AND auth_secret IS :old_auth_secret
    THEN :public_key ELSE public_key END,
  auth_secret = CASE WHEN public_key IS :old_public_key AND auth_secret IS :old_auth_secret
    THEN :auth_secret ELSE auth_secret END,
  registered_at = :registered_at, proven_at = NULL
WHERE customer_id = :customer_id AND device_id = :device_id;

-- name: shared_phone_insert
INSERT INTO shared_phone (
  customer_id, name, code_hash, expires_at, created_at, registration, platform, environment)
VALUES (:customer_id, :name, :code_hash, :expires_at, :created_at, :registration, 0, 0)
RETURNING phone_id;

-- name: shared_phone_update
UPDATE shared_phone SET
  token_hash = :token_hash, used_at = :used_at, revoked_at = :revoked_at,
  installation = :installation, platform = :platform, target = :target,
  environment = :environment, public_key = :public_key, auth_secret = :auth_secret,
  app_version = :app_version, permission = :permission, silent_mode = :silent_mode,
  battery_percent = :battery_percent, registered_at = :registered_at, owner_id = :owner_id,
  owned_since = :owned_since
WHERE customer_id = :customer_id AND phone_id = :phone_id;

-- name: shared_phone_get
SELECT
  phone_id, customer_id, name, code_hash, expires_at, token_hash, created_at, used_at, revoked_at,
  registration, installation, platform, target, environment, public_key, auth_secret, app_version,
  permission, silent_mode, battery_percent, registered_at, owner_id, owned_since
FROM shared_phone
WHERE customer_id = :customer_id AND phone_id = :phone_id AND revoked_at IS NULL;

-- name: shared_phone_by_code
SELECT
  phone_id, customer_id, name, code_hash, expires_at, token_hash, created_at, used_at, revoked_at,
  registration, installation, platform, target, environment, public_key, auth_secret, app_version,
  permission, silent_mode, battery_percent, registered_at, owner_id, owned_since
FROM shared_phone
WHERE code_hash = :code_hash AND token_hash IS NULL AND revoked_at IS NULL;

-- name: shared_phone_list
SELECT
  phone_id, customer_id, name, code_hash, expires_at, token_hash, created_at, used_at, revoked_at,
  registration, installation, platform, target, environment, public_key, auth_secret, app_version,
  permission, silent_mode, battery_percent, registered_at, owner_id, owned_since
FROM shared_phone
WHERE customer_id = :customer_id AND revoked_at IS NULL ORDER BY phone_id;

-- name: shared_phone_list_of_target
-- Of any customer: it is one phone.
SELECT
  phone_id, customer_id, name, code_hash, expires_at, token_hash, created_at, used_at, revoked_at,
  registration, installation, platform, target, environment, public_key, auth_secret, app_version,
  permission, silent_mode, battery_percent, registered_at, owner_id, owned_since
FROM shared_phone
WHERE installation = :installation AND revoked_at IS NULL AND platform = :platform
  AND target = :target
ORDER BY phone_id LIMIT :limit;

-- name: shared_phone_agent_insert
INSERT INTO shared_phone_agent (customer_id, phone_id, agent_id)
VALUES (:customer_id, :phone_id, :agent_id);

-- name: shared_phone_agent_list
SELECT a.customer_id, a.phone_id, a.agent_id
FROM shared_phone_agent AS a
JOIN shared_phone AS p ON p.phone_id = a.phone_id AND p.revoked_at IS NULL
WHERE a.customer_id = :customer_id ORDER BY a.phone_id, a.agent_id;

-- name: shared_phone_turn_begin
INSERT INTO shared_phone_turn (customer_id, phone_id, turn, agent_id, began_at)
SELECT :customer_id, :phone_id, coalesce(max(turn), 0) + 1, :agent_id, :began_at
FROM shared_phone_turn
WHERE customer_id = :customer_id AND phone_id = :phone_id;

-- name: shared_phone_turn_end
UPDATE shared_phone_turn SET ended_at = :ended_at, ended_by = :ended_by
WHERE customer_id = :customer_id AND phone_id = :phone_id AND ended_at IS NULL;

-- name: shared_phone_turn_forget
DELETE FROM shared_phone_turn
WHERE customer_id = :customer_id AND phone_id = :phone_id AND turn <= (
  SELECT max(turn) FROM shared_phone_turn
  WHERE customer_id = :customer_id AND phone_id = :phone_id) - :kept;

-- name: shared_phone_turn_list
SELECT customer_id, phone_id, turn, agent_id, began_at, ended_at, ended_by
FROM shared_phone_turn
WHERE customer_id = :customer_id AND phone_id = :phone_id ORDER BY turn DESC LIMIT :limit;

-- name: agent_pin_put
INSERT INTO agent_pin (customer_id, agent_id, salt, hash, set_at)
VALUES (:customer_id, :agent_id, :salt, :hash, :set_at)
ON CONFLICT (customer_id, agent_id) DO UPDATE SET
  salt = excluded.salt, hash = excluded.hash, set_at = excluded.set_at;

-- name: agent_pin_delete
DELETE FROM agent_pin WHERE customer_id = :customer_id AND agent_id = :agent_id;

-- name: agent_pin_get
SELECT customer_id, agent_id, salt, hash, set_at
FROM agent_pin
WHERE customer_id = :customer_id AND agent_id = :agent_id;

-- name: agent_pin_list
SELECT customer_id, agent_id, salt, hash, set_at
FROM agent_pin
WHERE customer_id = :customer_id ORDER BY agent_id;

-- name: pin_failure_put
INSERT INTO pin_failure (customer_id, phone_id, agent_id, failures, until_engine)
VALUES (:customer_id, :phone_id, :agent_id, :failures, :until_engine)
ON CONFLICT (customer_id, phone_id, agent_id) DO UPDATE SET
  failures = excluded.failures, until_engine = excluded.until_engine;

-- name: pin_failure_get
SELECT customer_id, phone_id, agent_id, failures, until_engine
FROM pin_failure
WHERE customer_id = :customer_id AND phone_id = :phone_id AND agent_id = :agent_id;

-- name: pin_failure_forget
DELETE FROM pin_failure WHERE customer_id = :customer_id AND agent_id = :agent_id;
