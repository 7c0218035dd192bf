-- Back to the first tables.
ALTER TABLE worker DROP COLUMN role;
DROP INDEX delivery_undelivered;
DROP INDEX delivery_lane_finished;
DROP INDEX delivery_batch;
DROP INDEX delivery_trouble;
ALTER TABLE delivery DROP COLUMN retried_at;
ALTER TABLE delivery DROP COLUMN batch;
ALTER TABLE delivery DROP COLUMN trouble_id;
DROP TABLE trouble;
DROP TABLE decision;
DROP INDEX alert_end_muted;
DROP INDEX alert_unheeded;
DROP INDEX alert_lasting;
ALTER TABLE alert DROP COLUMN escalated_at;
ALTER TABLE alert DROP COLUMN end_muted;
ALTER TABLE alert DROP COLUMN muted;
