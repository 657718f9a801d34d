-- A node that goes back to an earlier engine version loses what a later one may have written: it is given it anew by its primary.
ALTER TABLE cache_nodes ADD COLUMN discards_data INTEGER NOT NULL DEFAULT 0;
