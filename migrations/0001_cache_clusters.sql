-- What is stored: wishes, choices made before they were acted on, and the last look at each node.
-- What is not: status words (computed from these facts), and anything that the container runtime can be asked.
-- Instants are milliseconds since the Unix epoch, UTC.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE cache_clusters (
    cache_cluster_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cache_cluster_id TEXT NOT NULL,
    engine TEXT NOT NULL,
    engine_version TEXT NOT NULL,
    cache_node_type TEXT NOT NULL,
    port INTEGER NOT NULL,
    az_mode TEXT NOT NULL CHECK (az_mode IN ('single-az', 'cross-az')),
    parameter_group_name TEXT NOT NULL,
    subnet_group_name TEXT NOT NULL,
    security_group_ids TEXT NOT NULL, -- JSON array of strings
    maintenance_window TEXT NOT NULL,
    snapshot_window TEXT,
    snapshot_retention_days INTEGER NOT NULL,
    notification_topic_arn TEXT,
    notification_active INTEGER NOT NULL,
    auto_minor_version_upgrade INTEGER NOT NULL,
    pending_engine_version TEXT,
    pending_node_type TEXT,
    pending_node_zones TEXT, -- JSON array: zones of the nodes that wait to be added
    pending_node_removals TEXT, -- JSON array: ids of the nodes that wait to be removed
    generation INTEGER NOT NULL,
    observed_generation INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    available_at INTEGER,
    deletion_requested_at INTEGER,
    failure_kind TEXT CHECK (failure_kind IN ('network', 'other')),
    failure_reason TEXT,
    blocked_by TEXT,
    changes TEXT NOT NULL, -- JSON array: what is under way
    revision INTEGER NOT NULL, -- counts the writes of the wish; a writer names the one it read
    configuration_address TEXT UNIQUE,
    config_version INTEGER NOT NULL, -- of the node list chosen for clients
    config_version_served INTEGER NOT NULL, -- of the node list that the router was last seen to answer with
    UNIQUE (account, region, cache_cluster_id)
) STRICT;

CREATE TABLE cache_nodes (
    cache_node_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    cache_cluster_key INTEGER NOT NULL REFERENCES cache_clusters ON DELETE CASCADE,
    cache_node_id TEXT NOT NULL,
    zone TEXT NOT NULL,
    wish TEXT NOT NULL CHECK (wish IN ('present', 'removed')),
    generation INTEGER NOT NULL,
    address TEXT UNIQUE,
    listed INTEGER NOT NULL,
    ready_at INTEGER,
    reboot INTEGER NOT NULL, -- 1 while a reboot is under way
    reboot_from TEXT, -- the run that the reboot shall end, once chosen
    recovering INTEGER NOT NULL, -- 1 from the event that tells of its loss to the one that tells of its return
    observation TEXT NOT NULL CHECK (observation IN ('absent', 'unknown', 'known')),
    observed_generation INTEGER,
    observed_started_at TEXT,
    observed_at INTEGER,
    UNIQUE (cache_cluster_key, cache_node_id)
) STRICT;

-- The router's containers. In network mode there is one; in published mode one for each endpoint that it serves.
CREATE TABLE routers (
    router_name TEXT NOT NULL PRIMARY KEY,
    node_address TEXT UNIQUE,
    endpoint_address TEXT UNIQUE,
    table_generation INTEGER NOT NULL, -- counts the route tables
    table_digest TEXT NOT NULL -- of the table with that count
) STRICT;

-- Host ports in published mode, each held by a node, by a configuration endpoint, or by a router for its own control.
CREATE TABLE published_ports (
    port INTEGER NOT NULL PRIMARY KEY,
    cache_node_key INTEGER UNIQUE REFERENCES cache_nodes ON DELETE CASCADE,
    configuration_of INTEGER UNIQUE REFERENCES cache_clusters ON DELETE CASCADE,
    control_of TEXT UNIQUE REFERENCES routers ON DELETE CASCADE,
    CHECK ((cache_node_key IS NOT NULL) + (configuration_of IS NOT NULL) + (control_of IS NOT NULL) = 1)
) STRICT;

CREATE TABLE tags (
    arn TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (arn, tag_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    event_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_identifier TEXT NOT NULL,
    message TEXT NOT NULL,
    occurred_at INTEGER NOT NULL
) STRICT;

CREATE INDEX events_by_scope ON events (account, region, occurred_at);
