-- Tickets: numbers, notes, links, search and erasure.

-- name: ticket_highest_number
-- None is ever deleted: the next number follows it.
SELECT coalesce(max(number), 990) AS number FROM ticket INDEXED BY ticket_by_number
WHERE customer_id = :customer_id;

-- name: ticket_insert
INSERT INTO ticket (
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number)
VALUES (
  :customer_id, :ticket_id, :category, :summary, :details, :fields, :opened_at, :closed_at,
  :number);

-- name: ticket_close
UPDATE ticket SET closed_at = :closed_at
WHERE customer_id = :customer_id AND ticket_id = :ticket_id AND closed_at IS NULL;

-- name: ticket_reopen
UPDATE ticket SET closed_at = NULL
WHERE customer_id = :customer_id AND ticket_id = :ticket_id AND erased_at IS NULL;

-- name: ticket_link
UPDATE ticket SET duplicate_of = :of_ticket
WHERE customer_id = :customer_id AND ticket_id = :ticket_id;

-- name: ticket_get
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM ticket
WHERE customer_id = :customer_id AND ticket_id = :ticket_id;

-- name: ticket_by_number
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM ticket INDEXED BY ticket_by_number
WHERE customer_id = :customer_id AND number = :number;

-- name: ticket_list
-- Of all customers, newest first. Only :looked are looked at, however few match.
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM (SELECT * FROM ticket INDEXED BY ticket_by_id
      WHERE ticket_id < :before AND ticket_id >= :least
      ORDER BY ticket_id DESC LIMIT :looked)
WHERE opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
LIMIT :limit;

-- name: ticket_list_end
SELECT ticket_id FROM ticket INDEXED BY ticket_by_id
WHERE ticket_id < :before AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT 2 OFFSET :looked - 1;

-- name: ticket_list_of_customer
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM (SELECT * FROM ticket
      WHERE customer_id = :customer_id AND ticket_id < :before AND ticket_id >= :least
      ORDER BY ticket_id DESC LIMIT :looked)
WHERE opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
LIMIT :limit;

-- name: ticket_list_of_customer_end
SELECT ticket_id FROM ticket
WHERE customer_id = :customer_id AND ticket_id < :before AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT 2 OFFSET :looked - 1;

-- name: ticket_list_open
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM (SELECT * FROM ticket INDEXED BY ticket_open
      WHERE closed_at IS NULL AND ticket_id < :before AND ticket_id >= :least
      ORDER BY ticket_id DESC LIMIT :looked)
WHERE opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
LIMIT :limit;

-- name: ticket_list_open_end
SELECT ticket_id FROM ticket INDEXED BY ticket_open
WHERE closed_at IS NULL AND ticket_id < :before AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT 2 OFFSET :looked - 1;

-- name: ticket_list_open_of_customer
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM (SELECT * FROM ticket INDEXED BY ticket_open
      WHERE customer_id = :customer_id AND closed_at IS NULL
        AND ticket_id < :before AND ticket_id >= :least
      ORDER BY ticket_id DESC LIMIT :looked)
WHERE opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
LIMIT :limit;

-- name: ticket_list_open_of_customer_end
SELECT ticket_id FROM ticket INDEXED BY ticket_open
WHERE customer_id = :customer_id AND closed_at IS NULL AND ticket_id < :before
  AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT 2 OFFSET :looked - 1;

-- name: ticket_newest_of_customer
-- The ids that ticket_list_of_customer looks at, and whether it would answer them.
SELECT
  ticket_id AS id,
  opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
    AS wanted
FROM ticket
WHERE customer_id = :customer_id AND ticket_id < :before AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_newest_open_of_customer
SELECT
  ticket_id AS id,
  opened_at >= :from_at AND opened_at < :to_at
  AND (:state = 0 OR :state = iif(erased_at IS NOT NULL, 3, iif(closed_at IS NOT NULL, 2, 1)))
    AS wanted
FROM ticket INDEXED BY ticket_open
WHERE customer_id = :customer_id AND closed_at IS NULL
  AND ticket_id < :before AND ticket_id >= :least
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_list_duplicates
SELECT
  customer_id, ticket_id, category, summary, details, fields, opened_at, closed_at, number,
  duplicate_of, erased_at
FROM ticket INDEXED BY ticket_duplicates
WHERE customer_id = :customer_id AND duplicate_of = :of_ticket
ORDER BY ticket_id LIMIT :limit;

-- name: ticket_open_escalations
SELECT count(*) AS count FROM escalation INDEXED BY escalation_by_ticket
WHERE customer_id = :customer_id AND ticket_id = :ticket_id AND closed_at IS NULL;

