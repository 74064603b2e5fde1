-- A shift that was taken up may be asked for anew: state 5, it is not taken up any more. Why it is
-- asked for: 0 nobody checked in, 1 the phone is gone, 2 it does not answer, 3 its agent left.
ALTER TABLE check_in_duty ADD COLUMN asked_because INTEGER NOT NULL DEFAULT 0;

-- Phones of agents who are checked in are probed when nothing was heard of them for so long; 0:
-- they are not, and those of plans from before are not until the plan is put again. On the duty:
-- when to look next (engine time), and since when a probe is under way.
ALTER TABLE check_in_plan ADD COLUMN probe_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE check_in_duty ADD COLUMN probe_due_engine INTEGER;
ALTER TABLE check_in_duty ADD COLUMN probed_at INTEGER;
CREATE INDEX check_in_duty_probe ON check_in_duty (probe_due_engine)
  WHERE probe_due_engine IS NOT NULL;
