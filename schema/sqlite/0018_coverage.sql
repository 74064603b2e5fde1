-- What the automatic coverage found of a customer when it was last computed. items: a JSON array of
-- the findings, as many as are kept; more: how many were left off. keys: what was to be told of
-- them, so that each is told once while it lasts (gateway/coverage/news.h). news: the words of the
-- alarm that the computation made, NULL: none; over: that nothing of what was
-- told lasts; told_at: when they went out, NULL: not yet.
CREATE TABLE coverage_report (
  customer_id INTEGER PRIMARY KEY REFERENCES customer (customer_id),
  computed_at INTEGER NOT NULL,
  days        INTEGER NOT NULL,
  findings    INTEGER NOT NULL,
  lasting     INTEGER NOT NULL,
  counts      TEXT NOT NULL,
  items       TEXT NOT NULL,
  more        INTEGER NOT NULL,
  keys        TEXT NOT NULL,
  news        TEXT,
  over        INTEGER NOT NULL,
  told_at     INTEGER
) STRICT;
