-- Tickets for people: a number to say on the telephone, notes, links between duplicates, search and
-- an end. A number is counted by each customer and a multiple of 11 from 1001 on: no other one
-- results from mishearing one digit or swapping two neighbours (gateway/core/ticket_number.h).
ALTER TABLE ticket ADD COLUMN number INTEGER;
ALTER TABLE ticket ADD COLUMN duplicate_of BLOB;
ALTER TABLE ticket ADD COLUMN erased_at INTEGER;
UPDATE ticket SET number = n.number
FROM (SELECT customer_id, ticket_id,
             990 + 11 * row_number() OVER (PARTITION BY customer_id ORDER BY ticket_id) AS number
      FROM ticket) AS n
WHERE n.customer_id = ticket.customer_id AND n.ticket_id = ticket.ticket_id;
CREATE UNIQUE INDEX ticket_by_number ON ticket (customer_id, number);
CREATE INDEX ticket_by_id ON ticket (ticket_id);
CREATE INDEX ticket_open ON ticket (customer_id, ticket_id) WHERE closed_at IS NULL;
CREATE INDEX ticket_duplicates ON ticket (customer_id, duplicate_of)
  WHERE duplicate_of IS NOT NULL;
CREATE INDEX escalation_by_ticket ON escalation (customer_id, ticket_id);

-- What people did to a ticket, in their order. kind: 0 a note, 1 closed, 2 reopened, 3 linked,
-- 4 unlinked (other: the ticket that it is a duplicate of). The text can be erased, the rest stays.
CREATE TABLE ticket_note (
  customer_id INTEGER NOT NULL,
  ticket_id   BLOB NOT NULL,
  number      INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  by          TEXT NOT NULL,
  other       BLOB,
  text        TEXT,
  PRIMARY KEY (customer_id, ticket_id, number),
  FOREIGN KEY (customer_id, ticket_id) REFERENCES ticket (customer_id, ticket_id)
) STRICT, WITHOUT ROWID;

-- The words that search looks in, as they stand in the index, which cannot do without them when
-- they change. Written behind acceptance, in the order of the tickets (ticket_indexed).
CREATE TABLE ticket_document (
  document_id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL,
  ticket_id   BLOB NOT NULL UNIQUE,
  words       TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE ticket_words USING fts5 (
  words, content = 'ticket_document', content_rowid = 'document_id', detail = none, columnsize = 0,
  tokenize = 'unicode61 remove_diacritics 2');

-- One row: the newest ticket that was indexed, and whether the index still has erased words in it.
CREATE TABLE ticket_indexed (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  ticket_id BLOB NOT NULL,
  unclean   INTEGER NOT NULL
) STRICT;
INSERT INTO ticket_indexed VALUES (1, x'00000000000000000000000000000000', 0);

-- Tickets whose words changed since they were indexed.
CREATE TABLE ticket_stale (
  customer_id INTEGER NOT NULL,
  ticket_id   BLOB NOT NULL,
  PRIMARY KEY (customer_id, ticket_id)
) STRICT, WITHOUT ROWID;
