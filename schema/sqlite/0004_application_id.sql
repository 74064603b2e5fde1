-- Says whose file this is ("Astr"), so that no other program's database is ever taken for one of
-- ours. Earlier versions are known by their tables alone.
PRAGMA application_id = 1098085490;
