"""Terraform with the provider as it is published, on every configuration of examples/terraform: apply, plan again, change in place,
import into an empty state, destroy. The replays in test_terraform*.py do the same where no provider can be had.
"""

import concurrent.futures

import pytest

import caches
import terraform

# Each waits for much longer than it works: 30 seconds before it looks for the first time at what it has made.
pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def runs(network, tmp_path_factory):
    """All examples at once, as futures by name."""
    if reason := terraform.missing():
        pytest.skip(reason)
    api = network.client()
    names = sorted(one.parent.name for one in terraform.EXAMPLES.glob("*/main.tf"))
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        yield {
            name: pool.submit(live, name, tmp_path_factory.mktemp(name), network.endpoint_url, api) for name in names
        }


def live(example, directory, endpoint_url, api):
    """The whole life of an example."""
    workspace = terraform.Workspace(example, directory / "first", endpoint_url, caches.fresh("tf"))
    workspace.run("apply", "-auto-approve")
    workspace.demand_no_difference()
    changed = "-var-file=changed.tfvars"
    planned = terraform.changes(workspace.plan(changed))
    actions = {action for one, _ in planned.values() for action in one}
    assert "update" in actions and actions <= {"update", "no-op"}, planned
    workspace.apply_plan()
    workspace.demand_no_difference(changed)
    import_all(workspace, directory / "imported", changed)
    workspace.run("destroy", "-auto-approve", changed)
    assert workspace.name not in all_names(api)
    kept = snapshots(api, workspace.name)
    if "final_snapshot_identifier" in (terraform.EXAMPLES / example / "main.tf").read_text():
        final = f"{workspace.name}-final"
        assert final in kept
        restore(workspace, final)
        assert workspace.name not in all_names(api)
        kept = snapshots(api, workspace.name)
    for snapshot in kept:
        api.delete_snapshot(SnapshotName=snapshot)


def restore(workspace, snapshot):
    """Once more, from what was kept at the end; and to its end."""
    options = [f"-var=snapshot={snapshot}", f"-var=final_snapshot={workspace.name}-last"]
    workspace.run("apply", "-auto-approve", *options)
    workspace.demand_no_difference(*options)
    workspace.run("destroy", "-auto-approve", *options)


def snapshots(api, name):
    """The names of the manual snapshots of what is called so."""
    pages = api.get_paginator("describe_snapshots").paginate(SnapshotSource="manual")
    names = [one["SnapshotName"] for page in pages for one in page["Snapshots"]]
    return [one for one in names if one.startswith(name)]


def import_all(workspace, directory, *options):
    """Into an empty state, from the ids alone; what is read so is what the configuration says."""
    made = workspace.resources()
    other = workspace.again(directory)
    (directory / "imports.tf").write_text(
        "".join(f'import {{\n  to = {address}\n  id = "{one["values"]["id"]}"\n}}\n' for address, one in made.items())
    )
    plan = other.plan(*options)
    imported = {one["address"] for one in plan["resource_changes"] if "importing" in one["change"]}
    assert imported == set(made)
    for address, (actions, attributes) in terraform.changes(plan).items():
        assert actions in (["no-op"], ["update"]), (address, actions, attributes)
        assert attributes <= terraform.NEVER_READ, (address, attributes)
    other.apply_plan()
    other.demand_no_difference(*options)


def all_names(api):
    """Everything that the account has, in one string to look for names in."""
    answers = [
        api.describe_cache_clusters(),
        api.describe_replication_groups(),
        api.describe_cache_parameter_groups(),
        api.describe_cache_subnet_groups(),
        api.describe_users(),
        api.describe_user_groups(),
    ]
    return repr(answers)


@pytest.mark.parametrize("example", sorted(one.parent.name for one in terraform.EXAMPLES.glob("*/main.tf")))
def test_an_example_lives(runs, example):
    runs[example].result()
