-- Back to the words of before.
UPDATE evaluation SET effects = substr(replace(',' || effects, ',incident:', ',trouble:'), 2) WHERE ',' || effects LIKE '%,incident:%';
ALTER TABLE evaluation RENAME TO decision;

UPDATE alert SET muted = 'trouble:' || substr(muted, length('incident:') + 1) WHERE muted LIKE 'incident:%';
UPDATE alert SET end_muted = 'trouble:' || substr(end_muted, length('incident:') + 1) WHERE end_muted LIKE 'incident:%';
DROP INDEX alert_unacknowledged;
CREATE INDEX alert_unheeded ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;
ALTER TABLE alert RENAME COLUMN further_messages TO extra;

UPDATE delivery SET dedupe_key = 'trouble/' || substr(dedupe_key, length('incident/') + 1) WHERE dedupe_key LIKE 'incident/%';
UPDATE delivery SET dedupe_key = 'elsewhere/' || substr(dedupe_key, length('fallback/') + 1) WHERE dedupe_key LIKE 'fallback/%';
DROP INDEX delivery_incident;
ALTER TABLE delivery RENAME COLUMN incident_id TO trouble_id;
CREATE INDEX delivery_trouble ON delivery (trouble_id) WHERE trouble_id IS NOT NULL;

DROP INDEX incident_open;
ALTER TABLE incident RENAME TO trouble;
CREATE UNIQUE INDEX trouble_open ON trouble (kind, subject) WHERE ended_at IS NULL;
