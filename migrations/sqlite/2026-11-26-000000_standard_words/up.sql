-- The standard terms of the field: what the monitor itself suffers from is an incident, what a rule decides is an
-- evaluation, what nobody acknowledged is unacknowledged. The same tables, columns and indexes are in the other backend's
-- folder; a test compares them.

-- SQLite does not rename an index, so each is made anew.
ALTER TABLE trouble RENAME TO incident;
DROP INDEX trouble_open;
CREATE UNIQUE INDEX incident_open ON incident (kind, subject) WHERE ended_at IS NULL;

ALTER TABLE delivery RENAME COLUMN trouble_id TO incident_id;
DROP INDEX delivery_trouble;
CREATE INDEX delivery_incident ON delivery (incident_id) WHERE incident_id IS NOT NULL;
-- What was enqueued under the old words is not enqueued again under the new ones. Message-IDs and payloads stay: a repeat
-- is the same message.
UPDATE delivery SET dedupe_key = 'incident/' || substr(dedupe_key, length('trouble/') + 1) WHERE dedupe_key LIKE 'trouble/%';
UPDATE delivery SET dedupe_key = 'fallback/' || substr(dedupe_key, length('elsewhere/') + 1) WHERE dedupe_key LIKE 'elsewhere/%';

ALTER TABLE alert RENAME COLUMN extra TO further_messages;
DROP INDEX alert_unheeded;
CREATE INDEX alert_unacknowledged ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;
UPDATE alert SET muted = 'incident:' || substr(muted, length('trouble:') + 1) WHERE muted LIKE 'trouble:%';
UPDATE alert SET end_muted = 'incident:' || substr(end_muted, length('trouble:') + 1) WHERE end_muted LIKE 'trouble:%';

ALTER TABLE decision RENAME TO evaluation;
-- Whole words between commas: the name of a maintenance window may contain anything.
UPDATE evaluation SET effects = substr(replace(',' || effects, ',trouble:', ',incident:'), 2) WHERE ',' || effects LIKE '%,trouble:%';
