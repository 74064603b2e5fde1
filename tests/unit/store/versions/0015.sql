-- What version 15 adds: an agent who is in the lift for ten minutes.
INSERT INTO agent_pause VALUES (1, 1, 1700000013000, 1700000613000, 613000, 'lift', NULL);
