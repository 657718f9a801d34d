-- Service updates that an operator has published, and what became of each for caches that they were applied to.
CREATE TABLE service_updates (
    service_update_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    service_update_name TEXT NOT NULL UNIQUE,
    engine TEXT NOT NULL,
    severity TEXT NOT NULL,
    description TEXT NOT NULL,
    released_at INTEGER NOT NULL,
    recommended_apply_by INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    auto_update INTEGER NOT NULL, -- 1 where it is applied without being asked for, in the first window after recommended_apply_by
    estimated_minutes INTEGER NOT NULL, -- for each node
    cancelled INTEGER NOT NULL,
    images TEXT, -- JSON object: the image of each engine version; none where it brings another version
    target_version TEXT -- the engine version that it brings
) STRICT;

CREATE TABLE update_actions (
    service_update_key INTEGER NOT NULL REFERENCES service_updates ON DELETE CASCADE,
    cache_cluster_key INTEGER REFERENCES cache_clusters ON DELETE CASCADE,
    replication_group_key INTEGER REFERENCES replication_groups ON DELETE CASCADE,
    by_customer INTEGER NOT NULL,
    stop_requested INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    completed_at INTEGER,
    UNIQUE (service_update_key, cache_cluster_key),
    UNIQUE (service_update_key, replication_group_key),
    CHECK ((cache_cluster_key IS NULL) != (replication_group_key IS NULL))
) STRICT;

-- The image that a node runs; none leaves it to the engine version.
ALTER TABLE cache_nodes ADD COLUMN image TEXT;
ALTER TABLE replication_groups ADD COLUMN image TEXT;
-- 1 while members that have another image are left alone.
ALTER TABLE replication_groups ADD COLUMN update_stopped INTEGER NOT NULL DEFAULT 0;
