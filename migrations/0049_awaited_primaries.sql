-- Whether a lost member of a node group is made anew only while the primary on record is known to run.
ALTER TABLE cache_nodes ADD COLUMN awaits_primary INTEGER NOT NULL DEFAULT 0;
