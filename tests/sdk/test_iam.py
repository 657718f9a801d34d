"""Users of type iam on real engines: they log in with tokens that AWS's own library signs, as its samples do."""

import datetime
import socket
import ssl
import unittest.mock
import urllib.parse

import boto3
import botocore.model
import botocore.signers
import pytest
import redis

import caches
import control_plane
import groups
import patience
import test_auth
from cluster import Cluster
from test_encryption import is_refused_in_clear, saved, tls, where

REGION = control_plane.REGION
PASSWORD = "correct horse battery staple"
REFUSED = "invalid username-password pair or user is disabled"


class Tokens(redis.CredentialProvider):
    """What AWS's samples give to redis-py: a token for each connection that it makes."""

    def __init__(self, cache, user, key, region=REGION, life_s=900, **more):
        # The signer does not keep its session.
        self.session = session = boto3.session.Session(
            key["aws_access_key_id"], key["aws_secret_access_key"], key.get("aws_session_token"), region
        )
        self.signer = botocore.signers.RequestSigner(
            botocore.model.ServiceId("elasticache"),
            region,
            "elasticache",
            "v4",
            session.get_credentials(),
            session._session.get_component("event_emitter"),
        )
        self.user, self.region, self.life_s = user, region, life_s
        parameters = urllib.parse.urlencode({"Action": "connect", "User": user} | more)
        self.url = f"https://{cache}/?{parameters}"

    def token(self):
        request = {"method": "GET", "url": self.url, "body": {}, "headers": {}, "context": {}}
        signed = self.signer.generate_presigned_url(
            request, operation_name="connect", expires_in=self.life_s, region_name=self.region
        )
        return signed.removeprefix("https://")

    def token_of(self, minutes):
        """One that was made so many minutes ago."""
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
        with unittest.mock.patch("botocore.auth.get_current_datetime", return_value=then):
            return self.token()

    def get_credentials(self):
        return self.user, self.token()


def iam_user(api, access_string):
    user = caches.fresh("ann")
    made = api.create_user(
        UserId=user, UserName=user, Engine="valkey", AccessString=access_string, AuthenticationMode={"Type": "iam"}
    )
    assert made["Authentication"] == {"Type": "iam", "PasswordCount": 0}
    return user


def password_user(api):
    user = caches.fresh("app")
    api.create_user(
        UserId=user, UserName=user, Engine="valkey", AccessString="on ~* +@all", Passwords=[PASSWORD]
    )
    return user


def user_group(api, *users):
    one = caches.fresh("people")
    api.create_user_group(UserGroupId=one, Engine="valkey", UserIds=list(users))
    return one


def is_active(api, user_group):
    [found] = api.describe_user_groups(UserGroupId=user_group)["UserGroups"]
    return found["Status"] == "active"


def is_refused(at, authority, user, token):
    try:
        with tls(at, authority, username=user, password=token) as client:
            client.ping()
        return False
    except redis.AuthenticationError as refused:
        assert REFUSED in str(refused)
        return True


def said(at, authority, *commands):
    """What is answered on one connection to command after command; redis-py itself hangs up where it is refused."""
    context = ssl.create_default_context(cafile=authority)
    with (
        socket.create_connection(at, timeout=patience.DEADLINE_S) as connection,
        context.wrap_socket(connection, server_hostname=at[0]) as secure,
        secure.makefile("rb") as answers,
    ):

        def answer(command):
            # Not all at once: a Valkey 8.1 leaves out what it would answer to an AUTH that it refuses in a pipeline.
            words = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in map(str.encode, command))
            secure.sendall(b"*%d\r\n%s" % (len(command), words))
            line = answers.readline()
            return (answers.readline() if line.startswith(b"$") else line).decode().strip()

        return [answer(command) for command in commands]


