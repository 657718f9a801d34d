"""`/metrics`, read by the parser that Prometheus' own client library has."""

import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import caches
import control_plane
import patience


@pytest.fixture(scope="module")
def measured(docker_answers, tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("scraped"), "network", options=["--metrics-interval", "1s"]) as plane:
        yield plane


def scrape(plane):
    with urllib.request.urlopen(f"{plane.endpoint_url}/metrics", timeout=60) as answer:
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        families = text_string_to_metric_families(answer.read().decode())
        return {family.name: family.samples for family in families}


def value(families, family, suffix="", **labels):
    found = [
        one.value
        for one in families.get(family, [])
        if one.name == family + suffix and labels.items() <= one.labels.items()
    ]
    return found[0] if found else None


def test_a_cache_and_the_control_plane(measured):
    api = measured.client()
    one = caches.fresh("scraped")
    cache = caches.make(api, one)
    connection = caches.redis_of(cache)
    for number in range(50):
        connection.set(f"key:{number}", "x")

    def counted():
        families = scrape(measured)
        return families if value(families, "cacheplane_node_commands", "_total", cache_cluster_id=one, command="set") == 50 else None

    families = patience.until("the writes are counted", counted)
    node = {"cache_cluster_id": one, "cache_node_id": "0001", "account": "000000000000", "region": control_plane.REGION}
    assert value(families, "cacheplane_node_up", **node) == 1
    assert value(families, "cacheplane_node_primary", **node) == 1
    assert value(families, "cacheplane_node_keys", **node) == 50
    assert value(families, "cacheplane_node_max_memory_bytes", **node) == connection.info("memory")["maxmemory"]
    assert value(families, "cacheplane_node_connections_received", "_total", **node) >= 1
    assert value(families, "cacheplane_cloudwatch", metric="CurrItems", **node) == 50
    assert value(families, "cacheplane_reconciler_activations", "_total", reconciler="cache_cluster") > 0
    assert value(families, "cacheplane_reconciler_runs", "_total", reconciler="metric", outcome="succeeded") > 0
    assert value(families, "cacheplane_unconverged", resource="cache_cluster") == 0
    assert value(families, "cacheplane_api_request_seconds", "_count", action="CreateCacheCluster", status="200") == 1
    caches.delete(api, one)
    patience.until("it is gone", lambda: value(scrape(measured), "cacheplane_node_up", cache_cluster_id=one) is None)
