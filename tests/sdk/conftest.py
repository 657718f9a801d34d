"""What the tests with real clients share: control planes of both kinds of endpoints, and caches' names.

`CACHEPLANE_ENDPOINT_URL` lets the tests run against any other endpoint; those that must stop it, or look at what is behind it,
are skipped then.
"""

import contextlib
import itertools
import os
import shutil
import socket
import tempfile

import pytest

import caches
import container_host
import control_plane
from docker_socket import DockerSocket


def pytest_configure(config):
    # The discovery clients are as their authors left them, years ago.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:(elasticache_pyclient|django|django_elasticache)")
    config.addinivalue_line("markers", "thorough: does to one more engine what another test does to one; run where CACHEPLANE_THOROUGH is set")
    config.addinivalue_line("markers", "alone: measures, or takes all cores for itself; nothing else runs meanwhile")


def pytest_collection_modifyitems(items):
    if not os.environ.get("CACHEPLANE_THOROUGH"):
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(pytest.mark.skip(reason="CACHEPLANE_THOROUGH is not set"))


@pytest.fixture(scope="session")
def docker_answers():
    if not container_host.answers():
        pytest.fail("Docker does not answer; `make docker` makes sure of it")


@pytest.fixture(scope="session", autouse=True)
def default_ports():
    """With several processes at work nobody gets the host's ports that engines have by default. Else two control planes take one for
    free at the same time, and a cache of one waits until that of the other is gone."""
    with contextlib.ExitStack() as stack:
        if "PYTEST_XDIST_WORKER" in os.environ:
            for port in 6379, 11211:
                # Whoever has it already keeps it as well.
                with contextlib.suppress(OSError):
                    stack.enter_context(socket.create_server(("", port)))
        yield


@pytest.fixture(scope="session")
def network(docker_answers, tmp_path_factory):
    """A control plane whose endpoints are addresses; all tests that do it no harm share it."""
    if control_plane.GIVEN:
        yield control_plane.Given(control_plane.GIVEN)
        return
    with control_plane.running(tmp_path_factory.mktemp("network"), "network") as plane:
        yield plane


@pytest.fixture
def ours(network):
    """The same, for tests that look behind it."""
    if network.instance is None:
        pytest.skip("nothing is known of what is behind CACHEPLANE_ENDPOINT_URL")
    return network


@pytest.fixture(scope="session")
def published(docker_answers, tmp_path_factory):
    """A control plane whose endpoints are ports of this host."""
    with control_plane.running(tmp_path_factory.mktemp("published"), "published") as plane:
        yield plane


@pytest.fixture(params=["network", "published"])
def plane(request):
    """Either kind; what a test with this proves holds for both."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def api(plane):
    return plane.client()


@pytest.fixture(scope="module")
def aws():
    """moto's services, as an endpoint."""
    # Only a few tests need it: the others do not wait for its import.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def docker_socket():
    """A socket that nobody listens at yet."""
    directory = tempfile.mkdtemp(prefix="cacheplane-")
    sockets = []

    def make(refuse=()):
        sockets.append(DockerSocket(directory, refuse))
        return sockets[-1]

    yield make
    for one in sockets:
        one.vanish()
    shutil.rmtree(directory)


@pytest.fixture
def start_plane(docker_answers, docker_socket, tmp_path):
    """Starts a control plane of the test's own; its audit at the end still finds the test's Docker sockets."""
    numbers = itertools.count()
    with contextlib.ExitStack() as stack:

        def start(*arguments, **options):
            directory = tmp_path / f"plane-{next(numbers)}"
            directory.mkdir()
            return stack.enter_context(control_plane.running(directory, *arguments, **options))

        yield start
