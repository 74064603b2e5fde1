-- Secret addresses from which a calendar program fetches the shifts of a rota or of one agent. Only
-- the secret's hash is kept.
CREATE TABLE feed (
  feed_id     INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  rota_id     INTEGER REFERENCES rota (rota_id),
  agent_id    INTEGER REFERENCES agent (agent_id),
  name        TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER,
  CHECK ((rota_id IS NULL) <> (agent_id IS NULL))
) STRICT;
CREATE INDEX feed_by_customer ON feed (customer_id, feed_id) WHERE revoked_at IS NULL;
