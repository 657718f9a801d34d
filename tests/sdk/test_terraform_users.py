"""What Terraform's provider does with `aws_elasticache_user`, `aws_elasticache_user_group` and
`aws_elasticache_user_group_association`, replayed: the calls it makes, the states that its waiters know, the attributes that it reads,
and what it would plan next. Only the pauses differ.
"""

import concurrent.futures
import time

import pytest

import caches
import control_plane
import patience

NOT_FOUND_TOLERATED = 20


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("users"), runtime="simulated") as plane:
        yield plane


@pytest.fixture
def api(simulated):
    return simulated.client()


def wait(find, pending, target):
    """The provider's waiter: any state that it does not expect is an error at once; a target of none is a thing that is gone."""
    missing = 0
    end = time.monotonic() + patience.DEADLINE_S
    while time.monotonic() < end:
        found = find()
        status = found and found["Status"]
        if status == target:
            return
        if found is None:
            missing += 1
            assert missing <= NOT_FOUND_TOLERATED
        else:
            missing = 0
            assert status in pending, f"unexpected state {status!r}"
        time.sleep(0.1)
    raise AssertionError(f"did not become {target}")


def wire_tags(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Resource:
    """What the resources have in common: a configuration that was applied last, and a state that was read last."""

    def __init__(self, api):
        self.api = api

    def tags(self, arn):
        told = self.api.list_tags_for_resource(ResourceName=arn)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in told}

    def update_tags(self, before, config):
        gone = sorted(set(before) - set(config))
        new = {key: value for key, value in config.items() if before.get(key) != value}
        if gone:
            self.api.remove_tags_from_resource(ResourceName=self.state["arn"], TagKeys=gone)
        if new:
            self.api.add_tags_to_resource(ResourceName=self.state["arn"], Tags=wire_tags(new))

    def plan(self):
        before = self.state
        self.read()
        differs = {name for name in self.config if name in self.state and self.config[name] != self.state[name]}
        return differs | {name for name in self.state if self.state[name] != before[name]}


class User(Resource):
    def create(self, config):
        self.config = config
        self.user_id = caches.fresh("user")
        request = {
            "UserId": self.user_id,
            "UserName": config["user_name"],
            # As it is typed in the configuration.
            "Engine": config["engine"].upper(),
            "AccessString": config["access_string"],
            "NoPasswordRequired": config.get("no_password_required", False),
        }
        if "passwords" in config:
            request["Passwords"] = config["passwords"]
        if "authentication_mode" in config:
            request["AuthenticationMode"] = config["authentication_mode"]
        if config["tags"]:
            request["Tags"] = wire_tags(config["tags"])
        self.api.create_user(**request)
        wait(self.find, {"creating"}, "active")
        self.read()

    def update(self, config):
        before, self.config = self.config, config
        self.update_tags(before["tags"], config["tags"])
        members = {
            "access_string": "AccessString",
            "authentication_mode": "AuthenticationMode",
            "engine": "Engine",
            "passwords": "Passwords",
        }
        changed = {name for name in members if before.get(name) != config.get(name)}
        if changed:
            self.api.modify_user(UserId=self.user_id, **{members[name]: config[name] for name in changed})
            wait(self.find, {"modifying"}, "active")
        self.read()

    def destroy(self):
        self.api.delete_user(UserId=self.user_id)
        wait(self.find, {"deleting"}, None)
        with pytest.raises(self.api.exceptions.UserNotFoundFault):
            self.api.delete_user(UserId=self.user_id)

    def find(self):
        try:
            [found] = self.api.describe_users(UserId=self.user_id)["Users"]
        except self.api.exceptions.UserNotFoundFault:
            return None
        return found

    def read(self):
        # Every read is a waiter.
        wait(self.find, {"modifying"}, "active")
        found = self.find()
        self.state = {
            "arn": found["ARN"],
            "access_string": found["AccessString"],
            "engine": found["Engine"],
            "user_id": found["UserId"],
            "user_name": found["UserName"],
            "type": found["Authentication"]["Type"],
            "password_count": found["Authentication"]["PasswordCount"],
            "tags": self.tags(found["ARN"]),
        }


class UserGroup(Resource):
    def create(self, config):
        self.config = config
        request = {"UserGroupId": caches.fresh("Users"), "Engine": config["engine"].upper(), "UserIds": config["user_ids"]}
        if config["tags"]:
            request["Tags"] = wire_tags(config["tags"])
        self.id = self.api.create_user_group(**request)["UserGroupId"]
        assert self.id == request["UserGroupId"].lower()
        wait(self.find, {"creating", "modifying"}, "active")
        self.read()

    def update(self, config):
        before, self.config = self.config, config
        self.update_tags(before["tags"], config["tags"])
        adds = sorted(set(config["user_ids"]) - set(before["user_ids"]))
        removes = sorted(set(before["user_ids"]) - set(config["user_ids"]))
        request = {}
        if adds:
            request["UserIdsToAdd"] = adds
        if removes:
            request["UserIdsToRemove"] = removes
        if before["engine"] != config["engine"]:
            request["Engine"] = config["engine"]
        if request:
            self.api.modify_user_group(UserGroupId=self.id, **request)
            wait(self.find, {"modifying"}, "active")
        self.read()

    def destroy(self):
        self.api.delete_user_group(UserGroupId=self.id)
        wait(self.find, {"deleting"}, None)

    def find(self):
        try:
            [found] = self.api.describe_user_groups(UserGroupId=self.id)["UserGroups"]
        except self.api.exceptions.UserGroupNotFoundFault:
            return None
        return found

    def read(self):
        found = self.find()
        self.state = {
            "arn": found["ARN"],
            "engine": found["Engine"],
            "user_ids": sorted(found["UserIds"]),
            "user_group_id": found["UserGroupId"],
            "tags": self.tags(found["ARN"]),
        }


