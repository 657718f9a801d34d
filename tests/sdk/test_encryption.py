"""Encryption in transit and AUTH tokens on real engines, by the clients that people use: who is let in, how, and what is left where."""

import contextlib
import json
import pathlib
import subprocess
import urllib.request

import pytest
import redis

import caches
import container_host
import control_plane
import groups
import patience
import replication
from cluster import Cluster

ENGINES = [pytest.param("redis", "7.0", id="redis-7.0"), pytest.param("valkey", "8.1", id="valkey-8.1")]
TOKEN = "a-token-of-at-least-16-characters"
NEXT_TOKEN = "another-token-that-takes-its-place"


@pytest.fixture
def authority(plane, tmp_path):
    """The file that a user saves from the control plane."""
    return saved(plane, tmp_path)


def saved(plane, directory):
    with urllib.request.urlopen(f"{plane.endpoint_url}/ca.pem", timeout=60) as answer:
        pem = answer.read()
    file = pathlib.Path(directory) / "ca.pem"
    file.write_bytes(pem)
    return str(file)


def tls(at, authority, **more):
    """A client that checks who vouches for the other side, and for which name."""
    host, port = at
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    return redis.Redis(
        host=host,
        port=port,
        decode_responses=True,
        ssl=True,
        ssl_ca_certs=authority,
        ssl_cert_reqs="required",
        ssl_check_hostname=True,
        retry=retry,
        **more,
    )


def is_let_in(at, authority, **more):
    try:
        with tls(at, authority, **more) as client:
            client.ping()
        return True
    except redis.AuthenticationError:
        return False


def is_refused_in_clear(at):
    """Asked once: redis-py as it comes tries for seconds before it believes."""
    try:
        with replication.connection(at, timeout_s=30) as client:
            client.ping()
        return False
    except redis.ConnectionError:
        return True


def where(group):
    endpoints = [groups.endpoint(group), groups.endpoint(group, "ReaderEndpoint")]
    return endpoints + list(groups.node_endpoints(group).values())


def make(api, one, engine, version, members=2, **wanted):
    return groups.make(
        api, one, members, Engine=engine, EngineVersion=version, TransitEncryptionEnabled=True, **wanted
    )


def replicated(api, one, authority, **more):
    """Waits until every replica follows the primary over an encrypted connection."""

    def look():
        group = groups.describe(api, one)
        for member, at in groups.node_endpoints(group).items():
            with tls(at, authority, **more) as client:
                try:
                    told = client.info("replication")
                except groups.AWAY as error:
                    raise AssertionError(f"{member} does not answer") from error
            role = groups.roles(group)[member]
            assert told["role"] == ("master" if role == "primary" else "slave")
            if role == "replica":
                assert told["master_link_status"] == "up"
        return group

    return patience.until("every replica follows the primary", look)


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_all_that_goes_to_and_fro_is_encrypted(plane, authority, engine, version):
    """Each endpoint shows a certificate for itself, from the authority that was made at the first start; and none speaks in clear."""
    api, one = plane.client(), caches.fresh("encrypted")
    group = make(api, one, engine, version)
    assert (group["TransitEncryptionEnabled"], group["TransitEncryptionMode"]) == (True, "required")
    assert group["AuthTokenEnabled"] is False and "KmsKeyId" not in group
    member = caches.describe(api, groups.primary(group))
    assert (member["TransitEncryptionEnabled"], member["TransitEncryptionMode"]) == (True, "required")
    replicated(api, one, authority)
    with tls(groups.endpoint(group), authority) as writer:
        assert writer.set("key", "value") and writer.wait(1, 60_000) == 1
    for at in where(group):
        with tls(at, authority) as client:
            assert client.get("key") == "value", at
        assert is_refused_in_clear(at), at
        with tls(at, None) as client, pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY"):
            client.ping()
    groups.delete(api, one)


def test_by_the_engines_own_command(ours, tmp_path):
    """redis-cli --tls, in the image itself; and what it says of the link between nodes."""
    api, one = ours.client(), caches.fresh("by-cli")
    group = make(api, one, "redis", "7.0")
    file = saved(ours, tmp_path)
    printed = subprocess.run(
        [control_plane.binary(), "ca", "--data-dir", str(ours.data_dir)], capture_output=True, text=True, check=True
    )
    assert printed.stdout == pathlib.Path(file).read_text()
    replica = groups.replicas(group)[0]
    host, port = groups.node_endpoints(group)[replica]

    def cli(*words):
        # What it says last, whether it succeeds or not.
        command = f"redis-cli -h {host} -p {port} {' '.join(words)} 2>&1 || true"
        return container_host.docker(
            *("run", "--rm", "--network", "host", "--volume", f"{file}:/ca.pem:ro"), "redis:7.0", "sh", "-c", command
        )

    told = cli("--tls", "--cacert", "/ca.pem", "info", "replication")
    assert "role:slave" in told and "master_link_status:up" in told, told
    refused = cli("ping")
    assert "PONG" not in refused and "onnection" in refused, refused
    groups.delete(api, one)


