-- Whether the phone is switched to silent ("on", "off", "unknown"), as its app says it.
ALTER TABLE device ADD COLUMN silent_mode TEXT;
ALTER TABLE shared_phone ADD COLUMN silent_mode TEXT;

-- A check-in by the app, with what its phone said of itself then; permission is "denied", too, when
-- that was so as its test push was heard: it is not complete, and stays so. number_confirmed: the
-- agent said that the numbers which are dialled for them are right. numbers_mark: by which those
-- are told from others, as long as the check-in stands; 0: none.
ALTER TABLE check_in ADD COLUMN permission TEXT;
ALTER TABLE check_in ADD COLUMN silent_mode TEXT;
ALTER TABLE check_in ADD COLUMN battery_percent INTEGER NOT NULL DEFAULT -1;
ALTER TABLE check_in ADD COLUMN app_version TEXT;
ALTER TABLE check_in ADD COLUMN number_confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE check_in ADD COLUMN numbers_mark INTEGER NOT NULL DEFAULT 0;

-- When the phone registered another target than the one that this test push went to: it proves
-- nothing any more.
ALTER TABLE device_test ADD COLUMN outdated_at INTEGER;
