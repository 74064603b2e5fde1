-- Configuration: customers, people, devices, rotas, procedures, keys; and the engine's own rows.

-- name: customer_put
INSERT INTO customer (
  slug, name, time_zone, language, alias, default_procedure, active, created_at, opening_hours,
  holidays, emergency_phone, greeting, retention_days, ticket_fields, nobody_reached_fr,
  nobody_reached_en, notice_days)
VALUES (
  :slug, :name, :time_zone, :language, :alias, :default_procedure, :active, :created_at,
  :opening_hours, :holidays, :emergency_phone, :greeting, :retention_days, :ticket_fields,
  :nobody_reached_fr, :nobody_reached_en, :notice_days)
ON CONFLICT (slug) DO UPDATE SET
  name = excluded.name, time_zone = excluded.time_zone, language = excluded.language,
  alias = excluded.alias, default_procedure = excluded.default_procedure, active = excluded.active,
  opening_hours = excluded.opening_hours, holidays = excluded.holidays,
  emergency_phone = excluded.emergency_phone, greeting = excluded.greeting,
  retention_days = excluded.retention_days, ticket_fields = excluded.ticket_fields,
  nobody_reached_fr = excluded.nobody_reached_fr, nobody_reached_en = excluded.nobody_reached_en,
  notice_days = excluded.notice_days
RETURNING customer_id;

-- name: customer_list
SELECT
  customer_id, slug, name, time_zone, language, alias, default_procedure, active, created_at,
  opening_hours, holidays, emergency_phone, greeting, retention_days, ticket_fields,
  nobody_reached_fr, nobody_reached_en, notice_days
FROM customer WHERE customer_id > :after ORDER BY customer_id LIMIT :limit;

-- name: customer_get
SELECT
  customer_id, slug, name, time_zone, language, alias, default_procedure, active, created_at,
  opening_hours, holidays, emergency_phone, greeting, retention_days, ticket_fields,
  nobody_reached_fr, nobody_reached_en, notice_days
FROM customer WHERE customer_id = :customer_id;

-- name: customer_holidays_put
INSERT INTO customer_holidays (customer_id, ics, changed_at)
VALUES (:customer_id, :ics, :changed_at)
ON CONFLICT (customer_id) DO UPDATE SET ics = excluded.ics, changed_at = excluded.changed_at;

-- name: customer_holidays_delete
DELETE FROM customer_holidays WHERE customer_id = :customer_id;

-- name: customer_holidays_get
SELECT customer_id, ics, changed_at FROM customer_holidays WHERE customer_id = :customer_id;

-- name: customer_number_clear
DELETE FROM customer_number WHERE customer_id = :customer_id;

-- name: customer_number_insert
INSERT INTO customer_number (customer_id, position, number)
VALUES (:customer_id, :position, :number);

-- name: customer_number_owner
SELECT customer_id FROM customer_number WHERE number = :number;

-- name: customer_number_list
SELECT customer_id, position, number FROM customer_number
WHERE customer_id = :customer_id ORDER BY position;

-- name: agent_put
INSERT INTO agent (
  customer_id, slug, name, phone, phone_label, language, active, created_at)
VALUES (
  :customer_id, :slug, :name, :phone, :phone_label, :language, :active, :created_at)
ON CONFLICT (customer_id, slug) DO UPDATE SET
  name = excluded.name, phone = excluded.phone, phone_label = excluded.phone_label,
  language = excluded.language, active = excluded.active
RETURNING agent_id;

-- name: agent_list
SELECT
  agent_id, customer_id, slug, name, phone, phone_label, language, active, created_at
FROM agent
WHERE customer_id = :customer_id ORDER BY slug;

-- name: contact_put
INSERT INTO contact (
  customer_id, slug, name, phone, phone_label, language, active, created_at)
VALUES (
  :customer_id, :slug, :name, :phone, :phone_label, :language, :active, :created_at)
ON CONFLICT (customer_id, slug) DO UPDATE SET
  name = excluded.name, phone = excluded.phone, phone_label = excluded.phone_label,
  language = excluded.language, active = excluded.active
RETURNING contact_id;

-- name: contact_list
SELECT
  contact_id, customer_id, slug, name, phone, phone_label, language, active, created_at
FROM contact
WHERE customer_id = :customer_id ORDER BY slug;

-- name: enrolment_insert
INSERT INTO enrolment (customer_id, agent_id, code_hash, expires_at, created_at)
VALUES (:customer_id, :agent_id, :code_hash, :expires_at, :created_at)
RETURNING enrolment_id;

-- name: enrolment_by_code
SELECT
  enrolment_id, customer_id, agent_id, code_hash, expires_at, token_hash, created_at, used_at,
  revoked_at
FROM enrolment
WHERE code_hash = :code_hash AND token_hash IS NULL AND revoked_at IS NULL;

-- name: enrolment_use
UPDATE enrolment SET token_hash = :token_hash, used_at = :used_at
WHERE customer_id = :customer_id AND enrolment_id = :enrolment_id AND token_hash IS NULL;

-- name: enrolment_revoke_codes
UPDATE enrolment SET revoked_at = :revoked_at
WHERE customer_id = :customer_id AND agent_id = :agent_id AND token_hash IS NULL
  AND revoked_at IS NULL;

-- name: enrolment_list
SELECT
  enrolment_id, customer_id, agent_id, code_hash, expires_at, token_hash, created_at, used_at,
  revoked_at
FROM enrolment
WHERE customer_id = :customer_id AND token_hash IS NOT NULL AND revoked_at IS NULL;

