DROP TABLE metric_item;
DROP TABLE metric_list;
UPDATE delivery SET incident_id = NULL WHERE incident_id IN (SELECT id FROM incident WHERE kind = 'list');
DELETE FROM incident WHERE kind = 'list';
ALTER TABLE incident DROP CONSTRAINT incident_kind_check;
ALTER TABLE incident ADD CONSTRAINT incident_kind_check
    CHECK (kind IN ('system', 'offline', 'channel', 'process', 'gap', 'database'));
