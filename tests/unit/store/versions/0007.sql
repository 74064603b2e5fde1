-- What version 7 adds: rules that decide, of customer 1.
INSERT INTO rule_set VALUES (1, 1, 1,
  '{"rules":[{"name":"rest","then":{"action":"escalate","procedure":"night"}}]}', 1700000000000);
