"""The wire contract as a process: a line of JSON in, a line of JSON out (api/examples/wire_peer.rs)."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


class WirePeer:
    """One running peer. A peer that ends breaks the test that asks it next."""

    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the peer ended while answering {request}"
        return json.loads(line)

    def decode(self, body):
        return self.ask(do="decode", body=body)

    def encode(self, operation, output):
        return self.ask(do="encode", operation=operation, output=output)["xml"]

    def fault(self, code, message):
        return self.ask(do="fault", code=code, message=message)

    def list(self):
        return self.ask(do="list")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def binary():
    """The peer's path: CACHEPLANE_WIRE_PEER, or built here with cargo."""
    given = os.environ.get("CACHEPLANE_WIRE_PEER")
    if given:
        return given
    # Of the whole workspace: for one package of it cargo would build shared crates anew.
    command = "cargo build --quiet --workspace --features cacheplane-api/peer --example wire_peer --message-format json"
    built = subprocess.run(command.split(), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "wire_peer":
            return message["executable"]
    raise AssertionError("cargo built no wire_peer")
