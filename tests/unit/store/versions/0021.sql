-- What version 21 adds: plans with probes, and a shift that was taken up and is asked for anew.
UPDATE check_in_plan SET probe_s = 1800;
UPDATE check_in_duty SET asked_because = 1, probe_due_engine = 1700000001000,
  probed_at = 1700000002000;
