"""Users and user groups on real engines: who is let in, to do what, and what a change does to those who are in already."""

import contextlib
import threading

import pytest
import redis

import caches
import container_host
import groups
import patience

# Redis and Valkey, each with the engine of the users that it takes.
ENGINES = [pytest.param("redis", "7.0", id="redis-7.0"), pytest.param("valkey", "8.1", id="valkey-8.1")]
PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "tr0ub4dor and three more"
# Where there are users all is encrypted; by whose certificate is not looked at here.
TLS = {"ssl": True, "ssl_cert_reqs": "none"}


class Access:
    """A user group with users `app`, who may do everything, and `reader`, who may read; of engine Redis with a default user that is off."""

    def __init__(self, api, engine):
        self.api, self.engine = api, engine
        self.group = caches.fresh("access")
        self.ids = {}
        self.user("app", "on ~* +@all")
        self.user("reader", "on ~* +@read +@connection")
        if engine == "redis":
            self.user("default", "off -@all")
        api.create_user_group(UserGroupId=self.group, Engine=engine, UserIds=list(self.ids.values()))
        assert self.status() == "active"

    def user(self, name, access_string):
        self.ids[name] = caches.fresh(name)
        made = self.api.create_user(
            UserId=self.ids[name],
            UserName=name,
            Engine=self.engine,
            AccessString=access_string,
            AuthenticationMode={"Type": "password", "Passwords": [PASSWORD]},
        )
        assert (made["Status"], made["Authentication"]) == ("active", {"Type": "password", "PasswordCount": 1})
        return self.ids[name]

    def status(self):
        [found] = self.api.describe_user_groups(UserGroupId=self.group)["UserGroups"]
        return found["Status"]

    def settled(self):
        def look():
            [found] = self.api.describe_user_groups(UserGroupId=self.group)["UserGroups"]
            users = self.api.describe_users(Filters=[{"Name": "user-group-id", "Values": [self.group]}])["Users"]
            assert {found["Status"]} | {user["Status"] for user in users} == {"active"}
            return True

        patience.until("users and user group are active", look)

    def modify(self, name, **members):
        answer = self.api.modify_user(UserId=self.ids[name], **members)
        assert answer["Status"] == "modifying"
        self.settled()

    def make(self, replication_group_id, version, members=2, **wanted):
        return groups.make(
            self.api,
            replication_group_id,
            members,
            Engine=self.engine,
            EngineVersion=version,
            TransitEncryptionEnabled=True,
            UserGroupIds=[self.group],
            **wanted,
        )

    def remove(self, *replication_group_ids):
        groups.delete(self.api, *replication_group_ids)
        self.api.delete_user_group(UserGroupId=self.group)
        for one in self.ids.values():
            self.api.delete_user(UserId=one)
            with pytest.raises(self.api.exceptions.UserNotFoundFault):
                self.api.describe_users(UserId=one)


def connect(at, user=None, password=PASSWORD):
    """A client that has one connection and does not hide what becomes of it."""
    host, port = at
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    credentials = {"username": user, "password": password} if user else {}
    return redis.Redis(
        host=host, port=port, decode_responses=True, single_connection_client=True, retry=retry, **credentials, **TLS
    )


def is_let_in(at, user=None, password=PASSWORD):
    try:
        with connect(at, user, password) as client:
            client.ping()
        return True
    except redis.AuthenticationError:
        return False


