-- Cluster mode between disabled and enabled: a group with a primary, a reader and a configuration endpoint.

ALTER TABLE replication_groups ADD COLUMN cluster_mode TEXT NOT NULL DEFAULT 'disabled'
    CHECK (cluster_mode IN ('disabled', 'compatible', 'enabled'));
ALTER TABLE replication_groups ADD COLUMN configuration_address TEXT;
ALTER TABLE replication_groups ADD COLUMN configuration_route_served TEXT; -- as primary_route_served

-- So far the reader endpoint of a group with cluster mode enabled was its configuration endpoint.
UPDATE replication_groups
SET cluster_mode = 'enabled', configuration_address = reader_address, reader_address = NULL,
    configuration_route_served = reader_route_served, reader_route_served = NULL
WHERE replication_group_key IN (SELECT replication_group_key FROM node_groups);

CREATE UNIQUE INDEX replication_groups_by_configuration_address ON replication_groups (configuration_address);

CREATE TABLE published_ports_new (
    port INTEGER NOT NULL PRIMARY KEY,
    cache_node_key INTEGER UNIQUE REFERENCES cache_nodes ON DELETE CASCADE,
    configuration_of INTEGER UNIQUE REFERENCES cache_clusters ON DELETE CASCADE,
    control_of TEXT UNIQUE REFERENCES routers ON DELETE CASCADE,
    primary_of INTEGER UNIQUE REFERENCES replication_groups ON DELETE CASCADE,
    reader_of INTEGER UNIQUE REFERENCES replication_groups ON DELETE CASCADE,
    group_configuration_of INTEGER UNIQUE REFERENCES replication_groups ON DELETE CASCADE,
    CHECK ((cache_node_key IS NOT NULL) + (configuration_of IS NOT NULL) + (control_of IS NOT NULL)
           + (primary_of IS NOT NULL) + (reader_of IS NOT NULL) + (group_configuration_of IS NOT NULL) = 1)
) STRICT;
INSERT INTO published_ports_new (port, cache_node_key, configuration_of, control_of, primary_of, reader_of, group_configuration_of)
    SELECT port, cache_node_key, configuration_of, control_of, primary_of,
           CASE WHEN reader_of IN (SELECT replication_group_key FROM node_groups) THEN NULL ELSE reader_of END,
           CASE WHEN reader_of IN (SELECT replication_group_key FROM node_groups) THEN reader_of END
    FROM published_ports;
DROP TABLE published_ports;
ALTER TABLE published_ports_new RENAME TO published_ports;
