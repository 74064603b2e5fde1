-- Addresses of calendars.

-- name: feed_insert
INSERT INTO feed (customer_id, rota_id, agent_id, name, secret_hash, created_at)
VALUES (:customer_id, :rota_id, :agent_id, :name, :secret_hash, :created_at)
RETURNING feed_id;

-- name: feed_list
SELECT feed_id, customer_id, rota_id, agent_id, name, secret_hash, created_at
FROM feed
WHERE customer_id = :customer_id AND revoked_at IS NULL ORDER BY feed_id;

-- name: feed_revoke
UPDATE feed SET revoked_at = :revoked_at
WHERE customer_id = :customer_id AND feed_id = :feed_id AND revoked_at IS NULL;
