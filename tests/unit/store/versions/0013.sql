-- What version 13 adds: a phone that was heard of, and a number that was answered with a key.
UPDATE device SET heard_at = 1700000011000 WHERE device_id = 1;
INSERT INTO number_proof VALUES (1, 1, 1, '+33600000001', 1700000012000, 1700000012000, NULL);
