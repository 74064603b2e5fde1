-- What an operator says to the caller when nobody was reached, in the customer's own words; NULL:
-- the gateway's.
ALTER TABLE customer ADD COLUMN nobody_reached_fr TEXT;
ALTER TABLE customer ADD COLUMN nobody_reached_en TEXT;
