DROP INDEX monitor_record_removed;
DROP INDEX delivery_loose;
DROP INDEX monitor_record_loose;
DROP INDEX incident_over;
DROP INDEX alert_group_acknowledged;
DROP INDEX alert_over;
