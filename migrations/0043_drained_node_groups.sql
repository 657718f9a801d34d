-- Since when every node of the cluster knows that a node group which goes has given all its slots away; null before.
ALTER TABLE node_groups ADD COLUMN drained_at INTEGER;
