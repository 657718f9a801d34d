-- The database of metrics, a file of its own: it is written often, and what the last moments held may be lost with the machine's power.

CREATE TABLE subjects (
    subject_key INTEGER PRIMARY KEY,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('node', 'group')),
    -- A cache cluster's id, or a replication group's.
    name        TEXT NOT NULL,
    -- A node's id; a role, or nothing for all nodes of a group.
    part        TEXT NOT NULL,
    -- The numbers of the metrics that it has ever had, a byte each.
    metrics     BLOB NOT NULL,
    UNIQUE (account, region, kind, name, part)
) STRICT;

CREATE TABLE points (
    subject_key    INTEGER NOT NULL REFERENCES subjects ON DELETE CASCADE,
    period_seconds INTEGER NOT NULL,
    -- Seconds since the Unix epoch.
    began_at       INTEGER NOT NULL,
    -- The points of all its metrics in this period (datastore/metric/stored.rs).
    points         BLOB NOT NULL,
    PRIMARY KEY (subject_key, period_seconds, began_at)
) STRICT, WITHOUT ROWID;
