-- Each event has its own acknowledgement again.
UPDATE alert SET
    acknowledged_at = (SELECT g.acknowledged_at FROM alert_group g WHERE g.id = alert.group_id),
    acknowledged_by = (SELECT g.acknowledged_by FROM alert_group g WHERE g.id = alert.group_id),
    note = (SELECT g.note FROM alert_group g WHERE g.id = alert.group_id),
    resolved_at = (SELECT g.acknowledged_at FROM alert_group g WHERE g.id = alert.group_id)
    WHERE group_id IS NOT NULL;
DROP INDEX delivery_undelivered_lane;
DROP INDEX incident_lasting;
DROP INDEX alert_open;
DROP INDEX alert_open_key;
DROP INDEX alert_unacknowledged;
DROP INDEX alert_unacknowledged_key;
DROP INDEX alert_grouped;
ALTER TABLE alert DROP COLUMN group_id;
DROP TABLE alert_group;
CREATE INDEX alert_unresolved ON alert (key, kind) WHERE resolved_at IS NULL;
CREATE INDEX alert_lasting ON alert (id) WHERE resolved_at IS NULL AND kind <> 'event';
CREATE INDEX alert_unacknowledged ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;
