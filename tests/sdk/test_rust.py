"""AWS's SDK for Rust: rust/src/main.rs is the program, and its assertions are the test. It is a package of its own, compiled here."""

import subprocess

import pytest

import caches
import control_plane
import tools

DIRECTORY = control_plane.ROOT / "tests/sdk/rust"


# Compiling the SDK takes longer than all that is done with it.
@pytest.mark.timeout(1500)
def test_a_program_in_rust(network):
    # The audit at the end takes away what was made in the account of this.
    network.client()
    given = tools.environment(network.endpoint_url) | {"CACHE_NAME": caches.fresh("rust")}
    done = subprocess.run(
        ["cargo", "run", "--quiet", "--locked"], cwd=DIRECTORY, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