def test_a_failover(network, tmp_path):
    """The successor is told over TLS, and so are the others; clients find it at the same name, and believe it."""
    api, one = network.client(), caches.fresh("encrypted")
    authority = saved(network, tmp_path)
    group = make(api, one, "valkey", "8.1", 3, AutomaticFailoverEnabled=True, AuthToken=TOKEN)
    former = groups.primary(group)
    with tls(groups.endpoint(group), authority, password=TOKEN) as writer:
        assert writer.set("before", "there") and writer.wait(2, 60_000) == 2
    api.test_failover(ReplicationGroupId=one, NodeGroupId="0001")

    def is_over():
        found = groups.describe(api, one)
        assert found["Status"] == "available" and groups.primary(found) != former
        return found

    group = patience.until("another is primary", is_over)
    replicated(api, one, authority, password=TOKEN)
    with tls(groups.endpoint(group), authority, password=TOKEN) as writer:
        assert writer.get("before") == "there" and writer.set("after", "there")
    for at in where(group):
        assert not is_let_in(at, authority), at
    groups.delete(api, one)


def test_cluster_mode(plane, authority):
    """MOVED leads to nodes whose certificates name them; so do the slots."""
    group = Cluster(plane, 2, 1, EngineVersion="7.0", TransitEncryptionEnabled=True)
    found = group.available()
    assert (found["TransitEncryptionEnabled"], found["TransitEncryptionMode"]) == (True, "required")
    host, port = group.endpoint()

    def client():
        return redis.RedisCluster(
            host=host, port=port, decode_responses=True, ssl=True, ssl_ca_certs=authority, ssl_check_hostname=True
        )

    with client() as writer:
        for number in range(200):
            assert writer.set(f"key:{number}", number)
        assert all(writer.get(f"key:{number}") == str(number) for number in range(200))

    # Engines tell of a replica once it holds something.
    def all_nodes():
        with client() as fresh:
            nodes = fresh.get_nodes()
        assert len(nodes) == 4, nodes
        return nodes

    nodes = patience.until("clients are told of all nodes", all_nodes)
    for node in nodes:
        assert is_refused_in_clear((node.host, node.port)), node
    group.delete()


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_auth_tokens(ours, tmp_path, engine, version):
    """One from the beginning; two while one takes the place of the other; and who has none is never let in."""
    api, one = ours.client(), caches.fresh("tokens")
    authority = saved(ours, tmp_path)
    group = make(api, one, engine, version, AuthToken=TOKEN)
    assert group["AuthTokenEnabled"] is True
    member = caches.describe(api, groups.primary(group))
    assert member["AuthTokenEnabled"] is True and "AuthTokenLastModifiedDate" in member
    for at in where(group):
        assert is_let_in(at, authority, password=TOKEN), at
        assert is_let_in(at, authority, username="default", password=TOKEN), at
        assert not is_let_in(at, authority), at
        assert not is_let_in(at, authority, password=NEXT_TOKEN), at
    inside = tls(groups.endpoint(group), authority, password=TOKEN, single_connection_client=True)
    assert inside.set("key", "value")

    with pytest.raises(api.exceptions.InvalidParameterCombinationException, match="rotated"):
        groups.changed(api, one, AuthToken=NEXT_TOKEN, AuthTokenUpdateStrategy="SET")
    answer = api.modify_replication_group(
        ReplicationGroupId=one, ApplyImmediately=True, AuthToken=NEXT_TOKEN, AuthTokenUpdateStrategy="ROTATE"
    )
    assert answer["ReplicationGroup"]["PendingModifiedValues"]["AuthTokenStatus"] == "ROTATING"
    group = groups.available(api, one)
    assert group["PendingModifiedValues"] == {}
    for at in where(group):
        assert is_let_in(at, authority, password=TOKEN) and is_let_in(at, authority, password=NEXT_TOKEN), at
        assert not is_let_in(at, authority), at

    group = groups.changed(api, one, AuthToken=NEXT_TOKEN, AuthTokenUpdateStrategy="SET")
    for at in where(group):
        assert is_let_in(at, authority, password=NEXT_TOKEN) and not is_let_in(at, authority, password=TOKEN), at
    # Whoever was in stays in.
    assert inside.get("key") == "value"
    inside.close()

    # A node that starts again by itself lets nobody in before it is told who has the token.
    replica = groups.replicas(group)[0]
    [container] = ours.instance.nodes(replica).values()
    container_host.docker("restart", "--time", "0", container["Id"])
    at = groups.node_endpoints(group)[replica]

    def is_back():
        try:
            return is_let_in(at, authority, password=NEXT_TOKEN)
        except groups.AWAY:
            return False

    patience.until("the node lets in who has the token", is_back)
    assert not is_let_in(at, authority) and not is_let_in(at, authority, password=TOKEN)
    groups.delete(api, one)


