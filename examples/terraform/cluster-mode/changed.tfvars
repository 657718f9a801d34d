# A change of all that can be changed in place; the test applies it on top of the first.
node_groups = 3
replicas    = 0
tags        = { stage = "production", owner = "" }
