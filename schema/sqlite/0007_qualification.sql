-- Qualification rules: versions are immutable, the newest of a customer decides. A version without
-- rules ends them.
CREATE TABLE rule_set (
  rule_set_id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
  version     INTEGER NOT NULL,
  definition  TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (customer_id, version)
) STRICT;
