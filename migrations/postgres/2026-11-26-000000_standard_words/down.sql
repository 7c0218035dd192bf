-- Back to the words of before.
LOCK TABLE alert, incident, delivery, evaluation IN ACCESS EXCLUSIVE MODE;

UPDATE evaluation SET effects = substr(replace(',' || effects, ',incident:', ',trouble:'), 2) WHERE ',' || effects LIKE '%,incident:%';
ALTER TABLE evaluation RENAME CONSTRAINT evaluation_phase_check TO decision_phase_check;
ALTER INDEX evaluation_pkey RENAME TO decision_pkey;
ALTER TABLE evaluation RENAME TO decision;

UPDATE alert SET muted = 'trouble:' || substr(muted, length('incident:') + 1) WHERE muted LIKE 'incident:%';
UPDATE alert SET end_muted = 'trouble:' || substr(end_muted, length('incident:') + 1) WHERE end_muted LIKE 'incident:%';
ALTER INDEX alert_unacknowledged RENAME TO alert_unheeded;
ALTER TABLE alert RENAME CONSTRAINT alert_further_messages_check TO alert_extra_check;
ALTER TABLE alert RENAME COLUMN further_messages TO extra;

UPDATE delivery SET dedupe_key = 'trouble/' || substr(dedupe_key, length('incident/') + 1) WHERE dedupe_key LIKE 'incident/%';
UPDATE delivery SET dedupe_key = 'elsewhere/' || substr(dedupe_key, length('fallback/') + 1) WHERE dedupe_key LIKE 'fallback/%';
ALTER INDEX delivery_incident RENAME TO delivery_trouble;
ALTER TABLE delivery RENAME CONSTRAINT delivery_incident_id_fkey TO delivery_trouble_id_fkey;
ALTER TABLE delivery RENAME COLUMN incident_id TO trouble_id;

ALTER TABLE incident RENAME CONSTRAINT incident_severity_check TO trouble_severity_check;
ALTER TABLE incident RENAME CONSTRAINT incident_kind_check TO trouble_kind_check;
ALTER INDEX incident_open RENAME TO trouble_open;
ALTER INDEX incident_pkey RENAME TO trouble_pkey;
ALTER SEQUENCE incident_id_seq RENAME TO trouble_id_seq;
ALTER TABLE incident RENAME TO trouble;
