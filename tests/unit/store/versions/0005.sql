-- What version 5 adds: a second customer, with hours, holidays, numbers and fields of its own.
INSERT INTO customer VALUES (2, 'garage', 'Garage du Port', 'Europe/Paris', 'fr', 'le garage', NULL,
  1, 0, x'0000000000000000000000000000000000000000000000000000000000000000', 1700000000000,
  '{"weekly":[{"days":["monday"],"from":"08:00","to":"12:00"}],"holidays":[]}',
  'fr-alsace-moselle', '+33600000013', 'Garage du Port, bonsoir.', 365,
  '[{"name":"plaque","label":"Plaque","type":"text","required":true}]');
INSERT INTO customer_holidays VALUES (2, 'BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//fr
BEGIN:VEVENT
UID:1@example
DTSTART;VALUE=DATE:20261224
SUMMARY:Fermeture
END:VEVENT
END:VCALENDAR
', 1700000009000);
INSERT INTO customer_number VALUES (2, 0, '+33199000001'), (2, 1, '+33199000002');
