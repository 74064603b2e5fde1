-- What version 19 adds: a customer of whom it was told that a ticket is never closed.
UPDATE customer SET never_closed_told_at = 1700000013000 WHERE customer_id = 1;
