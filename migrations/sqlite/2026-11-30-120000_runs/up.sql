-- A reading that says what the one before said is no row: a row is a run of equal readings, with what the rule says of them.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.

-- The run that is still open has its end and its count in realtime_monitor, where they are written once a second.
ALTER TABLE realtime_monitor ADD COLUMN run_at TEXT;
ALTER TABLE realtime_monitor ADD COLUMN run_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE realtime_monitor ADD COLUMN run_times INTEGER NOT NULL DEFAULT 0;

-- One B-tree: what is read of a metric is together, in the order of time. The version is the one that the metric's state got
-- with the run; it tells apart what a clock that was set back stamps the same.
CREATE TABLE run (
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    version INTEGER NOT NULL,
    until TEXT NOT NULL,
    times INTEGER NOT NULL CHECK (times > 0),
    value REAL,
    error TEXT,
    took_ms INTEGER NOT NULL,
    phase TEXT CHECK (phase IN ('normal', 'pending', 'firing', 'no_data')),
    reason TEXT,
    effects TEXT,
    PRIMARY KEY (key, at, version)
) STRICT, WITHOUT ROWID;

-- Readings of before are runs of one, with the evaluation where that was kept.
INSERT INTO run (key, at, version, until, times, value, error, took_ms, phase, reason, effects)
SELECT s.key, s.at, coalesce(e.version, s.id - m.last - 1), s.at, 1, s.value, s.error, s.took_ms, e.phase, e.reason, e.effects
FROM (SELECT sample.*, row_number() OVER (PARTITION BY key, at ORDER BY id DESC) AS n FROM sample) s
CROSS JOIN (SELECT coalesce(max(id), 0) AS last FROM sample) m
LEFT JOIN (
    SELECT key, at, max(version) AS version FROM evaluation GROUP BY key, at
) newest ON newest.key = s.key AND newest.at = s.at AND s.n = 1
LEFT JOIN evaluation e ON e.key = newest.key AND e.version = newest.version;

-- Evaluations of readings that are not kept any more.
INSERT INTO run (key, at, version, until, times, value, error, took_ms, phase, reason, effects)
SELECT e.key, e.at, e.version, e.at, 1, e.value, CASE WHEN e.value IS NULL THEN e.reason END, 0, e.phase, e.reason, e.effects
FROM evaluation e
WHERE NOT EXISTS (SELECT 1 FROM sample s WHERE s.key = e.key AND s.at = e.at);

DROP TABLE sample;
DROP TABLE evaluation;
ALTER TABLE run RENAME TO sample;
