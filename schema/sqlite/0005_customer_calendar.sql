-- What a customer is beside its name: when it is open, which holidays it keeps, the numbers that it
-- is called on, and what its tickets ask for. NULL, or no row, is "none", as it was before.
-- opening_hours and ticket_fields are JSON, holidays is the slug of a set of the law's.
ALTER TABLE customer ADD COLUMN opening_hours TEXT;
ALTER TABLE customer ADD COLUMN holidays TEXT;
ALTER TABLE customer ADD COLUMN emergency_phone TEXT;
ALTER TABLE customer ADD COLUMN greeting TEXT;
ALTER TABLE customer ADD COLUMN retention_days INTEGER;
ALTER TABLE customer ADD COLUMN ticket_fields TEXT;

-- The file of further holidays, as it came: only the calendar that is read of it is kept in memory.
CREATE TABLE customer_holidays (
  customer_id INTEGER PRIMARY KEY REFERENCES customer (customer_id),
  ics         TEXT NOT NULL,
  changed_at  INTEGER NOT NULL
) STRICT;

-- E.164. The one key that does not begin with the customer: a call comes in for one of them only.
CREATE TABLE customer_number (
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  position    INTEGER NOT NULL,
  number      TEXT NOT NULL UNIQUE,
  PRIMARY KEY (customer_id, position)
) STRICT, WITHOUT ROWID;
