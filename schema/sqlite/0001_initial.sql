-- The first schema. Times ending in _at are wall-clock milliseconds since 1970 (UTC), those ending
-- in _engine are engine time (gateway/ARCHITECTURE.md); NULL is "never". Ids of 16 bytes are
-- UUIDv7. Enumerations are the numbers of gateway/core/words.h.

CREATE TABLE customer (
  customer_id       INTEGER PRIMARY KEY,
  slug              TEXT NOT NULL UNIQUE,
  name              TEXT NOT NULL,
  time_zone         TEXT NOT NULL,
  language          TEXT NOT NULL,
  alias             TEXT NOT NULL,
  default_procedure TEXT,
  active            INTEGER NOT NULL,
  timeline_seq      INTEGER NOT NULL DEFAULT 0,
  timeline_chain    BLOB NOT NULL DEFAULT (zeroblob(32)),
  created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
  key_id      TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  role        TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  all_customers INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_customer (
  key_id      TEXT NOT NULL REFERENCES api_key (key_id),
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  PRIMARY KEY (key_id, customer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent (
  agent_id    INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  slug        TEXT NOT NULL,
  name        TEXT NOT NULL,
  phone       TEXT NOT NULL,
  language    TEXT NOT NULL,
  active      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (customer_id, slug)
) STRICT;

CREATE TABLE contact (
  contact_id  INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  slug        TEXT NOT NULL,
  name        TEXT NOT NULL,
  phone       TEXT NOT NULL,
  language    TEXT NOT NULL,
  active      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (customer_id, slug)
) STRICT;

-- One-time codes and the tokens that came of them. Only hashes are kept.
CREATE TABLE enrolment (
  enrolment_id INTEGER PRIMARY KEY,
  customer_id  INTEGER NOT NULL REFERENCES customer (customer_id),
  agent_id     INTEGER NOT NULL REFERENCES agent (agent_id),
  code_hash    BLOB NOT NULL,
  expires_at   INTEGER NOT NULL,
  token_hash   BLOB,
  created_at   INTEGER NOT NULL,
  used_at      INTEGER,
  revoked_at   INTEGER
) STRICT;
CREATE INDEX enrolment_by_customer ON enrolment (customer_id, agent_id);
CREATE INDEX enrolment_by_code ON enrolment (code_hash) WHERE token_hash IS NULL;

CREATE TABLE device (
  device_id       INTEGER PRIMARY KEY,
  customer_id     INTEGER NOT NULL REFERENCES customer (customer_id),
  agent_id        INTEGER NOT NULL REFERENCES agent (agent_id),
  installation    TEXT NOT NULL,
  platform        INTEGER NOT NULL,
  target          TEXT NOT NULL,
  target_kind     TEXT NOT NULL DEFAULT 'token',
  environment     INTEGER NOT NULL,
  public_key      TEXT,
  auth_secret     TEXT,
  app_version     TEXT,
  permission      TEXT,
  battery_percent INTEGER,
  registered_at   INTEGER NOT NULL,
  proven_at       INTEGER,
  retired_at      INTEGER,
  retired_reason  TEXT,
  UNIQUE (customer_id, agent_id, installation)
) STRICT;

CREATE TABLE rota (
  rota_id     INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  slug        TEXT NOT NULL,
  definition  TEXT NOT NULL,
  changed_at  INTEGER NOT NULL,
  UNIQUE (customer_id, slug)
) STRICT;

-- Versions are immutable; escalations pin the row they started with.
CREATE TABLE procedure (
  procedure_id INTEGER PRIMARY KEY,
  customer_id  INTEGER NOT NULL REFERENCES customer (customer_id),
  slug         TEXT NOT NULL,
  version      INTEGER NOT NULL,
  definition   TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  UNIQUE (customer_id, slug, version)
) STRICT;

CREATE TABLE check_in (
  check_in_id  INTEGER PRIMARY KEY,
  customer_id  INTEGER NOT NULL REFERENCES customer (customer_id),
  agent_id     INTEGER NOT NULL REFERENCES agent (agent_id),
  installation TEXT NOT NULL,
  role         TEXT,
  shift_from_at INTEGER,
  shift_to_at  INTEGER,
  in_at        INTEGER NOT NULL,
  out_at       INTEGER
) STRICT;
CREATE INDEX check_in_open ON check_in (customer_id, agent_id) WHERE out_at IS NULL;

CREATE TABLE ticket (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  ticket_id   BLOB NOT NULL,
  category    TEXT,
  summary     TEXT NOT NULL,
  details     TEXT,
  fields      TEXT,
  opened_at   INTEGER NOT NULL,
  closed_at   INTEGER,
  PRIMARY KEY (customer_id, ticket_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE escalation (
  customer_id      INTEGER NOT NULL REFERENCES customer (customer_id),
  escalation_id    BLOB NOT NULL,
  ticket_id        BLOB NOT NULL,
  procedure_id     INTEGER REFERENCES procedure (procedure_id),
  dedup_key        TEXT,
  state            INTEGER NOT NULL,
  severity         INTEGER NOT NULL,
  drill            INTEGER NOT NULL,
  quarantined      INTEGER NOT NULL,
  round            INTEGER NOT NULL,
  step             INTEGER NOT NULL,
  position         INTEGER NOT NULL,
  round_started_engine INTEGER,
  wait_until_engine INTEGER,
  received_until_engine INTEGER,
  due_engine       INTEGER,
  holder_kind      INTEGER NOT NULL,
  holder_id        INTEGER NOT NULL,
  holder_name      TEXT NOT NULL,
  holder_path      INTEGER NOT NULL,
  held_since_at    INTEGER,
  eta_at           INTEGER,
  intervention     INTEGER NOT NULL,
  handed_back_kind INTEGER NOT NULL,
  handed_back_id   INTEGER NOT NULL,
  handed_back_name TEXT NOT NULL,
  announcements    INTEGER NOT NULL,
  notices          INTEGER NOT NULL,
  callers_count    INTEGER NOT NULL,
  opened_at        INTEGER NOT NULL,
  closed_at        INTEGER,
  next_what        TEXT NOT NULL,
  version          INTEGER NOT NULL,
  owner            INTEGER NOT NULL,
  fence            INTEGER NOT NULL,
  PRIMARY KEY (customer_id, escalation_id),
  FOREIGN KEY (customer_id, ticket_id) REFERENCES ticket (customer_id, ticket_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX escalation_by_id ON escalation (escalation_id);
CREATE INDEX escalation_due ON escalation (severity, due_engine)
  WHERE due_engine IS NOT NULL AND quarantined = 0;
CREATE UNIQUE INDEX escalation_open_dedup ON escalation (customer_id, dedup_key)
  WHERE dedup_key IS NOT NULL AND closed_at IS NULL;
CREATE INDEX escalation_open ON escalation (customer_id, escalation_id) WHERE closed_at IS NULL;

CREATE TABLE caller (
  customer_id    INTEGER NOT NULL,
  escalation_id  BLOB NOT NULL,
  number         INTEGER NOT NULL,
  name           TEXT,
  phone          TEXT,
  called_at      INTEGER NOT NULL,
  promised_at    INTEGER,
  promise_engine INTEGER,
  promise        INTEGER NOT NULL,
  PRIMARY KEY (customer_id, escalation_id, number),
  FOREIGN KEY (customer_id, escalation_id) REFERENCES escalation (customer_id, escalation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  customer_id    INTEGER NOT NULL,
  escalation_id  BLOB NOT NULL,
  attempt_id     BLOB NOT NULL,
  purpose        INTEGER NOT NULL,
  path           INTEGER NOT NULL,
  platform       INTEGER NOT NULL,
  person_kind    INTEGER NOT NULL,
  person_id      INTEGER NOT NULL,
  device_id      INTEGER NOT NULL,
  callback       TEXT NOT NULL,
  round          INTEGER NOT NULL,
  step           INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  state          INTEGER NOT NULL,
  answer         INTEGER NOT NULL,
  severity       INTEGER NOT NULL,
  planned_engine INTEGER NOT NULL,
  not_after_engine INTEGER,
  planned_at     INTEGER NOT NULL,
  handed_over_at INTEGER,
  accepted_at    INTEGER,
  received_at    INTEGER,
  seen_at        INTEGER,
  reason         TEXT NOT NULL,
  provider_id    TEXT NOT NULL,
  tries          INTEGER NOT NULL,
  number         INTEGER NOT NULL,
  PRIMARY KEY (customer_id, escalation_id, attempt_id),
  FOREIGN KEY (customer_id, escalation_id) REFERENCES escalation (customer_id, escalation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_unsent ON attempt (state, path, severity DESC, planned_engine)
  WHERE state <= 1;
CREATE INDEX attempt_unreceived ON attempt (device_id, attempt_id)
  WHERE path = 0 AND received_at IS NULL AND purpose <= 1;
CREATE INDEX attempt_call ON attempt (attempt_id) WHERE path = 1;

CREATE TABLE desk_task (
  customer_id   INTEGER NOT NULL,
  task_id       BLOB NOT NULL,
  escalation_id BLOB NOT NULL,
  kind          INTEGER NOT NULL,
  caller        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  done_at       INTEGER,
  done_by       TEXT,
  PRIMARY KEY (customer_id, task_id),
  FOREIGN KEY (customer_id, escalation_id) REFERENCES escalation (customer_id, escalation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_task_by_escalation ON desk_task (customer_id, escalation_id);
CREATE INDEX desk_task_open ON desk_task (task_id) WHERE done_at IS NULL;

-- The journal: facts only. chain = SHA-256(previous chain || seq, kind, at, at_engine as 8 bytes
-- each, big-endian || escalation_id || facts || personal_digest if there is one), per customer in
-- commit order; erasing a personal row breaks nothing.
CREATE TABLE timeline (
  customer_id     INTEGER NOT NULL REFERENCES customer (customer_id),
  seq             INTEGER NOT NULL,
  escalation_id   BLOB NOT NULL,
  kind            INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  at_engine       INTEGER NOT NULL,
  facts           TEXT NOT NULL,
  personal_digest BLOB,
  chain           BLOB NOT NULL,
  PRIMARY KEY (customer_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX timeline_by_escalation ON timeline (customer_id, escalation_id, seq);

CREATE TABLE timeline_personal (
  customer_id INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  salt        BLOB NOT NULL,
  text        TEXT NOT NULL,
  PRIMARY KEY (customer_id, seq),
  FOREIGN KEY (customer_id, seq) REFERENCES timeline (customer_id, seq)
) STRICT, WITHOUT ROWID;

-- Kept 24 h.
CREATE TABLE idempotency (
  key_id      TEXT NOT NULL,
  key         TEXT NOT NULL,
  body_digest BLOB NOT NULL,
  created_at  INTEGER NOT NULL,
  answer      TEXT NOT NULL,
  joined      INTEGER NOT NULL,
  PRIMARY KEY (key_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE alarm (
  alarm_id INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  detail   TEXT NOT NULL
) STRICT;

-- One row: the anchor of engine time. boot is CLOCK_BOOTTIME of the boot named by boot_id.
CREATE TABLE engine_clock (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  engine    INTEGER NOT NULL,
  wall_at   INTEGER NOT NULL,
  boot      INTEGER NOT NULL,
  boot_id   TEXT NOT NULL
) STRICT;
