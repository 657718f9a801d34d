-- The epoch of the claim with which the slots of a node group were last seen to be served.
ALTER TABLE node_groups ADD COLUMN claim_epoch INTEGER NOT NULL DEFAULT 0;
