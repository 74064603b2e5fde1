-- What was said in the escalations of a ticket (notes, reasons, further callers) is found by search
-- from now on: such tickets are indexed again.
INSERT OR IGNORE INTO ticket_stale (customer_id, ticket_id)
SELECT e.customer_id, e.ticket_id
FROM timeline_personal AS p
JOIN timeline AS t ON t.customer_id = p.customer_id AND t.seq = p.seq
JOIN escalation AS e ON e.customer_id = t.customer_id AND e.escalation_id = t.escalation_id
WHERE t.kind IN (1, 17, 18, 19, 21, 22, 24, 25, 27, 28, 41, 43);

-- When it was told last that tickets of this customer are left open for ever; NULL: never.
ALTER TABLE customer ADD COLUMN never_closed_told_at INTEGER;
