"""Ansible's ElastiCache modules (community.aws), as they are published: tools/playbook.yml says what they do, and what must come of it."""

import subprocess

import pytest

import caches
import groups
import tools


@pytest.fixture
def play(network):
    # The audit at the end takes away what was made in the account of this.
    network.client()

    def run(playbook, **variables):
        given = [argument for name, value in variables.items() for argument in ("-e", f"{name}={value}")]
        done = subprocess.run(
            [tools.program("ansible-playbook"), "-i", "localhost,", "-c", "local", *given, tools.DIRECTORY / playbook],
            env=tools.environment(network.endpoint_url)
            | {
                "ANSIBLE_PYTHON_INTERPRETER": str(tools.program("python")),
                "ANSIBLE_CONFIG": str(tools.DIRECTORY / "ansible.cfg"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_modules(play):
    play("playbook.yml", prefix=caches.fresh("ansible"))


def test_a_member_is_shown_with_its_group(network, play):
    """elasticache_info looks up the tags of every cluster, and the group of each that is a member."""
    api = network.client()
    name = caches.fresh("ansible")
    groups.make(api, name, members=2, Tags=[{"Key": "owner", "Value": "ansible"}])
    play("members.yml", group=name)
    groups.delete(api, name)
