-- What version 12 adds: the words of customer 2 for a caller whom nobody can help yet.
UPDATE customer SET nobody_reached_fr = 'Le garage rappelle avant huit heures.'
WHERE customer_id = 2;
