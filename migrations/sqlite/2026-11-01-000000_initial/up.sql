-- The first tables. The same tables, columns and indexes are in the other backend's folder; a test compares them.
-- STRICT makes SQLite hold the types it is told. Times are TEXT, UTC, YYYY-MM-DD HH:MM:SS with up to six more digits after
-- a point: they sort as text.
-- AUTOINCREMENT: an id is never used again, as pages and mails name it.

-- The value each metric has now: one row a metric.
CREATE TABLE realtime_monitor (
    key TEXT PRIMARY KEY NOT NULL,
    value REAL,
    value_at TEXT,
    checked_at TEXT NOT NULL,
    error TEXT
) STRICT;

-- The rule state of each metric; version makes two writers conflict instead of alerting twice.
CREATE TABLE metric_state (
    key TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    phase TEXT NOT NULL CHECK (phase IN ('normal', 'pending', 'firing', 'no_data')),
    since TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- The history of readings; failures are readings too.
CREATE TABLE sample (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    value REAL,
    error TEXT,
    took_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sample_key_at ON sample (key, at);
CREATE INDEX sample_at ON sample (at);

-- One row an excursion or event; open until resolved_at.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'level', 'no_data')),
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason TEXT NOT NULL,
    value REAL,
    previous REAL,
    opened_at TEXT NOT NULL,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    note TEXT,
    resolved_at TEXT,
    resolved_value REAL,
    extra INTEGER NOT NULL DEFAULT 0 CHECK (extra >= 0)
) STRICT;
CREATE INDEX alert_unresolved ON alert (key, kind) WHERE resolved_at IS NULL;
CREATE INDEX alert_key ON alert (key, id);

-- One row a message told; a deleted one stays, so that it is not told again.
CREATE TABLE monitor_record (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL,
    value REAL,
    alert INTEGER NOT NULL CHECK (alert IN (0, 1)),
    alert_message TEXT NOT NULL,
    "timestamp" TEXT NOT NULL,
    alert_id INTEGER REFERENCES alert (id),
    source_id TEXT,
    deleted_at TEXT,
    UNIQUE (key, source_id)
) STRICT;
CREATE INDEX monitor_record_alerts ON monitor_record (id) WHERE alert AND deleted_at IS NULL;
CREATE INDEX monitor_record_alert ON monitor_record (alert_id) WHERE alert_id IS NOT NULL;

-- The outbox: what is to be told to whom, until it was.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    alert_id INTEGER REFERENCES alert (id),
    record_id INTEGER REFERENCES monitor_record (id),
    lane TEXT NOT NULL,
    event TEXT NOT NULL,
    recipient TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE,
    message_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'given_up')),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    next_at TEXT NOT NULL,
    lease_until TEXT,
    worker TEXT,
    created_at TEXT NOT NULL,
    finished_at TEXT,
    last_error TEXT,
    -- Unfinished is what the partial indexes below are over, so the two must agree.
    CHECK ((status IN ('pending', 'sending')) = (finished_at IS NULL)),
    CHECK ((status = 'sending') = (lease_until IS NOT NULL))
) STRICT;
-- A claim and the time of the next one look at unfinished rows only, however many were sent.
CREATE INDEX delivery_lane_due ON delivery (lane, next_at, id) WHERE finished_at IS NULL;
CREATE INDEX delivery_status_due ON delivery (status, next_at) WHERE finished_at IS NULL;
CREATE INDEX delivery_record ON delivery (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX delivery_alert ON delivery (alert_id) WHERE alert_id IS NOT NULL;

-- What is recorded and judged, but told to nobody for a while; no key or severity means every one.
CREATE TABLE silence (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT,
    severity TEXT CHECK (severity IN ('info', 'warning', 'critical')),
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    cancelled_at TEXT,
    cancelled_by TEXT,
    CHECK (ends_at >= starts_at)
) STRICT;
CREATE INDEX silence_ends_at ON silence (ends_at);

-- Who may sign in. The password is an Argon2 hash in PHC form.
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password_hash TEXT NOT NULL,
    password_changed_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    disabled_at TEXT,
    last_login_at TEXT,
    failed_logins INTEGER NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
    locked_until TEXT
) STRICT;
CREATE UNIQUE INDEX account_name ON account (lower(name));

-- A browser signed in; the cookie's SHA-256 is stored, never the cookie.
CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    csrf_token TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    address TEXT,
    user_agent TEXT
) STRICT;
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires_at ON session (expires_at);

-- A program's way in; the token's SHA-256 is stored, hint is what a list shows of it.
CREATE TABLE api_token (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    token_hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT,
    revoked_at TEXT
) STRICT;

-- Who changed what.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_at ON audit_log (at);

-- The workers heard from; live ones divide the metrics among themselves.
CREATE TABLE worker (
    id TEXT PRIMARY KEY NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL
) STRICT;
