# A change of all that can be changed in place; the test applies it on top of the first.
node_type       = "cache.t3.small"
memcached_nodes = 3
eviction        = "volatile-ttl"
subnets         = ["subnet-0a1b2c3d", "subnet-1b2c3d4e", "subnet-2c3d4e5f"]
tags            = { stage = "production", owner = "" }
