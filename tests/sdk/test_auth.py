"""Signatures verified: the AWS CLI and boto3 with credentials that the server knows, and with such that it does not."""

import configparser
import datetime
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.config
import botocore.exceptions
import pytest

import control_plane
import patience

AWS = pathlib.Path(sys.executable).with_name("aws")


@pytest.fixture
def signed(tmp_path):
    """A control plane that verifies, on containers in memory: nothing here asks an engine for anything."""
    with control_plane.running(tmp_path, "network", ("--auth", "sigv4"), runtime="simulated") as plane:
        # Its audit at the end calls without credentials of ours; there is nothing to delete.
        plane._scopes.clear()
        yield plane


def credentials(plane, *words):
    done = subprocess.run(
        [control_plane.binary(), "credentials", *words, "--data-dir", str(plane.data_dir)],
        env=control_plane.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def add(plane, *words):
    profile = configparser.ConfigParser()
    profile.read_string(credentials(plane, "add", *words))
    return dict(profile["cacheplane"])


def client(plane, key, service="elasticache", region=control_plane.REGION):
    return boto3.client(
        service,
        endpoint_url=plane.endpoint_url,
        region_name=region,
        aws_access_key_id=key["aws_access_key_id"],
        aws_secret_access_key=key["aws_secret_access_key"],
        aws_session_token=key.get("aws_session_token"),
        config=botocore.config.Config(retries={"max_attempts": 1}),
    )


def refused_with(call, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call()
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    return answer["Error"]["Message"]


def test_boto3_and_the_life_of_a_credential(signed):
    key = add(signed, "--account", "111122223333")
    mine = client(signed, key)
    created = mine.create_cache_subnet_group(
        CacheSubnetGroupName="mine",
        CacheSubnetGroupDescription="what needs escaping: a+b & c/d ü 100% ~",
        SubnetIds=["subnet-1"],
    )["CacheSubnetGroup"]
    assert created["ARN"] == "arn:aws:elasticache:us-east-1:111122223333:subnetgroup:mine"
    assert client(signed, key, "sts").get_caller_identity()["Account"] == "111122223333"
    # Another account sees nothing of it; another region neither.
    other = client(signed, add(signed, "--account", "444455556666"))
    refused_with(lambda: other.describe_cache_subnet_groups(CacheSubnetGroupName="mine"), "CacheSubnetGroupNotFoundFault", 400)
    mine.delete_cache_subnet_group(CacheSubnetGroupName="mine")

    wrong = key | {"aws_secret_access_key": "x" + key["aws_secret_access_key"][1:]}
    message = refused_with(client(signed, wrong).describe_cache_clusters, "SignatureDoesNotMatch", 403)
    assert message.startswith("The request signature we calculated does not match")
    unknown = key | {"aws_access_key_id": "AKIANOBODY"}
    refused_with(client(signed, unknown).describe_cache_clusters, "InvalidClientTokenId", 403)
    stray = key | {"aws_session_token": "none was given"}
    refused_with(client(signed, stray).describe_cache_clusters, "InvalidClientTokenId", 403)

    assert key["aws_access_key_id"] in credentials(signed, "list")
    assert key["aws_secret_access_key"] not in credentials(signed, "list")
    credentials(signed, "remove", key["aws_access_key_id"])
    refused_with(mine.describe_cache_clusters, "InvalidClientTokenId", 403)
    for file in filter(pathlib.Path.is_file, signed.data_dir.rglob("*")):
        assert key["aws_secret_access_key"].encode() not in file.read_bytes(), file


def test_a_credentials_file_that_changes(tmp_path):
    """Who stands in the file may call, from about a second after it was written on; who does not, may not."""

    def section(key, secret):
        return f"[{key}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"

    file = tmp_path / "credentials"
    file.touch(mode=0o600)
    file.write_text(section("AKIAONE", "one"))
    options = ("--auth", "sigv4", "--credentials-file", str(file))
    (tmp_path / "data").mkdir()
    with control_plane.running(tmp_path / "data", "network", options, runtime="simulated") as plane:
        plane._scopes.clear()
        one, two = (
            client(plane, {"aws_access_key_id": key, "aws_secret_access_key": secret})
            for key, secret in (("AKIAONE", "one"), ("AKIATWO", "two"))
        )

        def admitted(who):
            try:
                return who.describe_cache_clusters() is not None
            except botocore.exceptions.ClientError as refused:
                assert refused.response["Error"]["Code"] == "InvalidClientTokenId"
                return False

        assert (admitted(one), admitted(two)) == (True, False)
        file.write_text(section("AKIAONE", "one") + section("AKIATWO", "two"))
        patience.until("the second may call", lambda: admitted(two))
        assert admitted(one)
        file.write_text(section("AKIATWO", "two"))
        patience.until("the first may not", lambda: not admitted(one))
        assert admitted(two)


def test_lent_credentials(signed):
    key = add(signed, "--lifetime-seconds", "900")
    assert key["aws_access_key_id"].startswith("ASIA")
    assert client(signed, key).describe_cache_clusters()["CacheClusters"] == []
    del key["aws_session_token"]
    refused_with(client(signed, key).describe_cache_clusters, "InvalidClientTokenId", 403)


def test_presigned(signed):
    """A link that whoever has it may follow, as long as it holds, and no further."""
    url = client(signed, add(signed)).generate_presigned_url(
        "describe_cache_clusters", Params={"MaxRecords": 20}, ExpiresIn=60, HttpMethod="GET"
    )
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
    for changed in (url.replace("MaxRecords=20", "MaxRecords=21"), url.replace("Expires=60", "Expires=61"), url[:-1] + "g"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(changed, timeout=60)
        assert refused.value.code == 403
        assert b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()


def test_a_clock_that_is_wrong(signed, monkeypatch):
    mine = client(signed, add(signed))

    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *words: now(*words) - datetime.timedelta(minutes=16))
    message = refused_with(mine.describe_cache_clusters, "RequestExpired", 400)
    assert message.startswith("Signature expired: ")


def test_without_a_signature(signed):
    request = urllib.request.Request(f"{signed.endpoint_url}/?Action=DescribeCacheClusters&Version=2015-02-02")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in refused.value.read()


def test_a_session_with_the_cli(signed, tmp_path):
    """What a person types, with the printed section as credentials file."""
    (tmp_path / "credentials").write_text(credentials(signed, "add"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": signed.endpoint_url,
        "AWS_PROFILE": "cacheplane",
        "AWS_DEFAULT_REGION": control_plane.REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def aws(*words, code=0):
        command = [sys.executable, AWS, *words, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    assert aws("sts", "get-caller-identity")["Arn"] == "arn:aws:iam::000000000000:root"
    named = ("--cache-cluster-id", "one")
    created = aws("elasticache", "create-cache-cluster", *named, "--engine", "redis", "--cache-node-type", "cache.t3.micro")
    assert created["CacheCluster"]["CacheClusterStatus"] == "creating"
    aws("elasticache", "wait", "cache-cluster-available", *named)
    windows = ("--snapshot-window", "06:00-07:00", "--preferred-maintenance-window", "tue:03:00-tue:04:00")
    aws("elasticache", "modify-cache-cluster", *named, *windows, "--apply-immediately")
    arn = created["CacheCluster"]["ARN"]
    aws("elasticache", "add-tags-to-resource", "--resource-name", arn, "--tags", "Key=a b,Value=c/d+e")
    tags = aws("elasticache", "list-tags-for-resource", "--resource-name", arn)["TagList"]
    assert tags == [{"Key": "a b", "Value": "c/d+e"}]
    aws("elasticache", "delete-cache-cluster", *named)
    aws("elasticache", "wait", "cache-cluster-deleted", *named)
    environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    environment["AWS_ACCESS_KEY_ID"] = "AKIANOBODY"
    del environment["AWS_PROFILE"]
    assert "(InvalidClientTokenId)" in aws("elasticache", "describe-cache-clusters", code=255)
