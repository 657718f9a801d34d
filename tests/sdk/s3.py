"""An S3 of the test's own: moto's server, a process that keeps what it is given in memory."""

import contextlib
import socket
import subprocess
import sys

import boto3
import botocore.exceptions

import patience

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


@contextlib.contextmanager
def running(directory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(directory / "moto.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)], stdout=log, stderr=log
        )
        try:
            yield S3(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait(timeout=30)


class S3:
    def __init__(self, endpoint_url, server):
        self.endpoint_url = endpoint_url
        self.client = boto3.session.Session().client("s3", endpoint_url=endpoint_url, **KEYS)

        def answers():
            if server.poll() is not None:
                raise RuntimeError("moto's server ended; is moto[s3,server] installed?")
            try:
                self.client.list_buckets()
            except botocore.exceptions.EndpointConnectionError:
                return False
            return True

        patience.until("S3 answers", answers)

    @property
    def options(self):
        """What `cacheplane serve` must be told."""
        return [
            *("--s3-endpoint", self.endpoint_url),
            *("--s3-access-key-id", KEYS["aws_access_key_id"]),
            *("--s3-secret-access-key", KEYS["aws_secret_access_key"]),
        ]

    def keys(self, bucket):
        found = self.client.list_objects_v2(Bucket=bucket)
        return sorted(one["Key"] for one in found.get("Contents", []))
