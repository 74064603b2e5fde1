-- What version 20 adds: a check-in with what its phone said, and a number that was confirmed; a
-- test push whose phone has another target since.
UPDATE device SET silent_mode = 'off' WHERE device_id = 1;
UPDATE shared_phone SET silent_mode = 'on' WHERE phone_id = 1;
UPDATE check_in SET permission = 'granted', silent_mode = 'off', battery_percent = 80,
  app_version = '1.4', number_confirmed = 1, numbers_mark = 4711 WHERE check_in_id = 1;
UPDATE device_test SET outdated_at = 1700000009000
  WHERE test_id = x'018bcfe5687b74000000000000000001';
