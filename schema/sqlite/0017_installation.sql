-- One installation of the app may be registered by several enrolments, also of several customers:
-- registration tells the app which of them a push belongs to, and tells nobody else anything. A
-- shared phone belongs to whoever signed in on it last, by a PIN: its own row keeps what the phone
-- registered, and a row of device lends it to its owner of the moment.
ALTER TABLE device ADD COLUMN registration BLOB;
ALTER TABLE device ADD COLUMN phone_id INTEGER REFERENCES shared_phone (phone_id);
UPDATE device SET registration = randomblob(16);
CREATE INDEX device_by_installation ON device (installation) WHERE retired_at IS NULL;

-- code, token: as of an enrolment. target: NULL until it registered, and when its provider said
-- that it is gone. owner_id: NULL when it is nobody's.
CREATE TABLE shared_phone (
  phone_id        INTEGER PRIMARY KEY,
  customer_id     INTEGER NOT NULL REFERENCES customer (customer_id),
  name            TEXT NOT NULL,
  code_hash       BLOB NOT NULL,
  expires_at      INTEGER NOT NULL,
  token_hash      BLOB,
  created_at      INTEGER NOT NULL,
  used_at         INTEGER,
  revoked_at      INTEGER,
  registration    BLOB NOT NULL,
  installation    TEXT,
  platform        INTEGER NOT NULL,
  target          TEXT,
  environment     INTEGER NOT NULL,
  public_key      TEXT,
  auth_secret     TEXT,
  app_version     TEXT,
  permission      TEXT,
  battery_percent INTEGER,
  registered_at   INTEGER,
  owner_id        INTEGER REFERENCES agent (agent_id),
  owned_since     INTEGER
) STRICT;
CREATE INDEX shared_phone_by_customer ON shared_phone (customer_id, phone_id);
CREATE INDEX shared_phone_by_code ON shared_phone (code_hash) WHERE token_hash IS NULL;
CREATE INDEX shared_phone_by_installation ON shared_phone (installation) WHERE revoked_at IS NULL;

-- Who may sign in on it.
CREATE TABLE shared_phone_agent (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  phone_id    INTEGER NOT NULL REFERENCES shared_phone (phone_id),
  agent_id    INTEGER NOT NULL REFERENCES agent (agent_id),
  PRIMARY KEY (customer_id, phone_id, agent_id)
) STRICT, WITHOUT ROWID;

-- Whose it was, from when to when. ended_by: sign_out, sign_in (of another), revoked, logged_out.
CREATE TABLE shared_phone_turn (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  phone_id    INTEGER NOT NULL REFERENCES shared_phone (phone_id),
  turn        INTEGER NOT NULL,
  agent_id    INTEGER NOT NULL REFERENCES agent (agent_id),
  began_at    INTEGER NOT NULL,
  ended_at    INTEGER,
  ended_by    TEXT,
  PRIMARY KEY (customer_id, phone_id, turn)
) STRICT, WITHOUT ROWID;

-- An agent's PIN, as a slow salted hash.
CREATE TABLE agent_pin (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  agent_id    INTEGER NOT NULL REFERENCES agent (agent_id),
  salt        BLOB NOT NULL,
  hash        BLOB NOT NULL,
  set_at      INTEGER NOT NULL,
  PRIMARY KEY (customer_id, agent_id)
) STRICT, WITHOUT ROWID;

-- Wrong PINs in a row on one phone for one agent; the next try counts from then on, by engine time.
CREATE TABLE pin_failure (
  customer_id  INTEGER NOT NULL REFERENCES customer (customer_id),
  phone_id     INTEGER NOT NULL REFERENCES shared_phone (phone_id),
  agent_id     INTEGER NOT NULL REFERENCES agent (agent_id),
  failures     INTEGER NOT NULL,
  until_engine INTEGER,
  PRIMARY KEY (customer_id, phone_id, agent_id)
) STRICT, WITHOUT ROWID;