-- name: ticket_list_escalations
SELECT
  customer_id, escalation_id, ticket_id, procedure_id, dedup_key, state, severity, drill,
  quarantined, round, step, position, round_started_engine, wait_until_engine,
  received_until_engine, due_engine, holder_kind, holder_id, holder_name, holder_path,
  held_since_at, eta_at, intervention, handed_back_kind, handed_back_id, handed_back_name,
  announcements, notices, callers_count, opened_at, closed_at, next_what, version, owner, fence
FROM escalation INDEXED BY escalation_by_ticket
WHERE customer_id = :customer_id AND ticket_id = :ticket_id
ORDER BY escalation_id LIMIT :limit;

-- name: ticket_note_insert
INSERT INTO ticket_note (
  customer_id, ticket_id, number, kind, at, by, other, text)
VALUES (
  :customer_id, :ticket_id,
  (SELECT coalesce(max(number), 0) + 1 FROM ticket_note
   WHERE customer_id = :customer_id AND ticket_id = :ticket_id),
  :kind, :at, :by, :other_ticket, :text)
RETURNING number;

-- name: ticket_note_count
SELECT count(*) AS count FROM ticket_note
WHERE customer_id = :customer_id AND ticket_id = :ticket_id;

-- name: ticket_note_list
SELECT
  customer_id, ticket_id, number, kind, at, by, other, text
FROM ticket_note
WHERE customer_id = :customer_id AND ticket_id = :ticket_id
ORDER BY number LIMIT :limit;

-- name: ticket_said
-- What was said in its escalations: of the kinds 1 << kind of :said, the newest. Most entries have
-- no words, so that they are only looked up by their numbers first.
SELECT customer_id, seq, escalation_id, kind, at, at_engine, facts, personal
FROM (SELECT l.customer_id, l.seq, l.escalation_id, l.kind, l.at, l.at_engine, l.facts,
             p.text AS personal
      FROM escalation AS e INDEXED BY escalation_by_ticket
      CROSS JOIN timeline AS i INDEXED BY timeline_by_escalation
        ON i.customer_id = e.customer_id AND i.escalation_id = e.escalation_id
      CROSS JOIN timeline_personal AS p ON p.customer_id = i.customer_id AND p.seq = i.seq
      CROSS JOIN timeline AS l ON l.customer_id = p.customer_id AND l.seq = p.seq
      WHERE e.customer_id = :customer_id AND e.ticket_id = :ticket_id AND :said >> l.kind & 1
      ORDER BY l.seq DESC LIMIT :limit)
ORDER BY seq;

