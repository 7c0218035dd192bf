DROP INDEX delivery_alert_waiting;
DROP INDEX delivery_recipient_due;
ALTER TABLE delivery DROP COLUMN urgency;
