-- Encryption in transit and at rest, and AUTH tokens.
--
-- Of a token only what nodes compare with is here: its SHA-256, hexadecimal. Two are valid while one takes the place of the other.
-- Keys and certificates of nodes are in their containers and nowhere else.

ALTER TABLE replication_groups ADD COLUMN transit_encryption TEXT CHECK (transit_encryption IN ('preferred', 'required'));
ALTER TABLE replication_groups ADD COLUMN kms_key_id TEXT;
ALTER TABLE replication_groups ADD COLUMN auth_token TEXT;
ALTER TABLE replication_groups ADD COLUMN auth_token_earlier TEXT;
-- Whether clients without a token are let in as well.
ALTER TABLE replication_groups ADD COLUMN auth_token_optional INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replication_groups ADD COLUMN auth_token_changed_at INTEGER;

ALTER TABLE cache_clusters ADD COLUMN transit_encryption TEXT CHECK (transit_encryption IN ('preferred', 'required'));
