-- What the automatic coverage found last.

-- name: coverage_report_put
INSERT INTO coverage_report (
  customer_id, computed_at, days, findings, lasting, counts, items, more, keys, news, over, told_at)
VALUES (
  :customer_id, :computed_at, :days, :findings, :lasting, :counts, :items, :more, :keys, :news,
  :over, NULL)
ON CONFLICT (customer_id) DO UPDATE SET
  computed_at = excluded.computed_at, days = excluded.days, findings = excluded.findings,
  lasting = excluded.lasting, counts = excluded.counts, items = excluded.items,
  more = excluded.more, keys = excluded.keys, news = excluded.news, over = excluded.over,
  told_at = NULL;

-- name: coverage_report_told
UPDATE coverage_report SET told_at = :told_at
WHERE customer_id = :customer_id AND computed_at = :computed_at AND told_at IS NULL;

-- name: coverage_report_get
SELECT
  customer_id, computed_at, days, findings, lasting, counts, items, more, keys, news, over, told_at
FROM coverage_report WHERE customer_id = :customer_id;

-- name: coverage_report_list
-- Of all customers, without what was found: what is looked at all the time.
SELECT customer_id, computed_at, lasting, counts, over,
  CASE WHEN told_at IS NULL THEN news END AS news
FROM coverage_report ORDER BY customer_id;
