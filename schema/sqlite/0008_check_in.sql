-- Prise de poste. A rota's plan says when its shifts are to be checked in, and which procedure runs
-- when one is not. Shifts that begin before since_at, when it was made, are not looked at.
CREATE TABLE check_in_plan (
  customer_id     INTEGER NOT NULL REFERENCES customer (customer_id),
  rota            TEXT NOT NULL,
  opens_before_s  INTEGER NOT NULL,
  remind_before_s INTEGER NOT NULL,
  closes_after_s  INTEGER NOT NULL,
  procedure       TEXT NOT NULL,
  severity        INTEGER NOT NULL,
  since_at        INTEGER NOT NULL,
  PRIMARY KEY (customer_id, rota)
) STRICT, WITHOUT ROWID;

-- A shift that was judged when its reminder was due: once, unless the rota took it away and gave it
-- back. state: 0 the agent is there, 1 the procedure was started, 2 somebody else took the shift,
-- 3 the rota took it away, 4 it was over before it could be judged. completed_way as check_in.way.
CREATE TABLE check_in_duty (
  customer_id   INTEGER NOT NULL REFERENCES customer (customer_id),
  rota          TEXT NOT NULL,
  shift_from_at INTEGER NOT NULL,
  agent_id      INTEGER NOT NULL REFERENCES agent (agent_id),
  shift_to_at   INTEGER NOT NULL,
  state         INTEGER NOT NULL,
  judged_at     INTEGER NOT NULL,
  escalation_id BLOB,
  completed_at  INTEGER,
  completed_way INTEGER NOT NULL,
  replaced_by   INTEGER REFERENCES agent (agent_id),
  PRIMARY KEY (customer_id, rota, shift_from_at, agent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_in_duty_of_escalation ON check_in_duty (customer_id, escalation_id)
  WHERE escalation_id IS NOT NULL;
CREATE INDEX check_in_duty_of_agent ON check_in_duty (customer_id, agent_id, shift_to_at);

-- A check-in is complete once its test push was heard. way: 0 the app, 1 a key on the telephone,
-- 2 told to an operator, 3 by taking somebody's shift. note: left for the next at the check-out.
ALTER TABLE check_in ADD COLUMN way INTEGER NOT NULL DEFAULT 0;
ALTER TABLE check_in ADD COLUMN test_id BLOB;
ALTER TABLE check_in ADD COLUMN completed_at INTEGER;
ALTER TABLE check_in ADD COLUMN note TEXT;
CREATE INDEX check_in_of_agent ON check_in (customer_id, agent_id, in_at);
CREATE INDEX check_in_of_test ON check_in (test_id) WHERE test_id IS NOT NULL;
CREATE INDEX check_in_noted ON check_in (customer_id, role, out_at) WHERE note IS NOT NULL;

-- Whose check-in an escalation asks for; 0: it is about a caller.
ALTER TABLE escalation ADD COLUMN check_in_agent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX escalation_check_in ON escalation (customer_id, check_in_agent)
  WHERE check_in_agent <> 0 AND closed_at IS NULL;
