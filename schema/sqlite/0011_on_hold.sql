-- What a rule keeps until its customer opens: an escalation that has not begun (state 9). Its due
-- time stands in due_engine, as of every open one.
ALTER TABLE escalation ADD COLUMN held_until_at INTEGER;
CREATE INDEX escalation_on_hold ON escalation (customer_id) WHERE state = 9;
