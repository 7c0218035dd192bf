-- When a process of each role last stopped cleanly: it is off the list of processes then, and not forgotten.
CREATE TABLE process_stop (
    role TEXT PRIMARY KEY NOT NULL,
    at TEXT NOT NULL
) STRICT;
