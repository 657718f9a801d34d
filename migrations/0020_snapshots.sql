-- Snapshots: a file for each node group (a part), of what a cache held at one instant, and what the cache was then. Its source is named by
-- keys, which no other record ever gets, so that a snapshot outlives its source.

CREATE TABLE snapshots (
    snapshot_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    snapshot_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('manual', 'automated')),
    cache_cluster_id TEXT, -- of the source, where that was one cache cluster
    replication_group_id TEXT, -- of the source, where that was a replication group
    of_cache_cluster INTEGER,
    of_replication_group INTEGER, -- also where the source was a member
    copy_of INTEGER, -- the snapshot that this one is a copy of
    final INTEGER NOT NULL, -- 1 when the source is deleted once it is there
    description TEXT NOT NULL, -- JSON: what the cache was
    requested_at INTEGER NOT NULL,
    completed_at INTEGER,
    deletion_requested_at INTEGER,
    failure_reason TEXT,
    UNIQUE (account, region, snapshot_name)
) STRICT;
CREATE INDEX snapshots_by_cache_cluster ON snapshots (of_cache_cluster) WHERE of_cache_cluster IS NOT NULL;
CREATE INDEX snapshots_by_replication_group ON snapshots (of_replication_group) WHERE of_replication_group IS NOT NULL;

CREATE TABLE snapshot_parts (
    snapshot_part_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    snapshot_key INTEGER NOT NULL REFERENCES snapshots ON DELETE CASCADE,
    node_group_id TEXT NOT NULL,
    slots TEXT, -- cluster mode enabled
    zones TEXT NOT NULL, -- JSON array: where the node group's members were, the primary's first
    cache_cluster_id TEXT, -- the member that it is taken from, once chosen
    node_created_at INTEGER,
    object TEXT, -- its name in the store, once chosen; there is such an object only once it has a size
    received_bytes INTEGER NOT NULL, -- how much of it has come
    size_bytes INTEGER,
    sha256 TEXT,
    taken_at INTEGER,
    UNIQUE (snapshot_key, node_group_id)
) STRICT;

-- Manual snapshots that were asked for, for their quota; the source's key is that of a cache cluster, or the negative of a replication group's.
CREATE TABLE snapshot_requests (
    snapshot_request_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source_key INTEGER NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_requests_by_source ON snapshot_requests (source_key, requested_at);

-- What a cache cluster begins with (JSON), and the snapshot that this is of.
ALTER TABLE cache_clusters ADD COLUMN restore_from TEXT;
ALTER TABLE cache_clusters ADD COLUMN restore_snapshot INTEGER;
-- Whether it could not be made because of that.
ALTER TABLE cache_clusters ADD COLUMN restore_failed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cache_clusters_by_restore ON cache_clusters (restore_snapshot) WHERE restore_snapshot IS NOT NULL;
