-- Cache parameter groups of customers; the built-in ones are a table of the program. A cache cluster counts how often the values that its
-- group gives it have changed, and each of its nodes knows which count its container was made with, and which its process has.

CREATE TABLE cache_parameter_groups (
    cache_parameter_group_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cache_parameter_group_name TEXT NOT NULL,
    family TEXT NOT NULL,
    description TEXT NOT NULL,
    parameter_values TEXT NOT NULL, -- JSON object: what the customer has set, by the parameter's name
    revision INTEGER NOT NULL, -- counts the writes, those of caches that begin to use it included; a writer names the one it read
    UNIQUE (account, region, cache_parameter_group_name)
) STRICT;

ALTER TABLE cache_clusters ADD COLUMN parameters_generation INTEGER NOT NULL DEFAULT 1; -- counts the changes of what the group says
ALTER TABLE cache_clusters ADD COLUMN pending_parameter_group TEXT; -- the group that comes with the engine version that waits
ALTER TABLE replication_groups ADD COLUMN pending_parameter_group TEXT;
CREATE INDEX cache_clusters_by_parameter_group ON cache_clusters (account, region, parameter_group_name);

-- What the container of this generation is made with, chosen before it is made.
ALTER TABLE cache_nodes ADD COLUMN start_generation INTEGER;
ALTER TABLE cache_nodes ADD COLUMN start_parameters_generation INTEGER;
ALTER TABLE cache_nodes ADD COLUMN start_values TEXT; -- JSON object: the group's own values then
ALTER TABLE cache_nodes ADD COLUMN start_whole INTEGER; -- 0 when some of them can only be set on a running engine
-- The count that was set on the process of this run.
ALTER TABLE cache_nodes ADD COLUMN applied_run TEXT;
ALTER TABLE cache_nodes ADD COLUMN applied_generation INTEGER;

-- Until now there were only built-in groups, with the values of the family.
UPDATE cache_nodes
SET start_generation = observed_generation, start_parameters_generation = 1, start_values = '{}', start_whole = 1
WHERE observed_generation IS NOT NULL;
