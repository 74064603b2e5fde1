-- An agent who said that the phone has no network for a while. What waits ends on the engine's
-- clock; until_at is the same moment by the wall when it was said.
CREATE TABLE agent_pause (
  customer_id  INTEGER NOT NULL,
  agent_id     INTEGER NOT NULL REFERENCES agent (agent_id),
  since_at     INTEGER NOT NULL,
  until_at     INTEGER NOT NULL,
  until_engine INTEGER NOT NULL,
  reason       TEXT,
  operator     TEXT,
  PRIMARY KEY (customer_id, agent_id)
) STRICT, WITHOUT ROWID;

-- Whether an agent holds anything, asked before another ticket is offered.
CREATE INDEX escalation_held ON escalation (customer_id, holder_id)
  WHERE holder_kind = 1 AND closed_at IS NULL;
