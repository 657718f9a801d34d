-- Events are their own outbox: each says which topic was to be told of it when it was written, and each destination how far it was told.
ALTER TABLE events ADD COLUMN topic_arn TEXT;

CREATE TABLE deliveries (
    -- 'sns', or the URL of a webhook.
    destination   TEXT NOT NULL PRIMARY KEY,
    delivered_key INTEGER NOT NULL
) STRICT;
