-- Who gets the next place: what is urgent first, recipients in turn, and of one alert a later word after the earlier.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.

-- 0 is the most urgent. What waits already has waited longest.
ALTER TABLE delivery ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
-- The next of each recipient is found without reading what waits for the others.
CREATE INDEX delivery_recipient_due ON delivery (lane, recipient, urgency, next_at, id) WHERE finished_at IS NULL;
-- What of the same alert has yet to be sent to the same recipient.
CREATE INDEX delivery_alert_waiting ON delivery (alert_id, lane, recipient, id) WHERE finished_at IS NULL AND alert_id IS NOT NULL;
