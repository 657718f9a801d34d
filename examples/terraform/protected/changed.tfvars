# A change of all that can be changed in place; the test applies it on top of the first.
auth_token = "second-token-of-the-orders"
retention  = 2
log_format = "text"
tags       = { stage = "production", owner = "" }
