DROP TABLE metric_item;
DROP TABLE metric_list;
UPDATE delivery SET incident_id = NULL WHERE incident_id IN (SELECT id FROM incident WHERE kind = 'list');
DELETE FROM incident WHERE kind = 'list';
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, '''gap'', ''database'', ''list'')', '''gap'', ''database'')')
    WHERE type = 'table' AND name = 'incident';
PRAGMA writable_schema = RESET;
