"""The public Memcached clients that find nodes through a configuration endpoint, each behind the same few calls."""

import django
import elasticache_auto_discovery
import elasticache_pyclient
import pymemcache
from django.conf import settings

if not settings.configured:
    settings.configure(USE_TZ=False)
    django.setup()

from django_elasticache.memcached import ElastiCache  # noqa: E402 (Django wants its settings first)


class AutoDiscovery:
    """elasticache-auto-discovery only finds; pymemcache stores, as its documentation shows."""

    def __init__(self, endpoint):
        self._endpoint = endpoint
        self.refresh()

    def refresh(self):
        host, port = self._endpoint
        found = elasticache_auto_discovery.discover(f"{host}:{port}", time_to_timeout=30)
        self._nodes = [(name.decode(), int(port)) for name, _address, port in found]
        self._client = pymemcache.HashClient(self._nodes, connect_timeout=30, timeout=30)

    def nodes(self):
        return self._nodes

    def set(self, key, value):
        assert self._client.set(key, value, noreply=False)

    def get(self, key):
        return self._client.get(key).decode()

    def close(self):
        self._client.close()


class PyClient:
    """elasticache-pyclient looks again by a timer; here it is told when, as its timer would."""

    def __init__(self, endpoint):
        host, port = endpoint
        self._client = elasticache_pyclient.MemcacheClient(f"{host}:{port}", ad_timeout=30, ad_interval=3600)

    def refresh(self):
        self._client.cluster.update()

    def nodes(self):
        assert self._client.cluster_size() == len(self._client.cluster.servers)
        return [address(server) for server in self._client.cluster.servers]

    def set(self, key, value):
        assert self._client.set(key, value)

    def get(self, key):
        return self._client.get(key)

    def close(self):
        self._client.stop_timer()


class Django:
    """django-elasticache: Django's cache backend, on libmemcached and the binary protocol."""

    def __init__(self, endpoint):
        host, port = endpoint
        self._where = f"{host}:{port}"
        self.refresh()

    def refresh(self):
        # A process of an application reads the list once; after a change another backend takes over.
        self._backend = ElastiCache(self._where, {})

    def nodes(self):
        return [address(server) for server in self._backend.get_cluster_nodes()]

    def set(self, key, value):
        self._backend.set(key, value)

    def get(self, key):
        return self._backend.get(key)

    def close(self):
        self._backend.close()


CLIENTS = [AutoDiscovery, PyClient, Django]


def address(server):
    host, port = server.rsplit(":", 1)
    return host, int(port)