def test_no_secret_is_left_anywhere(start_plane, tmp_path):
    """Not in the database, nor its log, nor what is logged, answered or shown of containers."""
    plane = start_plane()
    api, one = plane.client(), caches.fresh("secret")
    authority = saved(plane, tmp_path)
    replies = [groups.ask(api, one, 2, Engine="valkey", EngineVersion="8.1", TransitEncryptionEnabled=True, AuthToken=TOKEN)]
    group = groups.available(api, one)
    replies.append(groups.changed(api, one, AuthToken=NEXT_TOKEN, AuthTokenUpdateStrategy="ROTATE"))
    password = "the-password-of-a-user-of-theirs"
    user = caches.fresh("user")
    replies.append(
        api.create_user(UserId=user, UserName="app", Engine="valkey", AccessString="on ~* +@all", Passwords=[password])
    )
    with pytest.raises(api.exceptions.InvalidParameterValueException):
        api.modify_replication_group(ReplicationGroupId=one, AuthToken=TOKEN + "/", ApplyImmediately=True)
    replies += [api.describe_users(), api.describe_replication_groups(), api.describe_cache_clusters(), api.describe_events()]
    assert is_let_in(groups.endpoint(group), authority, password=TOKEN)

    containers = plane.instance.containers()
    nodes = plane.instance.containers(kind="cache-cluster")
    keys = [container_host.docker("exec", name, "cat", "/etc/cacheplane/node.pem") for name in nodes]
    keys.append((plane.data_dir / "ca.key").read_text())
    assert len(nodes) == 2 and all("PRIVATE KEY" in key for key in keys)
    # A line of each key's middle stands for the key.
    secrets = [TOKEN, NEXT_TOKEN, password, *(key.splitlines()[1] for key in keys)]
    assert len(set(secrets)) == 6
    places = {
        "docker inspect": container_host.docker("inspect", *containers),
        "docker logs": "".join(container_host.docker("logs", name) for name in containers),
        "replies": json.dumps(replies, default=str),
        "the log": plane.log_file.read_text(),
    }
    for file in sorted(path for path in plane.data_dir.rglob("*") if path.is_file()):
        if file.name not in ("ca.key", "secret.key"):
            places[file.name] = file.read_bytes().decode("latin-1")
    assert {"cacheplane.db", "cacheplane.db-wal", "ca.pem"} <= set(places)
    for place, text in places.items():
        found = [secret for secret in secrets if secret in text]
        assert not found, (place, found)
    assert (plane.data_dir / "ca.key").stat().st_mode & 0o777 == 0o600
    api.delete_user(UserId=user)
    groups.delete(api, one)


@pytest.mark.parametrize(("engine", "version"), [("redis", "6.2"), ("valkey", "9.0")])
def test_an_image_without_tls_is_no_way_around_it(ours, engine, version):
    """It fails, says why, and leaves nothing behind that speaks in clear."""
    api, one = ours.client(), caches.fresh("without-tls")
    groups.ask(api, one, 1, Engine=engine, EngineVersion=version, TransitEncryptionEnabled=True)

    def has_failed():
        assert groups.describe(api, one)["Status"] == "create-failed"
        return True

    with contextlib.suppress(api.exceptions.ReplicationGroupNotFoundFault):
        patience.until("the creation has failed", has_failed)
    told = [event["Message"] for event in api.describe_events(SourceType="cache-cluster")["Events"]]
    assert any("has no TLS" in message for message in told), told
    groups.delete(api, one)
