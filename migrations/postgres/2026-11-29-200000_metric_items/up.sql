-- One more kind of incident.
ALTER TABLE incident DROP CONSTRAINT incident_kind_check;
ALTER TABLE incident ADD CONSTRAINT incident_kind_check
    CHECK (kind IN ('system', 'offline', 'channel', 'process', 'gap', 'database', 'list'));

-- The items of lists, each of which is a metric: the worker that reads a list writes them, and all processes go by them.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.
CREATE TABLE metric_item (
    -- The metric that the item is.
    metric TEXT PRIMARY KEY NOT NULL,
    -- The metric that is a list of them.
    list TEXT NOT NULL,
    -- What the system calls it, and what people do.
    item TEXT NOT NULL,
    label TEXT NOT NULL,
    first_seen TIMESTAMP NOT NULL,
    -- The list does not have it, since then.
    missing_since TIMESTAMP,
    -- It is no metric any more, since then.
    gone_at TIMESTAMP
);
CREATE INDEX metric_item_watched ON metric_item (list) WHERE gone_at IS NULL;
CREATE INDEX metric_item_gone ON metric_item (gone_at) WHERE gone_at IS NOT NULL;
-- One more at each change of its items, so that others need not read them to know.
CREATE TABLE metric_list (
    list TEXT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL
);
