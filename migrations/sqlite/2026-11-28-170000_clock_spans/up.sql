-- Which times the wall clock of a process read while how much time passed by its monotonic clock. A wall clock that is stepped
-- begins another row, and the time between two processes is counted as little, so that no step makes a row old.
-- The same tables, columns and indexes are in the other backend's folder; a test compares them.
CREATE TABLE clock_span (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    wall_from TEXT NOT NULL,
    -- Milliseconds that the monitor has run since the first of all spans began.
    ran_from INTEGER NOT NULL,
    ran_until INTEGER NOT NULL,
    CHECK (ran_until >= ran_from)
) STRICT;
CREATE INDEX clock_span_ran_until ON clock_span (ran_until);
