-- What agents were told of rotas.

-- name: publication_insert
INSERT INTO publication (
  customer_id, publication_id, rota, from_at, to_at, published_at, key_id, operator, time_zone,
  notice_days, digest, in_time, short, too_short)
VALUES (
  :customer_id, :publication_id, :rota, :from_at, :to_at, :published_at, :key_id, :operator,
  :time_zone, :notice_days, :digest, :in_time, :short, :too_short);

-- name: publication_agent_insert
INSERT INTO publication_agent (customer_id, publication_id, agent, name, shifts, changes)
VALUES (:customer_id, :publication_id, :agent, :name, :shifts, :changes);

-- name: publication_newest
SELECT customer_id, publication_id FROM publication
WHERE customer_id = :customer_id AND rota = :rota ORDER BY publication_id DESC LIMIT 1;

-- name: publication_exists
SELECT EXISTS (SELECT 1 FROM publication WHERE customer_id = :customer_id) AS found;

-- name: publication_get
SELECT
  customer_id, publication_id, rota, from_at, to_at, published_at, key_id, operator, time_zone,
  notice_days, digest, in_time, short, too_short,
  (SELECT count(*) FROM publication_agent AS a
   WHERE a.customer_id = p.customer_id AND a.publication_id = p.publication_id) AS agents,
  (SELECT count(*) FROM publication_agent AS a
   WHERE a.customer_id = p.customer_id AND a.publication_id = p.publication_id
     AND a.seen_at IS NOT NULL) AS seen
FROM publication AS p
WHERE customer_id = :customer_id AND publication_id = :publication_id;

-- name: publication_list
SELECT
  customer_id, publication_id, rota, from_at, to_at, published_at, key_id, operator, time_zone,
  notice_days, digest, in_time, short, too_short,
  (SELECT count(*) FROM publication_agent AS a
   WHERE a.customer_id = p.customer_id AND a.publication_id = p.publication_id) AS agents,
  (SELECT count(*) FROM publication_agent AS a
   WHERE a.customer_id = p.customer_id AND a.publication_id = p.publication_id
     AND a.seen_at IS NOT NULL) AS seen
FROM publication AS p
WHERE customer_id = :customer_id AND rota = :rota AND publication_id < :before
ORDER BY publication_id DESC LIMIT :limit;

-- name: publication_list_over
-- Those that speak of a time, without counting who saw them.
SELECT
  customer_id, publication_id, rota, from_at, to_at, published_at, key_id, operator, time_zone,
  notice_days, digest, in_time, short, too_short
FROM publication
WHERE customer_id = :customer_id AND rota = :rota AND to_at > :from AND from_at < :to
ORDER BY publication_id DESC LIMIT :limit;

-- name: publication_agent_list
SELECT
  a.customer_id, a.publication_id, agent, name, shifts, changes, fetched_at, seen_at, seen_via,
  seen_by, seen_how, rota, from_at, to_at, published_at
FROM publication_agent AS a JOIN publication AS p
  ON p.customer_id = a.customer_id AND p.publication_id = a.publication_id
WHERE a.customer_id = :customer_id AND a.publication_id = :publication_id ORDER BY agent;

-- name: publication_agent_get
SELECT
  a.customer_id, a.publication_id, agent, name, shifts, changes, fetched_at, seen_at, seen_via,
  seen_by, seen_how, rota, from_at, to_at, published_at
FROM publication_agent AS a JOIN publication AS p
  ON p.customer_id = a.customer_id AND p.publication_id = a.publication_id
WHERE a.customer_id = :customer_id AND a.publication_id = :publication_id AND agent = :agent;

-- name: publication_list_of_agent
SELECT
  a.customer_id, a.publication_id, agent, name, shifts, changes, fetched_at, seen_at, seen_via,
  seen_by, seen_how, rota, from_at, to_at, published_at
FROM publication_agent AS a JOIN publication AS p
  ON p.customer_id = a.customer_id AND p.publication_id = a.publication_id
WHERE a.customer_id = :customer_id AND agent = :agent AND a.publication_id < :before
ORDER BY a.publication_id DESC LIMIT :limit;

-- name: publication_agent_unfetched
SELECT customer_id, publication_id FROM publication_agent
WHERE customer_id = :customer_id AND agent = :agent AND fetched_at IS NULL
ORDER BY publication_id DESC LIMIT 1;

-- name: publication_agent_fetched
UPDATE publication_agent SET fetched_at = :fetched_at
WHERE customer_id = :customer_id AND agent = :agent AND fetched_at IS NULL
  AND publication_id <= :publication_id;

-- name: publication_agent_seen
UPDATE publication_agent SET
  seen_at = :seen_at, seen_via = :seen_via, seen_by = :seen_by, seen_how = :seen_how
WHERE customer_id = :customer_id AND publication_id = :publication_id AND agent = :agent
  AND seen_at IS NULL;
