-- Nodes with a front that knows users by tokens of IAM.
ALTER TABLE cache_clusters ADD COLUMN iam INTEGER NOT NULL DEFAULT 0;
