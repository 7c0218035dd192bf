-- The events of a metric are acknowledged together: a row a group, which counts them, so that a reset and a count do not
-- touch each of them. The same tables, columns and indexes are in the other backend's folder; a test compares them.

-- Those that people were notified of and those that they were not are two groups; of each one is open.
CREATE TABLE alert_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    muted INTEGER NOT NULL CHECK (muted IN (0, 1)),
    alerts INTEGER NOT NULL CHECK (alerts >= 0),
    opened_at TEXT NOT NULL,
    escalated_at TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    note TEXT
) STRICT;
CREATE UNIQUE INDEX alert_group_open ON alert_group (key, muted) WHERE acknowledged_at IS NULL;

-- An event in a group is acknowledged and over when its group is; its own columns stay empty.
ALTER TABLE alert ADD COLUMN group_id INTEGER REFERENCES alert_group (id);
INSERT INTO alert_group (key, muted, alerts, opened_at, escalated_at)
    SELECT key, muted IS NOT NULL, count(*), min(opened_at), min(escalated_at) FROM alert
    WHERE kind = 'event' AND resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY key, muted IS NOT NULL;
UPDATE alert SET group_id =
    (SELECT g.id FROM alert_group g WHERE g.key = alert.key AND g.muted = (alert.muted IS NOT NULL))
    WHERE kind = 'event' AND resolved_at IS NULL AND acknowledged_at IS NULL;
CREATE INDEX alert_grouped ON alert (group_id, id) WHERE group_id IS NOT NULL;

-- What is read every second is what no group has.
DROP INDEX alert_unresolved;
DROP INDEX alert_lasting;
DROP INDEX alert_unacknowledged;
CREATE INDEX alert_open ON alert (id) WHERE resolved_at IS NULL AND group_id IS NULL;
CREATE INDEX alert_open_key ON alert (key, id) WHERE resolved_at IS NULL AND group_id IS NULL;
CREATE INDEX alert_unacknowledged ON alert (id) WHERE acknowledged_at IS NULL AND group_id IS NULL;
CREATE INDEX alert_unacknowledged_key ON alert (key, id) WHERE acknowledged_at IS NULL AND group_id IS NULL;

-- Nor may what is over be read each time: incidents, and deliveries among which few ended unsent.
CREATE INDEX incident_lasting ON incident (id) WHERE ended_at IS NULL;
CREATE INDEX delivery_undelivered_lane ON delivery (lane) WHERE status IN ('failed', 'given_up');
