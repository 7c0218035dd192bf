ALTER TABLE alert_group DROP COLUMN escalation_step;
ALTER TABLE alert DROP COLUMN escalation_step;
