-- What version 8 adds: a plan, a shift that was taken up and one whose procedure runs.
INSERT INTO check_in_plan VALUES (1, 'principal', 3600, 1800, 0, 'nuit', 2, 1700000000000);
INSERT INTO check_in_duty VALUES
  (1, 'principal', 1700000000000, 1, 1700600000000, 0, 1700000005000, NULL, 1700000004000, 0, NULL),
  (1, 'principal', 1700600000000, 2, 1701200000000, 1, 1700598200000,
   x'018bcfe5687b71000000000000000001', NULL, 0, NULL);
UPDATE check_in SET test_id = x'018bcfe5687b74000000000000000001', completed_at = 1700000008300
  WHERE check_in_id = 1;
