-- Numbers of a person behind the first, which stays where it was; in the order in which they are
-- called. What proved a number: the call's attempt, or the ticket of a call that was put through.
-- A call's attempt keeps what was dialled, and which of how many numbers that was; the empty
-- number is of an attempt from before, which meant the first.
CREATE TABLE further_number (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  person_kind INTEGER NOT NULL,
  person_id   INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  phone       TEXT NOT NULL,
  label       TEXT,
  PRIMARY KEY (customer_id, person_kind, person_id, position)
) STRICT, WITHOUT ROWID;

ALTER TABLE agent ADD COLUMN phone_label TEXT;
ALTER TABLE contact ADD COLUMN phone_label TEXT;

ALTER TABLE number_proof ADD COLUMN answered_by BLOB;
ALTER TABLE number_proof ADD COLUMN key_by BLOB;

ALTER TABLE attempt ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN phone_place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN phones_count INTEGER NOT NULL DEFAULT 0;
