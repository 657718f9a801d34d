# A change of all that can be changed in place; the test applies it on top of the first.
description        = "Sessions and carts"
members            = 3
engine             = "valkey"
engine_version     = "8.1"
parameter_group    = "default.valkey8"
maintenance_window = "mon:01:00-mon:02:00"
tags               = { stage = "production", owner = "" }
