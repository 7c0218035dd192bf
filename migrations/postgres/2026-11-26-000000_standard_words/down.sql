-- Back to the words of before.
UPDATE evaluation SET effects = replace(effects, 'incident:', 'trouble:') WHERE effects LIKE '%incident:%';
ALTER TABLE evaluation RENAME TO decision;
ALTER INDEX evaluation_pkey RENAME TO decision_pkey;
ALTER TABLE decision RENAME CONSTRAINT evaluation_phase_check TO decision_phase_check;

DROP INDEX alert_unacknowledged;
CREATE INDEX alert_unheeded ON alert (key, id) WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND escalated_at IS NULL;
UPDATE alert SET muted = 'trouble:' || substr(muted, length('incident:') + 1) WHERE muted LIKE 'incident:%';
UPDATE alert SET end_muted = 'trouble:' || substr(end_muted, length('incident:') + 1) WHERE end_muted LIKE 'incident:%';

UPDATE delivery SET dedupe_key = 'trouble/' || substr(dedupe_key, length('incident/') + 1) WHERE dedupe_key LIKE 'incident/%';
UPDATE delivery SET dedupe_key = 'elsewhere/' || substr(dedupe_key, length('fallback/') + 1) WHERE dedupe_key LIKE 'fallback/%';
DROP INDEX delivery_incident;
ALTER TABLE delivery RENAME COLUMN incident_id TO trouble_id;
ALTER TABLE delivery RENAME CONSTRAINT delivery_incident_id_fkey TO delivery_trouble_id_fkey;
CREATE INDEX delivery_trouble ON delivery (trouble_id) WHERE trouble_id IS NOT NULL;

DROP INDEX incident_open;
ALTER TABLE incident RENAME TO trouble;
ALTER SEQUENCE incident_id_seq RENAME TO trouble_id_seq;
ALTER INDEX incident_pkey RENAME TO trouble_pkey;
ALTER TABLE trouble RENAME CONSTRAINT incident_kind_check TO trouble_kind_check;
ALTER TABLE trouble RENAME CONSTRAINT incident_severity_check TO trouble_severity_check;
CREATE UNIQUE INDEX trouble_open ON trouble (kind, subject) WHERE ended_at IS NULL;
