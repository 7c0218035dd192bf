-- What is over and old is removed, in small steps: what is next is found without reading the rest.
-- The same indexes are in the other backend's folder; a test compares them.
CREATE INDEX alert_over ON alert (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX alert_group_acknowledged ON alert_group (acknowledged_at) WHERE acknowledged_at IS NOT NULL;
CREATE INDEX incident_over ON incident (ended_at) WHERE ended_at IS NOT NULL;
-- Those that refer to nothing that is removed, and they with it.
CREATE INDEX monitor_record_loose ON monitor_record ("timestamp") WHERE alert_id IS NULL AND alert_message <> '';
CREATE INDEX delivery_loose ON delivery (finished_at)
    WHERE finished_at IS NOT NULL AND alert_id IS NULL AND record_id IS NULL AND incident_id IS NULL;
-- Of a message that was removed only its id in the upstream is left.
CREATE INDEX monitor_record_removed ON monitor_record (key, id) WHERE alert_id IS NULL AND alert_message = '';
