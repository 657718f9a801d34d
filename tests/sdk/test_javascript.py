"""AWS's SDK for JavaScript: js/life.mjs is the program, and its assertions are the test."""

import shutil
import subprocess

import pytest

import caches
import control_plane
import tools

DIRECTORY = control_plane.ROOT / "tests/sdk/js"


def test_a_program_in_javascript(network):
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on the PATH")
    assert (DIRECTORY / "node_modules").is_dir(), "the SDK is missing; `make venv` fetches it"
    # The audit at the end takes away what was made in the account of this.
    network.client()
    done = subprocess.run(
        ["node", "life.mjs"],
        cwd=DIRECTORY,
        env=tools.environment(network.endpoint_url) | {"CACHE_NAME": caches.fresh("js")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
