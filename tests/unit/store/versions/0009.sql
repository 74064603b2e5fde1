-- What version 9 adds: notice that a customer gives, a publication of which one agent took note.
UPDATE customer SET notice_days = 21 WHERE customer_id = 1;
INSERT INTO publication VALUES
  (1, x'018bcfe5680070008000000000000008', 'duty', 1700000000000, 1702598400000, 1700000000000,
   'AAAAAAAAAAAAAAAAAAAAAA', 'Lucie', 'Europe/Paris', 21,
   x'dd00000000000000000000000000000000000000000000000000000000000008', 1, 2, 3);
INSERT INTO publication_agent VALUES
  (1, x'018bcfe5680070008000000000000008', 'jean', 'Jean',
   '[{"from":"2023-11-14T22:13:20.000Z","to":"2023-12-15T00:00:00.000Z"}]', '[]',
   1700000001000, 1700000002000, 'operator', 'Lucie', 'signed the list'),
  (1, x'018bcfe5680070008000000000000008', 'paul', 'Paul', '[]', '[]', NULL, NULL, NULL, NULL,
   NULL);
