-- Copies of snapshots to buckets that are not done yet. They are no snapshots: what comes of one is told of in an event.

CREATE TABLE snapshot_exports (
    snapshot_export_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    snapshot_key INTEGER NOT NULL REFERENCES snapshots,
    target_name TEXT NOT NULL,
    bucket TEXT NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_exports_by_snapshot ON snapshot_exports (snapshot_key);