-- name: ticket_text
-- All that search looks in, with what was said as ticket_said has it. The first word says whose it
-- is: U+E000 (57344) is taken out of all that people write, so that no ticket stands behind another
-- customer's word, too.
SELECT
  char(57344) || t.customer_id || ' ' || replace(replace(replace(replace(replace(
    t.number || ' ' || t.summary
    || char(10) || coalesce(t.category, '')
    || char(10) || coalesce(t.details, '')
    || char(10) || coalesce((SELECT group_concat(value, char(10)) FROM json_each(t.fields)), '')
    || char(10) || coalesce((
      SELECT group_concat(coalesce(c.name, '') || ' ' || coalesce(c.phone, ''), char(10))
      FROM escalation AS e INDEXED BY escalation_by_ticket
      CROSS JOIN caller AS c ON c.customer_id = e.customer_id
        AND c.escalation_id = e.escalation_id
      WHERE e.customer_id = t.customer_id AND e.ticket_id = t.ticket_id), '')
    || char(10) || coalesce((
      SELECT group_concat(n.text, char(10)) FROM ticket_note AS n
      WHERE n.customer_id = t.customer_id AND n.ticket_id = t.ticket_id), '')
    || char(10) || coalesce((
      SELECT group_concat(said.text, char(10))
      FROM (SELECT p.text
            FROM escalation AS e INDEXED BY escalation_by_ticket
            CROSS JOIN timeline AS i INDEXED BY timeline_by_escalation
              ON i.customer_id = e.customer_id AND i.escalation_id = e.escalation_id
            CROSS JOIN timeline_personal AS p ON p.customer_id = i.customer_id AND p.seq = i.seq
            CROSS JOIN timeline AS l ON l.customer_id = p.customer_id AND l.seq = p.seq
            WHERE e.customer_id = t.customer_id AND e.ticket_id = t.ticket_id
              AND :said >> l.kind & 1
            ORDER BY p.seq DESC LIMIT :limit) AS said), ''),
    char(57344), ''), 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS words
FROM ticket AS t
WHERE t.customer_id = :customer_id AND t.ticket_id = :ticket_id;

-- name: ticket_document_get
SELECT document_id, words FROM ticket_document WHERE ticket_id = :ticket_id;

-- name: ticket_document_insert
INSERT INTO ticket_document (
  customer_id, ticket_id, words)
VALUES (
  :customer_id, :ticket_id, :words)
RETURNING document_id;

-- name: ticket_document_update
UPDATE ticket_document SET words = :words WHERE document_id = :document_id;

-- name: ticket_document_delete
DELETE FROM ticket_document WHERE document_id = :document_id;

-- name: ticket_document_below
-- The document of the first ticket that is not below :ticket_id; one behind the last when all are.
SELECT coalesce(
  (SELECT document_id FROM ticket_document WHERE ticket_id >= :ticket_id
   ORDER BY ticket_id LIMIT 1), 9223372036854775807) AS document_id;

-- name: ticket_words_insert
INSERT INTO ticket_words (rowid, words) VALUES (:document_id, :words);

-- name: ticket_words_delete
INSERT INTO ticket_words (ticket_words, rowid, words) VALUES ('delete', :document_id, :words);

-- name: ticket_words_merge
-- What was deleted leaves the index when it is merged: below 0 begins it, above goes on.
INSERT INTO ticket_words (ticket_words, rank) VALUES ('merge', :pages);

-- name: ticket_search
-- Documents are numbered in the order of their tickets; the joins keep it.
SELECT
  t.customer_id, t.ticket_id, t.category, t.summary, t.details, t.fields, t.opened_at,
  t.closed_at, t.number, t.duplicate_of, t.erased_at
FROM (SELECT rowid AS document_id FROM ticket_words
      WHERE ticket_words MATCH :match AND rowid >= :least AND rowid < :below
      ORDER BY rowid DESC LIMIT :looked) AS w
CROSS JOIN ticket_document AS d ON d.document_id = w.document_id
CROSS JOIN ticket AS t ON t.customer_id = d.customer_id AND t.ticket_id = d.ticket_id
WHERE t.opened_at >= :from_at AND t.opened_at < :to_at
  AND (:customer_id = 0 OR t.customer_id = :customer_id)
  AND (:customers IS NULL OR t.customer_id IN (SELECT value FROM json_each(:customers)))
  AND (:state = 0
       OR :state = iif(t.erased_at IS NOT NULL, 3, iif(t.closed_at IS NOT NULL, 2, 1)))
LIMIT :limit;

-- name: ticket_search_end
SELECT d.ticket_id
FROM (SELECT rowid AS document_id FROM ticket_words
      WHERE ticket_words MATCH :match AND rowid >= :least AND rowid < :below
      ORDER BY rowid DESC LIMIT 2 OFFSET :looked - 1) AS w
CROSS JOIN ticket_document AS d ON d.document_id = w.document_id;

-- name: ticket_stale_insert
INSERT OR IGNORE INTO ticket_stale (customer_id, ticket_id) VALUES (:customer_id, :ticket_id);

-- name: ticket_stale_delete
DELETE FROM ticket_stale WHERE customer_id = :customer_id AND ticket_id = :ticket_id;

-- name: ticket_stale_list
SELECT customer_id, ticket_id FROM ticket_stale LIMIT :limit;

-- name: ticket_stale_of_customer
SELECT ticket_id AS id, 1 AS wanted FROM ticket_stale
WHERE customer_id = :customer_id AND ticket_id < :before
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_indexed_get
SELECT unclean FROM ticket_indexed;

-- name: ticket_indexed_set
UPDATE ticket_indexed SET ticket_id = :ticket_id;

-- name: ticket_unclean_set
UPDATE ticket_indexed SET unclean = :unclean;

-- name: ticket_unindexed
-- Oldest first.
SELECT customer_id, ticket_id FROM ticket INDEXED BY ticket_by_id
WHERE ticket_id > (SELECT ticket_id FROM ticket_indexed) AND ticket_id < :below
ORDER BY ticket_id LIMIT :limit;

-- name: ticket_to_index
-- Whether there is work for the index.
SELECT EXISTS (SELECT 1 FROM ticket_stale)
  OR EXISTS (SELECT 1 FROM ticket INDEXED BY ticket_by_id
             WHERE ticket_id > (SELECT ticket_id FROM ticket_indexed) AND ticket_id < :below)
  AS work;

-- name: ticket_unindexed_newest
SELECT customer_id, ticket_id FROM ticket INDEXED BY ticket_by_id
WHERE ticket_id > (SELECT ticket_id FROM ticket_indexed) AND ticket_id < :before
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_newest
-- Whatever the index has: for a search without it.
SELECT customer_id, ticket_id FROM ticket INDEXED BY ticket_by_id
WHERE ticket_id < :before
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_any_of_customer
-- Whatever the index has, likewise.
SELECT ticket_id AS id, 1 AS wanted FROM ticket
WHERE customer_id = :customer_id AND ticket_id < :before
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_unindexed_of_customer
SELECT ticket_id AS id, 1 AS wanted FROM ticket
WHERE customer_id = :customer_id AND ticket_id > (SELECT ticket_id FROM ticket_indexed)
  AND ticket_id < :before
ORDER BY ticket_id DESC LIMIT :limit;

-- name: ticket_walk
SELECT customer_id, ticket_id, closed_at, erased_at FROM ticket
WHERE customer_id = :customer_id AND ticket_id > :after AND ticket_id < :below
ORDER BY ticket_id LIMIT :limit;

-- name: ticket_walk_open
-- Open ones, and when something last happened to them: NULL while one of their escalations is open.
SELECT t.ticket_id, iif(
  EXISTS (SELECT 1 FROM escalation AS e INDEXED BY escalation_by_ticket
          WHERE e.customer_id = t.customer_id AND e.ticket_id = t.ticket_id
            AND e.closed_at IS NULL),
  NULL,
  max(t.opened_at,
    coalesce((SELECT max(n.at) FROM ticket_note AS n
              WHERE n.customer_id = t.customer_id AND n.ticket_id = t.ticket_id), t.opened_at),
    coalesce((SELECT max((SELECT l.at FROM timeline AS l INDEXED BY timeline_by_escalation
                          WHERE l.customer_id = e.customer_id AND l.escalation_id = e.escalation_id
                          ORDER BY l.seq DESC LIMIT 1))
              FROM escalation AS e INDEXED BY escalation_by_ticket
              WHERE e.customer_id = t.customer_id AND e.ticket_id = t.ticket_id), t.opened_at)))
  AS last_at
FROM ticket AS t INDEXED BY ticket_open
WHERE t.customer_id = :customer_id AND t.closed_at IS NULL AND t.ticket_id > :after
  AND t.ticket_id < :below
ORDER BY t.ticket_id LIMIT :limit;

-- name: customer_tell_never_closed
-- One row when it is time to tell it again; a clock that was ahead holds it up for nobody.
UPDATE customer SET never_closed_told_at = :told_at
WHERE customer_id = :customer_id
  AND (never_closed_told_at IS NULL OR never_closed_told_at <= :told_before
       OR never_closed_told_at > :told_at)
RETURNING 1 AS count;

-- name: ticket_erase
-- What was never closed is closed by it.
UPDATE ticket SET summary = '', details = NULL, fields = NULL, erased_at = :erased_at,
  closed_at = coalesce(closed_at, :erased_at)
WHERE customer_id = :customer_id AND ticket_id = :ticket_id AND erased_at IS NULL;

-- name: ticket_erase_callers
UPDATE caller SET name = NULL, phone = NULL
WHERE customer_id = :customer_id AND escalation_id IN (
  SELECT escalation_id FROM escalation INDEXED BY escalation_by_ticket
  WHERE customer_id = :customer_id AND ticket_id = :ticket_id);

-- name: ticket_erase_notes
UPDATE ticket_note SET text = NULL
WHERE customer_id = :customer_id AND ticket_id = :ticket_id;

-- name: ticket_erase_timeline
-- The facts and the digest of the words stay: the chain holds.
DELETE FROM timeline_personal
WHERE customer_id = :customer_id AND seq IN (
  SELECT t.seq FROM escalation AS e INDEXED BY escalation_by_ticket
  CROSS JOIN timeline AS t INDEXED BY timeline_by_escalation
    ON t.customer_id = e.customer_id AND t.escalation_id = e.escalation_id
  WHERE e.customer_id = :customer_id AND e.ticket_id = :ticket_id);

-- name: ticket_erase_dedup
UPDATE escalation SET dedup_key = NULL
WHERE customer_id = :customer_id AND dedup_key IS NOT NULL AND escalation_id IN (
  SELECT escalation_id FROM escalation INDEXED BY escalation_by_ticket
  WHERE customer_id = :customer_id AND ticket_id = :ticket_id);