def where(group):
    """Every endpoint that clients may come to."""
    endpoints = [groups.endpoint(group), groups.endpoint(group, "ReaderEndpoint")]
    return endpoints + list(groups.node_endpoints(group).values())


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_each_may_do_what_its_access_string_says(plane, engine, version):
    api = plane.client()
    access, one = Access(api, engine), caches.fresh("guarded")
    group = access.make(one, version)
    assert group["UserGroupIds"] == [access.group]
    for at in where(group):
        assert not is_let_in(at), at
        assert not is_let_in(at, "nobody"), at
        assert not is_let_in(at, "app", OTHER_PASSWORD), at
        assert is_let_in(at, "app") and is_let_in(at, "reader"), at
    app, reader = connect(groups.endpoint(group), "app"), connect(groups.endpoint(group), "reader")
    assert app.set("key", "value") and reader.get("key") == "value"
    with pytest.raises(redis.exceptions.NoPermissionError):
        reader.set("key", "other")
    # What the service withholds, it withholds from everybody.
    for order in ("CONFIG GET *", "ACL SETUSER app nopass", "REPLICAOF NO ONE", "BGSAVE", "SHUTDOWN NOSAVE"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            app.execute_command(*order.split())
    assert app.execute_command("ACL", "WHOAMI") == "app"
    # The replicas follow, though nobody is let in as the default user.
    assert app.wait(1, 60_000) == 1
    for at in groups.node_endpoints(group).values():
        with connect(at, "reader") as client:
            assert client.get("key") == "value"
    app.close(), reader.close()
    access.remove(one)


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_a_change_reaches_those_who_are_connected(ours, engine, version):
    api = ours.client()
    access, one = Access(api, engine), caches.fresh("guarded")
    at = groups.endpoint(access.make(one, version, members=1))
    with connect(at, "app") as app, connect(at, "reader") as reader:
        app.set("key", "value")
        access.modify("reader", AccessString="on ~* -@all +@connection +set")
        with pytest.raises(redis.exceptions.NoPermissionError):
            reader.get("key")
        assert reader.set("key", "the same connection")
        access.modify("reader", AppendAccessString="+get")
        assert reader.get("key") == "the same connection"
        # Both passwords, then the new one alone; who is in stays in.
        access.modify("app", Passwords=[PASSWORD, OTHER_PASSWORD])
        assert is_let_in(at, "app") and is_let_in(at, "app", OTHER_PASSWORD)
        access.modify("app", Passwords=[OTHER_PASSWORD])
        assert not is_let_in(at, "app") and is_let_in(at, "app", OTHER_PASSWORD)
        assert app.get("key") == "the same connection"
    access.remove(one)


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_users_come_and_go_while_others_stay(ours, engine, version):
    api = ours.client()
    access, one = Access(api, engine), caches.fresh("guarded")
    group = access.make(one, version)
    at = groups.endpoint(group)
    with connect(at, "app") as app, connect(at, "reader") as reader:
        assert app.set("key", "value") and reader.get("key") == "value"
        new = access.user("new", "on ~* +@all")
        answer = api.modify_user_group(
            UserGroupId=access.group, UserIdsToAdd=[new], UserIdsToRemove=[access.ids["reader"]]
        )
        assert (answer["Status"], answer["PendingChanges"]["UserIdsToAdd"]) == ("modifying", [new])
        access.settled()
        with pytest.raises(redis.ConnectionError):
            reader.get("key")
        assert not any(is_let_in(at, "reader") for at in where(group))
        assert all(is_let_in(at, "new") for at in where(group))
        assert app.get("key") == "value"
        # A user that is deleted goes from the nodes, too.
        api.delete_user(UserId=new)
        patience.until("the user is gone", lambda: is_gone(api, new))
        assert not any(is_let_in(at, "new") for at in where(group))
        del access.ids["new"]
        names = set(app.execute_command("ACL", "USERS"))
        assert names == {"app", "default", "cacheplane-administrator"}
    access.remove(one)


def is_gone(api, user_id):
    try:
        api.describe_users(UserId=user_id)
        return False
    except api.exceptions.UserNotFoundFault:
        return True


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_a_group_that_is_open_is_closed_and_opened_again(ours, engine, version):
    api = ours.client()
    access, one = Access(api, engine), caches.fresh("guarded")
    wanted = {"Engine": engine, "EngineVersion": version, "TransitEncryptionEnabled": True}
    group = groups.make(api, one, 2, AutomaticFailoverEnabled=True, **wanted)
    keys = {f"key:{number}": f"value {number}" for number in range(100)}
    with connect(groups.endpoint(group)) as stranger:
        assert stranger.mset(keys) and stranger.wait(1, 60_000) == 1
        api.modify_replication_group(
            ReplicationGroupId=one, UserGroupIdsToAdd=[access.group], ApplyImmediately=True
        )

        def is_cut_off():
            try:
                stranger.ping()
                return False
            except redis.RedisError:
                return True

        patience.until("who came in unasked is cut off", is_cut_off, pause_s=0.02)
    group = groups.available(api, one)
    assert not any(is_let_in(at) for at in where(group))
    with connect(groups.endpoint(group), "app") as app:
        assert app.mget(list(keys)) == list(keys.values())
    # The nodes were made anew: one that is started again lets nobody in by itself.
    for container in ours.instance.containers(kind="cache-cluster").values():
        if container["Config"]["Labels"][container_host.RESOURCE].startswith(one):
            assert "--user default off" in " ".join(container["Args"])
    group = groups.changed(api, one, RemoveUserGroups=True)
    assert "UserGroupIds" not in group
    assert all(is_let_in(at) and not is_let_in(at, "app") for at in where(group))
    access.remove(one)


class Stranger(threading.Thread):
    """Knocks at an endpoint without a name, over and over, and remembers whether it was let in."""

    def __init__(self, at):
        super().__init__(daemon=True)
        self.at, self.end = at, threading.Event()
        self.refused = self.let_in = 0

    def run(self):
        host, port = self.at
        while not self.end.is_set():
            try:
                with redis.Redis(host=host, port=port, socket_timeout=1, socket_connect_timeout=1, **TLS) as client:
                    client.ping()
                self.let_in += 1
            except redis.AuthenticationError:
                self.refused += 1
            except redis.RedisError:
                pass


@contextlib.contextmanager
def strangers(*endpoints):
    them = [Stranger(at) for at in endpoints]
    for one in them:
        one.start()
    yield them
    for one in them:
        one.end.set()
        one.join()
        assert one.refused > 0 and one.let_in == 0, (one.at, one.let_in)


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_no_restart_opens_a_door(ours, engine, version):
    """A container that is restarted behind our back, and a primary that is killed and comes back as a replica."""
    api = ours.client()
    access, one = Access(api, engine), caches.fresh("guarded")
    group = access.make(one, version, AutomaticFailoverEnabled=True)
    nodes = groups.node_endpoints(group)
    with connect(groups.endpoint(group), "app") as app:
        app.set("key", "value")
        assert app.wait(1, 60_000) == 1
    with strangers(*nodes.values(), groups.endpoint(group)):
        [replica] = groups.replicas(group)
        [container] = ours.instance.nodes(replica).values()
        container_host.docker("restart", container["Id"])
        patience.until("the replica lets its users in", lambda: lets_in(nodes[replica]))
        primary = groups.primary(group)
        [container] = ours.instance.nodes(primary).values()
        container_host.docker("kill", container["Id"])
        group = groups.taken_over(api, one, primary)
        patience.until("the lost node lets its users in", lambda: lets_in(nodes[primary]))
        patience.until("the primary endpoint lets its users in", lambda: lets_in(groups.endpoint(group)))
        with connect(groups.endpoint(group), "app") as app:
            assert app.get("key") == "value" and app.set("key", "new")
            patience.until("both have it", lambda: app.wait(1, 1_000) == 1)
    with connect(nodes[primary], "reader") as reader:
        assert reader.get("key") == "new"
        with pytest.raises(redis.exceptions.NoPermissionError):
            reader.set("key", "other")
    access.remove(one)


def lets_in(at):
    try:
        return is_let_in(at, "app")
    except redis.RedisError:
        return False


def test_a_node_that_restarts_without_the_control_plane_stays_closed(start_plane):
    plane = start_plane("network")
    api = plane.client()
    access, one = Access(api, "valkey"), caches.fresh("guarded")
    group = access.make(one, "8.1", members=1)
    at = groups.endpoint(group)
    assert is_let_in(at, "app")
    # While it is away, those who are let in go on to be.
    plane.kill()
    assert is_let_in(at, "app") and not is_let_in(at)
    [container] = plane.instance.nodes(f"{one}-001").values()
    container_host.docker("restart", container["Id"])
    [node] = groups.node_endpoints(group).values()
    patience.until("the node answers", lambda: caches.accepts(node))
    patience.until("the engine answers", lambda: not lets_in(node))
    plane.start()
    patience.until("the users are back", lambda: lets_in(at))
    assert not is_let_in(at)
    access.remove(one)


def test_secrets_are_neither_stored_nor_logged(start_plane):
    plane = start_plane("network", options=["--log-level", "trace"])
    api = plane.client()
    access, one = Access(api, "valkey"), caches.fresh("guarded")
    access.make(one, "8.1", members=1)
    access.modify("app", Passwords=[PASSWORD, OTHER_PASSWORD])
    answers = repr(api.describe_users()) + repr(api.describe_user_groups())
    access.remove(one)
    written = [path.read_bytes() for path in plane.data_dir.rglob("*") if path.is_file()]
    written += [plane.log_file.read_bytes(), answers.encode()]
    assert any(b"access_string" in one for one in written)
    for secret in (PASSWORD, OTHER_PASSWORD):
        for form in (secret, secret.replace(" ", "+"), secret.replace(" ", "%20")):
            assert not any(form.encode() in one for one in written), form