-- name: device_put
INSERT INTO device (
  customer_id, agent_id, installation, platform, target, environment, public_key, auth_secret,
  app_version, permission, silent_mode, battery_percent, registered_at, proven_at, retired_at,
  retired_reason, registration, phone_id)
VALUES (
  :customer_id, :agent_id, :installation, :platform, :target, :environment, :public_key,
  :auth_secret, :app_version, :permission, :silent_mode, :battery_percent, :registered_at,
  :proven_at, :retired_at, :retired_reason, :registration, :phone_id)
ON CONFLICT (customer_id, agent_id, installation) DO UPDATE SET
  platform = excluded.platform, target = excluded.target, environment = excluded.environment,
  public_key = excluded.public_key, auth_secret = excluded.auth_secret,
  app_version = excluded.app_version, permission = excluded.permission,
  silent_mode = excluded.silent_mode, battery_percent = excluded.battery_percent,
  registered_at = excluded.registered_at,
  proven_at = CASE WHEN device.target = excluded.target THEN device.proven_at END,
  retired_at = excluded.retired_at, retired_reason = excluded.retired_reason,
  registration = CASE WHEN excluded.phone_id IS NULL
    THEN coalesce(device.registration, excluded.registration) ELSE excluded.registration END,
  phone_id = excluded.phone_id
RETURNING device_id;

-- name: device_list
SELECT
  device_id, customer_id, agent_id, installation, platform, target, target_kind, environment,
  public_key, auth_secret, app_version, permission, silent_mode, battery_percent, registered_at,
  proven_at, retired_at, retired_reason, heard_at, registration, phone_id
FROM device
WHERE customer_id = :customer_id ORDER BY agent_id, device_id;

-- name: device_count_others
SELECT count(*) AS count
FROM device
WHERE customer_id = :customer_id AND agent_id = :agent_id AND installation <> :installation
  AND retired_at IS NULL;

-- name: device_retire
UPDATE device SET retired_at = :retired_at, retired_reason = :retired_reason
WHERE customer_id = :customer_id AND device_id = :device_id AND retired_at IS NULL
  AND registered_at <= :not_registered_after;

-- name: device_proven
UPDATE device SET proven_at = :proven_at
WHERE customer_id = :customer_id AND device_id = :device_id;

-- name: rota_put
INSERT INTO rota (
  customer_id, slug, definition, changed_at)
VALUES (
  :customer_id, :slug, :definition, :changed_at)
ON CONFLICT (customer_id, slug) DO UPDATE SET
  definition = excluded.definition, changed_at = excluded.changed_at
RETURNING rota_id;

-- name: rota_list
SELECT
  rota_id, customer_id, slug, definition, changed_at
FROM rota
WHERE customer_id = :customer_id ORDER BY slug;

-- name: procedure_insert
INSERT INTO procedure (customer_id, slug, version, definition, created_at)
SELECT :customer_id, :slug, coalesce(max(version), 0) + 1, :definition, :created_at
FROM procedure WHERE customer_id = :customer_id AND slug = :slug
RETURNING procedure_id, version;

-- name: procedure_list
-- The newest version of each.
SELECT
  procedure_id, customer_id, slug, version, definition, created_at
FROM procedure p
WHERE customer_id = :customer_id AND version =
  (SELECT max(version) FROM procedure q WHERE q.customer_id = p.customer_id AND q.slug = p.slug)
ORDER BY slug;

-- name: procedure_get
SELECT
  procedure_id, customer_id, slug, version, definition, created_at
FROM procedure
WHERE customer_id = :customer_id AND procedure_id = :procedure_id;

-- name: rule_set_insert
INSERT INTO rule_set (customer_id, version, definition, created_at)
SELECT :customer_id, coalesce(max(version), 0) + 1, :definition, :created_at
FROM rule_set WHERE customer_id = :customer_id
RETURNING rule_set_id, version;

-- name: rule_set_newest
SELECT
  rule_set_id, customer_id, version, definition, created_at
FROM rule_set
WHERE customer_id = :customer_id ORDER BY version DESC LIMIT 1;

-- name: api_key_insert
INSERT INTO api_key (
  key_id, name, role, secret_hash, all_customers, created_at)
VALUES (
  :key_id, :name, :role, :secret_hash, :all_customers, :created_at);

-- name: api_key_customer_insert
INSERT INTO api_key_customer (key_id, customer_id) VALUES (:key_id, :customer_id);

-- name: api_key_list
SELECT
  key_id, name, role, secret_hash, all_customers, created_at, revoked_at
FROM api_key
WHERE revoked_at IS NULL ORDER BY created_at, key_id;

-- name: api_key_customer_list
SELECT customer_id FROM api_key_customer WHERE key_id = :key_id;

-- name: api_key_revoke
UPDATE api_key SET revoked_at = :revoked_at WHERE key_id = :key_id AND revoked_at IS NULL;

-- name: alarm_insert
INSERT INTO alarm (at, kind, detail) VALUES (:at, :kind, :detail);

-- name: engine_clock_get
SELECT engine, wall_at, boot, boot_id FROM engine_clock WHERE id = 1;

-- name: engine_clock_set
INSERT INTO engine_clock (id, engine, wall_at, boot, boot_id)
VALUES (1, :engine, :wall_at, :boot, :boot_id)
ON CONFLICT (id) DO UPDATE SET
  engine = excluded.engine, wall_at = excluded.wall_at, boot = excluded.boot,
  boot_id = excluded.boot_id;
