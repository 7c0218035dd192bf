-- The field's own words: a trouble of the monitor is an incident, a decision is an evaluation, what nobody took is
-- unacknowledged. The same tables, columns and indexes are in the other backend's folder; a test compares them.

DROP INDEX trouble_open;
ALTER TABLE trouble RENAME TO incident;
CREATE UNIQUE INDEX incident_open ON incident (kind, subject) WHERE ended_at IS NULL;

DROP INDEX delivery_trouble;
ALTER TABLE delivery RENAME COLUMN trouble_id TO incident_id;
CREATE INDEX delivery_incident ON delivery (incident_id) WHERE incident_id IS NOT NULL;
-- What was enqueued under the old words is not enqueued again under the new ones. Message-IDs and payloads stay: a repeat
-- is the same message.
UPDATE delivery SET dedupe_key = 'incident/' || substr(dedupe_key, length('trouble/') + 1) WHERE dedupe_key LIKE 'trouble/%';
UPDATE delivery SET dedupe_key = 'fallback/' || substr(dedupe_key, length('elsewhere/') + 1) WHERE dedupe_key LIKE 'elsewhere/%';

UPDATE alert SET muted = 'incident:' || substr(muted, length('trouble:') + 1) WHERE muted LIKE 'trouble:%';
UPDATE alert SET end_muted = 'incident:' || substr(end_muted, length('trouble:') + 1) WHERE end_muted LIKE 'trouble:%';
DROP INDEX alert_unheeded;
CREATE INDEX alert_unacknowledged ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;

ALTER TABLE decision RENAME TO evaluation;
UPDATE evaluation SET effects = replace(effects, 'trouble:', 'incident:') WHERE effects LIKE '%trouble:%';
