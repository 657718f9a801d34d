"""The tools of those who look after caches, in an environment of their own: `make venv` makes it beside that of the tests."""

import pathlib

import control_plane

ENVIRONMENT = control_plane.ROOT / ".venv-tools"
# What they are given to do.
DIRECTORY = pathlib.Path(__file__).parent / "tools"


def program(name):
    found = ENVIRONMENT / "bin" / name
    assert found.exists(), f"{found} is missing; `make venv` makes it"
    return found


def environment(endpoint_url):
    """Everything of AWS that they ask for is asked of that endpoint, by an account that exists nowhere else."""
    own = {name: value for name, value in control_plane.environment().items() if not name.startswith("AWS_")}
    return own | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": control_plane.REGION,
        "AWS_DEFAULT_REGION": control_plane.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
