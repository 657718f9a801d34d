"""Who am I, asked as Terraform's provider and people ask it: before anything else, with no flag that skips it."""

import json
import os
import pathlib
import subprocess
import sys

import boto3
import botocore.exceptions
import pytest

import control_plane

AWS = pathlib.Path(sys.executable).with_name("aws")


def client(plane, key="test", region=control_plane.REGION):
    return boto3.client(
        "sts",
        endpoint_url=plane.endpoint_url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="test",
    )


def test_boto3(network):
    mine = client(network).get_caller_identity()
    assert (mine["Account"], mine["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")
    theirs = client(network, key="123456789012", region="eu-central-1").get_caller_identity()
    assert (theirs["Account"], theirs["UserId"]) == ("123456789012", "123456789012")


def test_what_there_is_not(network):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        client(network).get_session_token()
    error = refused.value.response
    assert error["Error"]["Code"] == "InvalidAction"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_cli(network, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": network.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": control_plane.REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    done = subprocess.run(
        [sys.executable, AWS, "sts", "get-caller-identity", "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == "arn:aws:iam::000000000000:root"
