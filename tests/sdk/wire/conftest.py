"""The peer process and the service model that the wire tests share."""

import json

import botocore.model
import botocore.session
import pytest

import wire_peer


@pytest.fixture(scope="session")
def peer():
    running = wire_peer.WirePeer(wire_peer.binary())
    yield running
    running.close()


@pytest.fixture(scope="session")
def committed_model():
    """The model that the wire contract is generated from, as JSON."""
    path = wire_peer.ROOT / "api/model/elasticache-2015-02-02.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bundled_model():
    """The model that botocore brings along, as JSON."""
    loader = botocore.session.get_session().get_component("data_loader")
    return loader.load_service_model("elasticache", "service-2", api_version="2015-02-02")


@pytest.fixture(scope="session")
def service(committed_model):
    """The committed model as botocore reads it: what its serializer and parser work from."""
    return botocore.model.ServiceModel(committed_model, "elasticache")
