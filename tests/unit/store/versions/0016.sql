-- What version 16 adds: a member beside the holder of an escalation, and somebody who is asked to.
UPDATE escalation SET members_count = 1, offers_count = 1
WHERE escalation_id = x'018bcfe5687b71000000000000000002';
INSERT INTO escalation_member VALUES
  (1, x'018bcfe5687b71000000000000000002', 0, 1, 1, 1700000013000, 3, 1700000613000);
INSERT INTO escalation_offer VALUES
  (1, x'018bcfe5687b71000000000000000002', 0, 2, 1, 0, 0, 1, 1700000014000, 4102444800000);
