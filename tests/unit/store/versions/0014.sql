-- What version 14 adds: an agent's second number and their labels, what proved the first, and a
-- call to the second.
UPDATE agent SET phone_label = 'portable' WHERE agent_id = 1;
UPDATE contact SET phone_label = 'bureau' WHERE contact_id = 1;
INSERT INTO further_number VALUES (1, 1, 1, 1, '+33600000020', 'domicile');
UPDATE number_proof SET answered_by = x'018bcfe5687b72000000000000000002',
  key_by = x'018bcfe5687b72000000000000000002';
INSERT INTO attempt VALUES (1, x'018bcfe5687b71000000000000000002',
  x'018bcfe5687b72000000000000000014', 0, 1, 0, 1, 1, 0, '', 0, 0, 1, 2, 6, 2, 1700000006000,
  1700000066000, 1700000006000, 1700000006100, 1700000006200, NULL, NULL, '', 'c-1', 1, 0,
  NULL, '+33600000020', 2, 2);
