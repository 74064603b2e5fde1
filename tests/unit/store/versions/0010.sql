-- What version 10 adds, of the tickets that are there: the third is a duplicate of the second,
-- whose words changed since they were indexed.
UPDATE ticket SET duplicate_of = x'018bcfe5687b70000000000000000002'
  WHERE ticket_id = x'018bcfe5687b70000000000000000003';
INSERT INTO ticket_note VALUES
  (1, x'018bcfe5687b70000000000000000003', 1, 3, 1699999000000, 'Léa',
   x'018bcfe5687b70000000000000000002', NULL),
  (1, x'018bcfe5687b70000000000000000002', 1, 0, 1700000007000, 'Léa', NULL, 'Le gardien rappelle');
INSERT INTO ticket_document VALUES
  (1, 1, x'018bcfe5687b70000000000000000001', 'personne bloquée bâtiment b'),
  (2, 1, x'018bcfe5687b70000000000000000002', 'alarme');
INSERT INTO ticket_words (rowid, words) SELECT document_id, words FROM ticket_document;
UPDATE ticket_indexed SET ticket_id = x'018bcfe5687b70000000000000000002';
INSERT INTO ticket_stale VALUES (1, x'018bcfe5687b70000000000000000002');