def test_tokens_stand_for_passwords(docker_answers, tmp_path):
    """With signatures verified: on every endpoint, for their user, cache and time alone, and while no control plane is there."""
    with control_plane.running(tmp_path, "network", ("--auth", "sigv4")) as plane:
        key, other = test_auth.add(plane), test_auth.add(plane, "--account", "111122223333")
        lent = test_auth.add(plane, "--lifetime-seconds", "3600")
        api, one = test_auth.client(plane, key), caches.fresh("tokens")
        ann, app = iam_user(api, "on ~ann:* +@all"), password_user(api)
        people = user_group(api, ann, app)
        wanted = {"Engine": "valkey", "EngineVersion": "8.1", "TransitEncryptionEnabled": True, "UserGroupIds": [people]}
        group = groups.make(api, one, 2, **wanted)
        authority, at = saved(plane, tmp_path), groups.endpoint(group)

        # Every connection has its own token.
        for place in where(group):
            for credential in (key, lent):
                with tls(place, authority, credential_provider=Tokens(one, ann, credential)) as client:
                    assert client.execute_command("ACL", "WHOAMI") == ann, place
            with tls(place, authority, username=app, password=PASSWORD) as client:
                assert client.ping()
            assert is_refused_in_clear(place), place
        tokens = Tokens(one, ann, key)
        client = tls(at, authority, credential_provider=tokens, protocol=3, single_connection_client=True)
        # What she may do is her access string's to say; the service withholds from her what it does from all.
        assert client.set("ann:key", "value") and client.get("ann:key") == "value"
        for order in ("SET key other", "CONFIG GET *", "ACL SETUSER app nopass"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*order.split())
        # Replicas follow, by way of each other's fronts.
        assert client.wait(1, 60_000) == 1

        good = tokens.token()
        refused = {
            "made 16 minutes ago": tokens.token_of(16),
            "made in 16 minutes": tokens.token_of(-16),
            "for another user": Tokens(one, app, key).token(),
            "for another cache": Tokens("other", ann, key).token(),
            "for another region": Tokens(one, ann, key, region="eu-west-1").token(),
            "for longer than a token may hold": Tokens(one, ann, key, life_s=901).token(),
            "for a serverless cache": Tokens(one, ann, key, ResourceType="ServerlessCache").token(),
            "signed with another secret": Tokens(one, ann, key | {"aws_secret_access_key": "wrong"}).token(),
            "signed by nobody": Tokens(one, ann, key | {"aws_access_key_id": "NOBODY"}).token(),
            "signed by another account": Tokens(one, ann, other).token(),
            "lent, without its session": Tokens(one, ann, lent | {"aws_session_token": None}).token(),
            "meddled with": good.replace("Expires=900", "Expires=899"),
            "a password": PASSWORD,
        }
        for why, token in refused.items():
            assert is_refused(at, authority, ann, token), why
        # A password user has no use for a token.
        assert is_refused(at, authority, app, Tokens(one, app, key).token())
        with tls(at, authority, credential_provider=Tokens(one, ann, key, life_s=60)) as late:
            assert late.ping()

        # Anew in a connection that is open: refused, it stays who it was.
        wrong = f"-WRONGPASS {REFUSED}."
        asked = {
            ("AUTH", ann, tokens.token()): "+OK",
            ("SET", "ann:key", "value"): "+OK",
            ("AUTH", ann, refused["made 16 minutes ago"]): wrong,
            ("ACL", "WHOAMI"): ann,
            ("HELLO", "2", "AUTH", ann, refused["for another cache"]): wrong,
            ("GET", "ann:key"): "value",
            ("auth", ann, tokens.token()): "+OK",
            ("GET", "key"): "-NOPERM No permissions to access a key",
        }
        assert said(at, authority, *asked) == list(asked.values())

        # What an engine refuses before it hides passwords is seen by whoever may watch; and nobody comes in past the front.
        with tls(at, authority, username=app, password=PASSWORD) as watcher, watcher.monitor() as seen:
            for order in (
                ("AUTH", ann, tokens.token(), "more"),
                ("HELLO", "9", "AUTH", ann, tokens.token()),
                ("HELLO", "3", "SETNAME", "a name", "AUTH", ann, tokens.token()),
            ):
                [answer] = said(at, authority, order)
                assert answer.startswith("-"), order
                shown = next(one["command"] for one in seen.listen() if ann in one["command"])
                assert shown.split() == " ".join("-" if "X-Amz" in word else word for word in order).split()
        for host, _ in where(group):
            for port in (1147, 1148):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection((host, port), timeout=patience.DEADLINE_S)

        # Who is in stays in, and who has a token comes in, while nobody is there to ask.
        plane.kill()
        assert client.get("ann:key") == "value"
        with tls(at, authority, credential_provider=tokens) as another:
            assert another.get("ann:key") == "value"
        assert is_refused(at, authority, ann, refused["for another user"])
        plane.start()

        # A credential that is taken away lets nobody in any more.
        test_auth.credentials(plane, "remove", lent["aws_access_key_id"])
        gone = Tokens(one, ann, lent)
        patience.until("its tokens count no more", lambda: is_refused(at, authority, ann, gone.token()))
        # So does a user, and its connections end.
        api.modify_user_group(UserGroupId=people, UserIdsToRemove=[ann])
        # While that goes on, a front may refuse her already whom the engine has not cut off yet.
        patience.until("all nodes have been told", lambda: is_active(api, people))
        assert is_refused(at, authority, ann, tokens.token())
        with pytest.raises(redis.ConnectionError):
            client.get("ann:key")
        client.close()
        groups.delete(api, one)
        plane._scopes.clear()


