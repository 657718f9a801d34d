-- Cluster mode enabled: the node groups of a replication group, each with the slots that it shall have and those that it was last seen to
-- have. A group with cluster mode disabled has none of these rows.

CREATE TABLE node_groups (
    node_group_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    replication_group_key INTEGER NOT NULL REFERENCES replication_groups ON DELETE CASCADE,
    node_group_id TEXT NOT NULL,
    slots TEXT NOT NULL, -- `0-5461,9000`: wished
    slots_served TEXT NOT NULL, -- and last seen
    primary_cluster_id TEXT, -- the member that was last seen to serve them
    giver_run TEXT, -- the member, and its run, that began to give slots away
    failover_requested INTEGER NOT NULL, -- 1 from TestFailover until another member serves them
    failover_from TEXT, -- the run that it shall end, once chosen
    UNIQUE (replication_group_key, node_group_id)
) STRICT;

-- How many slots the resharding under way began with; 0 where none is.
ALTER TABLE replication_groups ADD COLUMN slots_to_move INTEGER NOT NULL DEFAULT 0;

-- The node group of a member, cluster mode enabled; and whether the group has let it go, so that its node may be removed.
ALTER TABLE cache_clusters ADD COLUMN node_group_id TEXT;
ALTER TABLE cache_clusters ADD COLUMN dismissed INTEGER NOT NULL DEFAULT 0;
