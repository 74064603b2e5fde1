-- What version 17 adds: a phone that two agents share, whose turn it is, a PIN and a wrong one.
INSERT INTO shared_phone VALUES (1, 1, 'Garde', zeroblob(32), 1700000013000, zeroblob(32),
  1700000012000, 1700000012500, NULL, zeroblob(16), 'shared-1', 2, 'target', 0, NULL, NULL, '1.0',
  'granted', 50, 1700000012600, 1, 1700000012700);
INSERT INTO shared_phone_agent VALUES (1, 1, 1);
INSERT INTO shared_phone_turn VALUES (1, 1, 1, 1, 1700000012700, NULL, NULL);
INSERT INTO agent_pin VALUES (1, 1, zeroblob(16), zeroblob(32), 1700000012800);
INSERT INTO pin_failure VALUES (1, 1, 1, 5, 60000);
