-- Where the logs of a cache go, and how far they went.
CREATE TABLE log_deliveries (
    log_delivery_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    cache_cluster_key INTEGER REFERENCES cache_clusters ON DELETE CASCADE,
    replication_group_key INTEGER REFERENCES replication_groups ON DELETE CASCADE,
    log_type TEXT NOT NULL,
    wished TEXT, -- JSON array: destination, its type, format; none where it shall end
    in_effect TEXT, -- the same, as the destination last took it
    problem TEXT, -- why the destination does not take what is wished
    requested_at INTEGER NOT NULL, -- what was logged before is not delivered
    revision INTEGER NOT NULL, -- counts the wishes
    UNIQUE (cache_cluster_key, log_type),
    UNIQUE (replication_group_key, log_type),
    CHECK ((cache_cluster_key IS NULL) != (replication_group_key IS NULL))
) STRICT;

-- What was last delivered of a node's log.
CREATE TABLE log_positions (
    cache_node_key INTEGER NOT NULL REFERENCES cache_nodes ON DELETE CASCADE,
    log_type TEXT NOT NULL,
    run TEXT NOT NULL, -- the process that counts; empty for the engine log
    position INTEGER NOT NULL, -- the next number of the slow log; nanoseconds since the Unix epoch for the engine log
    PRIMARY KEY (cache_node_key, log_type)
) STRICT;
