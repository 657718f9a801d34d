"""A real boto3 client against our bytes, over HTTP on loopback."""

import contextlib
import http.server
import random
import threading

import boto3
import botocore.config
import pytest

import wire_values
from test_wire_model import FAULTS, OPERATIONS


class Server(http.server.ThreadingHTTPServer):
    """Answers every request with what the test has put into `reply`, and keeps the request's body."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = None
        self.bodies = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write per reply, or the client's delayed acknowledgement adds 40 ms to each.
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body.decode("ascii"))
        status, xml = self.server.reply
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(xml)))
        self.end_headers()
        self.wfile.write(xml)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    return boto3.client(
        "elasticache",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def method(client, operation):
    names = client.meta.method_to_api_mapping
    return getattr(client, next(name for name, api_name in names.items() if api_name == operation))


def test_every_operation_goes_there_and_back(peer, service, client, server):
    operations = set()
    for name in service.operation_names:
        model = service.operation_model(name)
        inputs = wire_values.Values(random.Random(f"{name} input"), wire_values.FULL, request=True)
        outputs = wire_values.Values(random.Random(f"{name} output"), wire_values.FULL, request=False)
        params = inputs.structure(model.input_shape)
        output = outputs.structure(model.output_shape) if model.output_shape else None
        server.bodies.clear()
        server.reply = (200, peer.encode(name, wire_values.as_json(output)).encode())
        answer = method(client, name)(**params)
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        found = wire_values.difference(output or {}, answer)
        assert not found, f"{name}: {found}"
        [body] = server.bodies
        decoded = peer.decode(body)
        assert decoded["operation"] == name
        found = wire_values.difference(params, wire_values.from_json(decoded["input"], model.input_shape))
        assert not found, f"{name}: {found}"
        operations.add(name)
    assert len(operations) == OPERATIONS


def test_every_fault_is_its_own_exception(peer, committed_model, client, server):
    """Raised by an operation that declares it, since only there do the other SDKs know it by type."""
    declaring = {}
    for name, operation in committed_model["operations"].items():
        for error in operation.get("errors", []):
            declaring.setdefault(error["shape"], name)
    faults = {name: shape for name, shape in committed_model["shapes"].items() if shape.get("exception")}
    classes = set()
    for name, shape in faults.items():
        message = f"{name}: <b>&</b> \"ü\" 東京"
        made = peer.fault(shape["error"]["code"], message)
        assert made["status"] == shape["error"]["httpStatusCode"], name
        server.reply = (made["status"], made["xml"].encode())
        expected = getattr(client.exceptions, name)
        with pytest.raises(expected) as raised:
            method(client, declaring[name])()
        assert type(raised.value) is expected, name
        response = raised.value.response
        assert response["Error"]["Code"] == shape["error"]["code"], name
        assert response["Error"]["Message"] == message, name
        assert response["Error"]["Type"] == "Sender", name
        assert response["ResponseMetadata"]["HTTPStatusCode"] == shape["error"]["httpStatusCode"], name
        assert response["ResponseMetadata"]["RequestId"], name
        classes.add(expected)
    assert len(classes) == FAULTS


def test_common_faults_keep_code_and_status(peer, client, server):
    for code in peer.list()["common_faults"]:
        made = peer.fault(code, "text")
        server.reply = (made["status"], made["xml"].encode())
        with pytest.raises(client.exceptions.ClientError) as raised:
            client.describe_cache_clusters()
        response = raised.value.response
        assert response["Error"]["Code"] == code
        assert response["Error"]["Type"] == ("Sender" if made["status"] < 500 else "Receiver")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == made["status"]