def test_a_cluster_takes_tokens_on_every_node(plane, tmp_path):
    """Where no signature is verified, all else of a token is. The front tells a cluster's client where to go."""
    api = plane.client()
    ann = iam_user(api, "on ~* +@all")
    people = user_group(api, ann)
    group = Cluster(
        plane, 2, 1, Engine="valkey", EngineVersion="8.1", TransitEncryptionEnabled=True, UserGroupIds=[people]
    )
    group.available()
    authority, (host, port) = saved(plane, tmp_path), group.endpoint()
    anyone = {"aws_access_key_id": "anyone", "aws_secret_access_key": "anything"}
    tokens = Tokens(group.id, ann, anyone)
    keys = {f"key:{number}": str(number) for number in range(300)}
    with redis.RedisCluster(
        host=host,
        port=port,
        decode_responses=True,
        ssl=True,
        ssl_ca_certs=authority,
        credential_provider=tokens,
    ) as client:
        assert client.mset_nonatomic(keys)
        assert client.mget_nonatomic(list(keys)) == list(keys.values())
        assert len(client.get_primaries()) == 2
    for members in group.members().values():
        for member in members:
            at = group.node_endpoint(member)
            assert is_refused(at, authority, ann, tokens.token_of(16))
            assert is_refused(at, authority, ann, Tokens("other", ann, anyone).token())
            with tls(at, authority, credential_provider=tokens) as one:
                assert one.execute_command("ACL", "WHOAMI") == ann
                told = one.info("replication")
                assert told["role"] == "master" or told["master_link_status"] == "up"
    groups.delete(api, group.id)


@pytest.mark.thorough
def test_a_group_is_made_ready_for_its_first_user_of_iam(network, tmp_path):
    """Its members are made anew one after the other, and lose nothing."""
    api, one = network.client(), caches.fresh("tokens")
    app, ann = password_user(api), iam_user(api, "on ~* +@all")
    people = user_group(api, app)
    wanted = {"Engine": "valkey", "EngineVersion": "8.1", "TransitEncryptionEnabled": True, "UserGroupIds": [people]}
    group = groups.make(api, one, 2, **wanted)
    authority, at = saved(network, tmp_path), groups.endpoint(group)
    with tls(at, authority, username=app, password=PASSWORD) as client:
        assert client.set("key", "value")
    api.modify_user_group(UserGroupId=people, UserIdsToAdd=[ann])
    tokens = Tokens(one, ann, {"aws_access_key_id": "anyone", "aws_secret_access_key": "anything"})

    def look():
        try:
            with tls(at, authority, credential_provider=tokens) as client:
                return client.get("key") == "value"
        except groups.AWAY:
            # She is not let in yet, or a primary gives its place to another.
            return False

    patience.until("she is let in", look)
    group = groups.available(api, one)
    for place in where(group):
        with tls(place, authority, credential_provider=tokens) as client:
            assert client.get("key") == "value"
        with tls(place, authority, username=app, password=PASSWORD) as client:
            assert client.get("key") == "value"
    groups.delete(api, one)
