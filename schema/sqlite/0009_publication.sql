-- How many days ahead agents are to know of their duty (Code du travail, R3121-3); NULL: 15.
ALTER TABLE customer ADD COLUMN notice_days INTEGER;

-- What agents were told of a rota, when and by whom: proof, so that rows are added and never
-- changed, but for when somebody first took note. Names stand in the rows themselves: a publication
-- outlives its rota, its key and its agents. digest is over all that was told; the three counts are
-- of changes since what had been told, by how far ahead they came.
CREATE TABLE publication (
  customer_id    INTEGER NOT NULL REFERENCES customer (customer_id),
  publication_id BLOB NOT NULL,
  rota           TEXT NOT NULL,
  from_at        INTEGER NOT NULL,
  to_at          INTEGER NOT NULL,
  published_at   INTEGER NOT NULL,
  key_id         TEXT NOT NULL,
  operator       TEXT,
  time_zone      TEXT NOT NULL,
  notice_days    INTEGER NOT NULL,
  digest         BLOB NOT NULL,
  in_time        INTEGER NOT NULL,
  short          INTEGER NOT NULL,
  too_short      INTEGER NOT NULL,
  PRIMARY KEY (customer_id, publication_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX publication_by_rota ON publication (customer_id, rota, publication_id);

-- One agent's part: shifts and changes are JSON arrays as they were told. fetched_at: the agent's
-- calendar was fetched since; seen_at: he, or an operator who told him, confirmed it.
CREATE TABLE publication_agent (
  customer_id    INTEGER NOT NULL,
  publication_id BLOB NOT NULL,
  agent          TEXT NOT NULL,
  name           TEXT NOT NULL,
  shifts         TEXT NOT NULL,
  changes        TEXT NOT NULL,
  fetched_at     INTEGER,
  seen_at        INTEGER,
  seen_via       TEXT,
  seen_by        TEXT,
  seen_how       TEXT,
  PRIMARY KEY (customer_id, publication_id, agent),
  FOREIGN KEY (customer_id, publication_id) REFERENCES publication (customer_id, publication_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX publication_agent_by_agent ON publication_agent (customer_id, agent, publication_id);
CREATE INDEX publication_agent_unfetched ON publication_agent (customer_id, agent, publication_id)
  WHERE fetched_at IS NULL;
