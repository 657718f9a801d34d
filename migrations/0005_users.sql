-- Users, user groups, and what of them is on the nodes of replication groups.
--
-- Each replication group counts what is wished of its users (access_generation), from the first user group that it had; each member
-- notes the count that its node was last given, and in which run of the node that was. A change of a user or a user group that
-- replication groups have yet to follow is in access_waits.

CREATE TABLE users (
    user_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    engine TEXT NOT NULL CHECK (engine IN ('redis', 'valkey')),
    access_string TEXT NOT NULL,
    authentication TEXT NOT NULL CHECK (authentication IN ('password', 'no-password', 'iam')),
    password_digests TEXT NOT NULL, -- JSON array: SHA-256, hexadecimal
    deletion_requested_at INTEGER,
    revision INTEGER NOT NULL, -- counts the writes of the wish; a writer names the one it read
    UNIQUE (account, region, user_id)
) STRICT;

CREATE TABLE user_groups (
    user_group_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    user_group_id TEXT NOT NULL,
    engine TEXT NOT NULL CHECK (engine IN ('redis', 'valkey')),
    revision INTEGER NOT NULL, -- counts the writes of the wish; a writer names the one it read
    UNIQUE (account, region, user_group_id)
) STRICT;

CREATE TABLE user_group_members (
    user_group_key INTEGER NOT NULL REFERENCES user_groups ON DELETE CASCADE,
    user_key INTEGER NOT NULL REFERENCES users,
    change TEXT CHECK (change IN ('add', 'remove')), -- what replication groups have yet to follow
    PRIMARY KEY (user_group_key, user_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_group_members_by_user ON user_group_members (user_key);

ALTER TABLE replication_groups ADD COLUMN user_group_key INTEGER REFERENCES user_groups;
ALTER TABLE replication_groups ADD COLUMN access_generation INTEGER NOT NULL DEFAULT 0;
-- Whether members' nodes start with nobody let in but us.
ALTER TABLE replication_groups ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replication_groups_by_user_group ON replication_groups (user_group_key) WHERE user_group_key IS NOT NULL;

ALTER TABLE cache_clusters ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cache_clusters ADD COLUMN access_run TEXT;
ALTER TABLE cache_clusters ADD COLUMN access_generation INTEGER;

CREATE TABLE access_waits (
    access_wait_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    replication_group_key INTEGER NOT NULL REFERENCES replication_groups ON DELETE CASCADE,
    access_generation INTEGER NOT NULL, -- the first that has the change
    user_key INTEGER REFERENCES users ON DELETE CASCADE,
    user_group_key INTEGER REFERENCES user_groups ON DELETE CASCADE,
    CHECK ((user_key IS NOT NULL) + (user_group_key IS NOT NULL) = 1)
) STRICT;
CREATE INDEX access_waits_by_user ON access_waits (user_key);
CREATE INDEX access_waits_by_user_group ON access_waits (user_group_key);
