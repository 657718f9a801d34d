# A change of all that can be changed in place; the test applies it on top of the first.
access    = "on ~app:* ~cache:* +@read +@write"
passwords = ["first-password-of-the-app", "second-password-of-the-app"]
tags      = { stage = "production", owner = "" }
