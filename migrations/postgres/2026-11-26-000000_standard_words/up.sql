-- The standard terms of the field: what the monitor itself suffers from is an incident, what a rule decides is an
-- evaluation, what nobody acknowledged is unacknowledged. The same tables, columns and indexes are in the other backend's
-- folder; a test compares them.

-- All locks at once and in the order in which the program takes them, before anything was changed.
LOCK TABLE alert, trouble, delivery, decision IN ACCESS EXCLUSIVE MODE;

-- Renaming rebuilds nothing: the indexes, constraints and the sequence follow their table and columns.
ALTER TABLE trouble RENAME TO incident;
ALTER SEQUENCE trouble_id_seq RENAME TO incident_id_seq;
ALTER INDEX trouble_pkey RENAME TO incident_pkey;
ALTER INDEX trouble_open RENAME TO incident_open;
ALTER TABLE incident RENAME CONSTRAINT trouble_kind_check TO incident_kind_check;
ALTER TABLE incident RENAME CONSTRAINT trouble_severity_check TO incident_severity_check;

ALTER TABLE delivery RENAME COLUMN trouble_id TO incident_id;
ALTER TABLE delivery RENAME CONSTRAINT delivery_trouble_id_fkey TO delivery_incident_id_fkey;
ALTER INDEX delivery_trouble RENAME TO delivery_incident;
-- What was enqueued under the old words is not enqueued again under the new ones. Message-IDs and payloads stay: a repeat
-- is the same message.
UPDATE delivery SET dedupe_key = 'incident/' || substr(dedupe_key, length('trouble/') + 1) WHERE dedupe_key LIKE 'trouble/%';
UPDATE delivery SET dedupe_key = 'fallback/' || substr(dedupe_key, length('elsewhere/') + 1) WHERE dedupe_key LIKE 'elsewhere/%';

ALTER TABLE alert RENAME COLUMN extra TO further_messages;
ALTER TABLE alert RENAME CONSTRAINT alert_extra_check TO alert_further_messages_check;
ALTER INDEX alert_unheeded RENAME TO alert_unacknowledged;
UPDATE alert SET muted = 'incident:' || substr(muted, length('trouble:') + 1) WHERE muted LIKE 'trouble:%';
UPDATE alert SET end_muted = 'incident:' || substr(end_muted, length('trouble:') + 1) WHERE end_muted LIKE 'trouble:%';

ALTER TABLE decision RENAME TO evaluation;
ALTER INDEX decision_pkey RENAME TO evaluation_pkey;
ALTER TABLE evaluation RENAME CONSTRAINT decision_phase_check TO evaluation_phase_check;
-- Whole words between commas: the name of a maintenance window may contain anything.
UPDATE evaluation SET effects = substr(replace(',' || effects, ',trouble:', ',incident:'), 2) WHERE ',' || effects LIKE '%,trouble:%';
