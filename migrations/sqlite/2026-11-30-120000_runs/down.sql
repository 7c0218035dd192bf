-- A run is one reading again, and the latest evaluations are a ring of a hundred.
CREATE TABLE evaluation (
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
INSERT INTO evaluation (key, slot, version, at, value, phase, reason, effects)
SELECT key, CAST(version % 100 AS INTEGER), version, at, value, phase, reason, effects
FROM (
    SELECT sample.*, row_number() OVER (PARTITION BY key ORDER BY version DESC) AS n
    FROM sample WHERE phase IS NOT NULL AND version > 0
) latest
WHERE n <= 100 AND NOT EXISTS (
    SELECT 1 FROM sample later
    WHERE later.key = latest.key AND later.phase IS NOT NULL AND later.version > latest.version
        AND later.version % 100 = latest.version % 100
);

ALTER TABLE sample RENAME TO run;
CREATE TABLE sample (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    value REAL,
    error TEXT,
    took_ms INTEGER NOT NULL
) STRICT;
INSERT INTO sample (key, at, value, error, took_ms)
SELECT key, at, value, error, took_ms FROM run ORDER BY at, version;
DROP TABLE run;
CREATE INDEX sample_key_at ON sample (key, at);
CREATE INDEX sample_at ON sample (at);

ALTER TABLE realtime_monitor DROP COLUMN run_times;
ALTER TABLE realtime_monitor DROP COLUMN run_version;
ALTER TABLE realtime_monitor DROP COLUMN run_at;
