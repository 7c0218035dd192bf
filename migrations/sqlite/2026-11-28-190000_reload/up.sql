-- That somebody wants all processes to take a changed config, and what each of them answered.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.
CREATE TABLE reload_request (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    requested_at TEXT NOT NULL,
    requested_by TEXT NOT NULL
) STRICT;
CREATE TABLE reload_answer (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    request_id INTEGER NOT NULL,
    -- worker.id of the process.
    process TEXT NOT NULL,
    is_taken INTEGER NOT NULL CHECK (is_taken IN (0, 1)),
    detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX reload_answer_request ON reload_answer (request_id, process);
