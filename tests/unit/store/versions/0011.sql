-- What version 11 adds: an escalation of customer 1 that is on hold until the customer opens.
INSERT INTO ticket VALUES (1, x'018bcfe5687b70000000000000000008', NULL, 'devis', NULL, NULL,
  1700000005000, NULL, 1034, NULL, NULL);
INSERT INTO escalation VALUES
  (1, x'018bcfe5687b71000000000000000008', x'018bcfe5687b70000000000000000008', 1, 'devis', 9, 1, 0,
   0, 0, 0, 0, NULL, 1700003605000, NULL, 1700003605000, 0, 0, '', 0, NULL, NULL, 0, 0, 0, '', 0, 0,
   1, 1700000005000, NULL, 'escalate: the customer opens', 1, 0, 0, 0, 1700031600000);
