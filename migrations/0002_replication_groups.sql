-- Replication groups. A member is a cache cluster of one node; what is wished of all of them stands with the group, and each member
-- follows it in its turn (one is replaced after the other).

CREATE TABLE replication_groups (
    replication_group_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    replication_group_id TEXT NOT NULL,
    description TEXT NOT NULL,
    engine TEXT NOT NULL,
    engine_version TEXT NOT NULL,
    cache_node_type TEXT NOT NULL,
    port INTEGER NOT NULL,
    parameter_group_name TEXT NOT NULL,
    subnet_group_name TEXT NOT NULL,
    security_group_ids TEXT NOT NULL, -- JSON array of strings
    maintenance_window TEXT NOT NULL,
    snapshot_window TEXT NOT NULL,
    snapshot_retention_days INTEGER NOT NULL,
    snapshotting_cluster_id TEXT,
    notification_topic_arn TEXT,
    notification_active INTEGER NOT NULL,
    auto_minor_version_upgrade INTEGER NOT NULL,
    automatic_failover INTEGER NOT NULL,
    multi_az INTEGER NOT NULL,
    at_rest_encryption INTEGER NOT NULL,
    pending_engine TEXT,
    pending_engine_version TEXT,
    pending_node_type TEXT,
    pending_primary TEXT, -- the member that waits to be promoted
    generation INTEGER NOT NULL,
    observed_generation INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    available_at INTEGER,
    deletion_requested_at INTEGER,
    retain_primary INTEGER NOT NULL, -- 1 when the deletion leaves the primary as a cache cluster
    failure_reason TEXT,
    blocked_by TEXT,
    changes TEXT NOT NULL, -- JSON array: what is under way
    revision INTEGER NOT NULL, -- counts the writes of the wish; a writer names the one it read
    primary_cluster_id TEXT NOT NULL, -- the member chosen as primary
    primary_epoch INTEGER NOT NULL, -- counts the choices
    former_primary TEXT, -- the primary before the last choice
    handover INTEGER NOT NULL, -- 1 when the last choice was made while the former primary served
    handback INTEGER NOT NULL, -- 1 when the last choice is to be taken back as soon as the former primary has all that this one has
    confirmed_epoch INTEGER NOT NULL, -- the last choice that was seen to serve
    primary_history TEXT, -- the engine's id of the history that the primary of that choice wrote
    failover_requested INTEGER NOT NULL, -- 1 from TestFailover until another primary is chosen
    failover_from TEXT, -- the run that it shall end, once chosen
    primary_address TEXT UNIQUE,
    reader_address TEXT UNIQUE,
    primary_route_served TEXT, -- the route of the primary endpoint that a router was last seen to serve; published mode
    reader_route_served TEXT, -- and of the reader endpoint
    UNIQUE (account, region, replication_group_id)
) STRICT;

ALTER TABLE cache_clusters ADD COLUMN replication_group_key INTEGER REFERENCES replication_groups;
-- The run of its node, and the choice of a primary, in which the member was last seen to do its part; no run where it has lost touch.
ALTER TABLE cache_clusters ADD COLUMN joined_run TEXT;
ALTER TABLE cache_clusters ADD COLUMN joined_epoch INTEGER;
CREATE INDEX cache_clusters_by_group ON cache_clusters (replication_group_key) WHERE replication_group_key IS NOT NULL;

-- Since when a node that runs has not answered.
ALTER TABLE cache_nodes ADD COLUMN silent_since INTEGER;

-- Calls of TestFailover, for their quota.
CREATE TABLE test_failovers (
    test_failover_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT;
CREATE INDEX test_failovers_by_scope ON test_failovers (account, region, requested_at);

-- Published ports are held by more kinds of endpoints now; a CHECK cannot be altered, so the table is made anew.
CREATE TABLE published_ports_new (
    port INTEGER NOT NULL PRIMARY KEY,
    cache_node_key INTEGER UNIQUE REFERENCES cache_nodes ON DELETE CASCADE,
    configuration_of INTEGER UNIQUE REFERENCES cache_clusters ON DELETE CASCADE,
    control_of TEXT UNIQUE REFERENCES routers ON DELETE CASCADE,
    primary_of INTEGER UNIQUE REFERENCES replication_groups ON DELETE CASCADE,
    reader_of INTEGER UNIQUE REFERENCES replication_groups ON DELETE CASCADE,
    CHECK ((cache_node_key IS NOT NULL) + (configuration_of IS NOT NULL) + (control_of IS NOT NULL)
           + (primary_of IS NOT NULL) + (reader_of IS NOT NULL) = 1)
) STRICT;
INSERT INTO published_ports_new (port, cache_node_key, configuration_of, control_of)
    SELECT port, cache_node_key, configuration_of, control_of FROM published_ports;
DROP TABLE published_ports;
ALTER TABLE published_ports_new RENAME TO published_ports;
