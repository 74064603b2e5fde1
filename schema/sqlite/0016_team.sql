-- Who works on an escalation beside its holder, and who was asked by name to take over or to join.
-- The lists are short and written as a whole; place keeps their order.
ALTER TABLE escalation ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE escalation ADD COLUMN search_until_engine INTEGER;
ALTER TABLE escalation ADD COLUMN shift_until_engine INTEGER;
ALTER TABLE escalation ADD COLUMN members_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE escalation ADD COLUMN offers_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE escalation_member (
  customer_id   INTEGER NOT NULL REFERENCES customer (customer_id),
  escalation_id BLOB NOT NULL,
  place         INTEGER NOT NULL,
  person_kind   INTEGER NOT NULL,
  person_id     INTEGER NOT NULL,
  since_at      INTEGER NOT NULL,
  intervention  INTEGER NOT NULL,
  eta_at        INTEGER,
  PRIMARY KEY (customer_id, escalation_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE escalation_offer (
  customer_id   INTEGER NOT NULL REFERENCES customer (customer_id),
  escalation_id BLOB NOT NULL,
  place         INTEGER NOT NULL,
  person_kind   INTEGER NOT NULL,
  person_id     INTEGER NOT NULL,
  role          INTEGER NOT NULL,
  origin        INTEGER NOT NULL,
  stays         INTEGER NOT NULL,
  since_at      INTEGER NOT NULL,
  until_engine  INTEGER NOT NULL,
  PRIMARY KEY (customer_id, escalation_id, place)
) STRICT, WITHOUT ROWID;
