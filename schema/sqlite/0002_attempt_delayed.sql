-- A push whose provider is down is delayed: it goes on, and the next path is tried meanwhile.
ALTER TABLE attempt ADD COLUMN delayed_at INTEGER;
