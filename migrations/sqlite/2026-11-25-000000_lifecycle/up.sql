-- What happens to an alert between its opening and its end, and the monitor's own troubles.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.

-- Why nobody was told of an alert's opening or end (yet): "silence:3", "maintenance:nightly", "flapping", "trouble:7".
ALTER TABLE alert ADD COLUMN muted TEXT;
ALTER TABLE alert ADD COLUMN end_muted TEXT;
ALTER TABLE alert ADD COLUMN escalated_at TEXT;
-- What is looked at every second; what nobody acknowledges piles up, and must not be read each time.
CREATE INDEX alert_lasting ON alert (id) WHERE resolved_at IS NULL AND kind <> 'event';
CREATE INDEX alert_unheeded ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;
CREATE INDEX alert_end_muted ON alert (id) WHERE end_muted IS NOT NULL;

-- The latest judgements of each metric and what came of them: a ring, so it never grows.
CREATE TABLE decision (
    key TEXT NOT NULL,
    slot INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at TEXT NOT NULL,
    value REAL,
    phase TEXT NOT NULL CHECK (phase IN ('normal', 'pending', 'firing', 'no_data')),
    reason TEXT NOT NULL,
    effects TEXT NOT NULL,
    PRIMARY KEY (key, slot)
) STRICT;

-- A trouble of the monitor itself; while it is open there is one row of its kind and subject, so that it is told once.
CREATE TABLE trouble (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('system', 'offline', 'channel', 'process', 'gap', 'database')),
    subject TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason TEXT NOT NULL,
    since TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX trouble_open ON trouble (kind, subject) WHERE ended_at IS NULL;

-- What a message about a trouble is about, the digest that a message went in, and when a person asked for another try.
ALTER TABLE delivery ADD COLUMN trouble_id INTEGER REFERENCES trouble (id);
ALTER TABLE delivery ADD COLUMN batch TEXT;
ALTER TABLE delivery ADD COLUMN retried_at TEXT;
CREATE INDEX delivery_trouble ON delivery (trouble_id) WHERE trouble_id IS NOT NULL;
CREATE INDEX delivery_batch ON delivery (batch) WHERE batch IS NOT NULL;
-- When each channel last got through.
CREATE INDEX delivery_lane_finished ON delivery (lane, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX delivery_undelivered ON delivery (id) WHERE status IN ('failed', 'given_up');

-- The web says that it lives, too.
ALTER TABLE worker ADD COLUMN role TEXT NOT NULL DEFAULT 'worker' CHECK (role IN ('worker', 'web'));
