"""Waiting for states. The bounds are for what is broken, not for what is slow."""

import time

DEADLINE_S = 240


def until(what, look, deadline_s=DEADLINE_S, pause_s=0.1):
    """The first answer of `look` that is true. An AssertionError counts as not yet, and is what is told in the end."""
    end = time.monotonic() + deadline_s
    while True:
        trouble = None
        try:
            if found := look():
                return found
        except AssertionError as error:
            trouble = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}") from trouble
        time.sleep(pause_s)
