-- A test push to one phone proves its path, from the row to the ear. No escalation: nothing is
-- asked of anybody. asked_by: 0 the desk, 1 the agent, 2 a check-in. A phone's newest are kept.
CREATE TABLE device_test (
  customer_id      INTEGER NOT NULL REFERENCES customer (customer_id),
  test_id          BLOB NOT NULL,
  device_id        INTEGER NOT NULL REFERENCES device (device_id),
  agent_id         INTEGER NOT NULL REFERENCES agent (agent_id),
  platform         INTEGER NOT NULL,
  asked_by         INTEGER NOT NULL,
  state            INTEGER NOT NULL,
  not_after_engine INTEGER NOT NULL,
  planned_at       INTEGER NOT NULL,
  handed_over_at   INTEGER,
  delayed_at       INTEGER,
  accepted_at      INTEGER,
  received_at      INTEGER,
  seen_at          INTEGER,
  failed_at        INTEGER,
  reason           TEXT NOT NULL,
  provider_id      TEXT NOT NULL,
  tries            INTEGER NOT NULL,
  PRIMARY KEY (customer_id, test_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX device_test_by_id ON device_test (test_id);
CREATE INDEX device_test_by_device ON device_test (customer_id, device_id, test_id);
CREATE INDEX device_test_unsent ON device_test (state, test_id) WHERE state <= 1;