def user(api, **config):
    made = User(api)
    wanted = {"user_name": "app", "engine": "redis", "access_string": "on ~app::* -@all +@read", "tags": {}}
    if not {"passwords", "authentication_mode", "no_password_required"} & set(config):
        config["passwords"] = ["password-of-the-first-kind"]
    made.create(wanted | config)
    return made


def test_users(api):
    first = ["password-of-the-first-kind"]
    made = user(api, tags={"Name": "replayed"})
    assert made.plan() == set()
    assert (made.state["type"], made.state["password_count"]) == ("password", 1)
    for change, count in (
        ({"access_string": "on  ~*   +@all -@dangerous"}, 1),
        ({"passwords": [*first, "password-of-another-kind"]}, 2),
        ({"passwords": first, "tags": {"a": "", "b": "2"}}, 1),
        ({"engine": "valkey"}, 1),
    ):
        made.update(made.config | change)
        assert made.plan() == set(), change
        assert made.state["password_count"] == count
    imported = User(api)
    imported.user_id = made.user_id
    imported.read()
    assert imported.state == made.state
    made.destroy()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ({"Type": "password", "Passwords": ["password-of-the-first-kind"]}, "password"),
        ({"Type": "no-password-required"}, "no-password"),
    ],
)
def test_users_with_a_mode(api, mode, kind):
    made = user(api, authentication_mode=mode)
    assert (made.state["type"], made.state["password_count"]) == (kind, len(mode.get("Passwords", [])))
    assert made.plan() == set()
    made.destroy()


def test_users_of_iam_are_called_as_their_id(api):
    one = caches.fresh("iam")
    made = api.create_user(
        UserId=one, UserName=one, Engine="valkey", AccessString="on ~* +@all", AuthenticationMode={"Type": "iam"}
    )
    assert made["Authentication"] == {"Type": "iam", "PasswordCount": 0}
    api.delete_user(UserId=one)


def test_user_groups(api):
    default = user(api, user_name="default")
    users = [user(api, user_name=name) for name in ("one", "two")]
    made = UserGroup(api)
    wanted = {"engine": "redis", "user_ids": sorted([default.user_id, users[0].user_id]), "tags": {"Name": "replayed"}}
    made.create(wanted)
    assert made.plan() == set()
    made.update(made.config | {"user_ids": sorted([default.user_id, users[1].user_id])})
    assert made.plan() == set()
    made.update(made.config | {"tags": {}})
    assert made.plan() == set()
    made.update(made.config | {"engine": "valkey"})
    assert made.plan() == set()
    imported = UserGroup(api)
    imported.id = made.id
    imported.read()
    assert imported.state == made.state
    made.destroy()
    for one in (default, *users):
        one.destroy()


def test_associations_made_at_once_are_all_there(api):
    """Two associations of one group run at the same time: each is retried while the group is not active, and none is lost."""
    default = user(api, user_name="default")
    users = [user(api, user_name=f"u{number}") for number in range(4)]
    group = UserGroup(api)
    group.create({"engine": "redis", "user_ids": [default.user_id], "tags": {}})

    def patiently(**members):
        end = time.monotonic() + patience.DEADLINE_S
        while True:
            try:
                return api.modify_user_group(UserGroupId=group.id, **members)
            except api.exceptions.InvalidUserGroupStateFault:
                assert time.monotonic() < end
                time.sleep(0.05)

    def associate(one):
        patiently(UserIdsToAdd=[one.user_id])
        wait(group.find, {"modifying"}, "active")
        assert one.user_id in group.find()["UserIds"]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(associate, users))
    assert sorted(group.find()["UserIds"]) == sorted(one.user_id for one in (default, *users))
    for one in users:
        patiently(UserIdsToRemove=[one.user_id])
        wait(group.find, {"modifying"}, "active")
        with pytest.raises(api.exceptions.ClientError, match="is not a member of user group") as refused:
            patiently(UserIdsToRemove=[one.user_id])
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    group.destroy()
    for one in (default, *users):
        one.destroy()


def test_a_replication_group_reads_back_its_user_groups(api):
    default = user(api, user_name="default")
    first, second = UserGroup(api), UserGroup(api)
    for group in (first, second):
        group.create({"engine": "redis", "user_ids": [default.user_id], "tags": {}})
    one = caches.fresh("guarded")
    api.create_replication_group(
        ReplicationGroupId=one,
        ReplicationGroupDescription="d",
        CacheNodeType=caches.MICRO,
        NumCacheClusters=1,
        Engine="redis",
        EngineVersion="7.0",
        TransitEncryptionEnabled=True,
        UserGroupIds=[first.id],
    )

    def find():
        try:
            [found] = api.describe_replication_groups(ReplicationGroupId=one)["ReplicationGroups"]
        except api.exceptions.ReplicationGroupNotFoundFault:
            return None
        return found

    wait(find, {"creating", "modifying", "snapshotting"}, "available")
    assert find()["UserGroupIds"] == [first.id]
    assert first.find()["ReplicationGroups"] == [one]
    api.modify_replication_group(
        ReplicationGroupId=one, ApplyImmediately=True, UserGroupIdsToAdd=[second.id], UserGroupIdsToRemove=[first.id]
    )
    wait(find, {"creating", "modifying", "snapshotting"}, "available")
    assert find()["UserGroupIds"] == [second.id]
    api.delete_replication_group(ReplicationGroupId=one)
    while find():
        time.sleep(0.1)
    for made in (first, second, default):
        made.destroy()
