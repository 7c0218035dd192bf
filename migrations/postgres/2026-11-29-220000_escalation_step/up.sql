-- How many steps of its escalation are done; until now there was one. The same columns are in the other backend's folder; a
-- test compares them.
ALTER TABLE alert ADD COLUMN escalation_step INTEGER NOT NULL DEFAULT 0 CHECK (escalation_step >= 0);
ALTER TABLE alert_group ADD COLUMN escalation_step INTEGER NOT NULL DEFAULT 0 CHECK (escalation_step >= 0);
UPDATE alert SET escalation_step = 1 WHERE escalated_at IS NOT NULL;
UPDATE alert_group SET escalation_step = 1 WHERE escalated_at IS NOT NULL;
