"""An S3 of the test's own: moto's server, a process that keeps what it is given in memory."""

import contextlib
import re
import subprocess
import sys

import boto3

import patience

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


@contextlib.contextmanager
def running(directory):
    file = directory / "moto.log"
    with open(file, "wb") as log:
        # It takes a port that is free then, and says which.
        server = subprocess.Popen([sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"], stdout=log, stderr=log)

        def address():
            if server.poll() is not None:
                raise RuntimeError(f"moto's server ended; is moto[s3,server] installed? {file.read_text()}")
            return re.search(r"Running on (http://127\.0\.0\.1:[1-9]\d*)\s", file.read_text())

        try:
            yield S3(patience.until("S3 is served", address)[1])
        finally:
            server.terminate()
            server.wait(timeout=30)


class S3:
    def __init__(self, endpoint_url):
        self.endpoint_url = endpoint_url
        self.client = boto3.session.Session().client("s3", endpoint_url=endpoint_url, **KEYS)

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
