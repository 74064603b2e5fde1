-- What version 18 adds: the last automatic coverage of a customer, which was told.
INSERT INTO coverage_report VALUES
  (1, 1700000000000, 90, 2, 1, '{"gap":1,"no_number":1}',
   '[{"kind":"gap","from":1700000000000,"to":1700003600000,"rota":"duty"}]', 1,
   '00112233445566aa:1700000000000', 'Nobody is on call', 0, 1700000001000);
