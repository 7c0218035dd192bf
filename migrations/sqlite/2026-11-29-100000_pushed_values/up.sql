-- Values that business systems send, until a worker has judged them and for a while after that, so that a repeat is known.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.
CREATE TABLE pushed_value (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    -- The sender's own id of it.
    push_id TEXT NOT NULL,
    value REAL NOT NULL,
    -- What it was about, JSON; empty once it is judged.
    messages TEXT NOT NULL,
    received_at TEXT NOT NULL,
    judged_at TEXT
) STRICT;
CREATE UNIQUE INDEX pushed_value_push_id ON pushed_value (key, push_id);
CREATE INDEX pushed_value_key ON pushed_value (key, id);
CREATE INDEX pushed_value_waiting ON pushed_value (key, id) WHERE judged_at IS NULL;
CREATE INDEX pushed_value_received_at ON pushed_value (received_at);
