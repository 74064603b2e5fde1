-- What proves that somebody can be reached: when a phone was last heard of, beside its
-- confirmations (device.proven_at) and registrations; and what became of calls to a person's
-- number: answered at all, answered with a key, failed.
ALTER TABLE device ADD COLUMN heard_at INTEGER;

CREATE TABLE number_proof (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  person_kind INTEGER NOT NULL,
  person_id   INTEGER NOT NULL,
  phone       TEXT NOT NULL,
  answered_at INTEGER,
  key_at      INTEGER,
  failed_at   INTEGER,
  PRIMARY KEY (customer_id, person_kind, person_id, phone)
) STRICT, WITHOUT ROWID;
