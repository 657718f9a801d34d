"""Terraform itself, with the provider as it is published, on the configurations of examples/terraform.

The provider cannot be fetched here: it is taken from a directory, laid out as Terraform's filesystem mirrors are. `TF_PLUGIN_DIR` names it;
else Terraform's own implied mirrors are looked at.
"""

import json
import os
import pathlib
import shutil
import subprocess

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples/terraform"
PROVIDER = "registry.terraform.io/hashicorp/aws"
# A single command; the provider's own timeouts are longer, and none of them should be needed.
COMMAND_LIMIT_S = 600

# What Read does not bring back, so that an import leaves it open: settings of the provider's own, places that are asked for once, and secrets.
NEVER_READ = {
    "apply_immediately",
    "auth_token_update_strategy",
    "passwords",
    "no_password_required",
    "authentication_mode",
    "preferred_cache_cluster_azs",
    "auth_token",
    "final_snapshot_identifier",
    "snapshot_name",
}


def mirror():
    """Where the provider lies, or None."""
    if given := os.environ.get("TF_PLUGIN_DIR"):
        places = [given]
    else:
        home = pathlib.Path.home()
        shared = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
        own = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
        places = [home / ".terraform.d/plugins", *(pathlib.Path(one) / "terraform/plugins" for one in [own, *shared])]
    return next((pathlib.Path(one) for one in places if (pathlib.Path(one) / PROVIDER).is_dir()), None)


def missing():
    """Why Terraform cannot be run here, or None."""
    if shutil.which("terraform") is None:
        return "there is no terraform on the PATH"
    if mirror() is None:
        return f"there is no provider {PROVIDER} in TF_PLUGIN_DIR or in a directory that Terraform looks into by itself"
    return None


class Workspace:
    """A copy of one example with a state of its own. All that is in it begins with `name`."""

    def __init__(self, example, directory, endpoint_url, name):
        self.example = example
        self.name = name
        self.endpoint_url = endpoint_url
        self.directory = directory
        shutil.copytree(EXAMPLES / example, directory)
        configuration = directory / "terraform.rc"
        # No other way of installing is named, so nothing is fetched from anywhere.
        configuration.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror()}"\n  }}\n}}\ndisable_checkpoint = true\n'
        )
        # Nothing of the person who runs the tests: neither their AWS account nor their Terraform settings.
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
        } | {
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_VAR_endpoint": endpoint_url,
            "TF_VAR_name": name,
            # Only some examples have it; others pay no heed to it.
            "TF_VAR_final_snapshot": f"{name}-final",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.run("init")

    def again(self, directory):
        """Another copy, with a state that is empty."""
        return Workspace(self.example, directory, self.endpoint_url, self.name)

    def run(self, *arguments, codes=(0,)):
        done = subprocess.run(
            ["terraform", arguments[0], "-no-color", *arguments[1:]],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
        )
        said = f"terraform {' '.join(arguments)} in {self.example}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode in codes, said
        return done.stdout

    def plan(self, *options):
        """What would be done, as Terraform has it in JSON."""
        self.run("plan", "-out=planned", *options)
        return json.loads(self.run("show", "-json", "planned"))

    def apply_plan(self):
        """Does what was planned last."""
        return self.run("apply", "planned")

    def demand_no_difference(self, *options):
        self.run("plan", "-detailed-exitcode", *options, codes=(0,))

    def resources(self):
        """What it has made, by address."""
        state = json.loads(self.run("show", "-json"))
        found = state["values"]["root_module"]["resources"]
        return {one["address"]: one for one in found if one["mode"] == "managed"}


def changes(plan):
    """What is planned for each resource: (actions, the attributes that change), by address. Data sources are only read."""
    planned = {}
    for one in plan.get("resource_changes", []):
        if one["mode"] != "managed":
            continue
        change = one["change"]
        before, after = change["before"] or {}, change["after"] or {}
        unknown = {name for name, value in change["after_unknown"].items() if value}
        differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} - unknown
        planned[one["address"]] = (change["actions"], differ)
    return planned
