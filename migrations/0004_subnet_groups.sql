-- Cache subnet groups that were made; the group called default is everyone's and has no record.

CREATE TABLE cache_subnet_groups (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    subnet_group_name TEXT NOT NULL,
    description TEXT NOT NULL,
    vpc_id TEXT NOT NULL,
    subnets TEXT NOT NULL, -- JSON array of pairs: id, availability zone
    revision INTEGER NOT NULL, -- counts the writes of the wish; a writer names the one it read
    PRIMARY KEY (account, region, subnet_group_name)
) STRICT, WITHOUT ROWID;
