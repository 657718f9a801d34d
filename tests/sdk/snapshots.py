"""Snapshots as a user's program has them, and data sets of every type that can be compared key by key."""

import hashlib

import caches
import patience


def take(api, name, **of):
    """Takes a snapshot, and waits until it is there."""
    api.create_snapshot(SnapshotName=name, **of)
    return available(api, name)


def describe(api, name, **more):
    [found] = api.describe_snapshots(SnapshotName=name, **more)["Snapshots"]
    return found


def available(api, name):
    def look():
        found = describe(api, name)
        assert found["SnapshotStatus"] != "failed", found
        assert found["SnapshotStatus"] == "available", found["SnapshotStatus"]
        return found

    return patience.until(f"snapshot {name} is available", look)


def delete(api, *names):
    for name in names:
        api.delete_snapshot(SnapshotName=name)

    def gone():
        left = {one["SnapshotName"] for one in api.describe_snapshots()["Snapshots"]}
        assert not left & set(names), left
        return True

    patience.until("the snapshots are gone", gone)


def fill(connection, count, batch=2000):
    """Writes so many keys: strings, hashes, lists, sets, sorted sets, streams, small and large ones, some that expire."""
    pipe = connection.pipeline(transaction=False)
    for number in range(count):
        key, kind = f"key:{number}", number % 8
        if kind == 0:
            pipe.set(key, f"value {number} " + "x" * (number % 300))
        elif kind == 1:
            pipe.set(key, number)
        elif kind == 2:
            pipe.hset(key, mapping={f"field {field}": f"{number}:{field}" for field in range(1 + number % 5)})
        elif kind == 3:
            pipe.rpush(key, *range(1 + number % 6), "text")
        elif kind == 4:
            pipe.sadd(key, *range(1 + number % 6), *(["text"] if number % 3 else []))
        elif kind == 5:
            pipe.zadd(key, {f"member {member}": member + 0.5 for member in range(1 + number % 5)})
        elif kind == 6:
            pipe.xadd(key, {"field": number}, id=f"{number + 1}-1")
        else:
            pipe.set(key, "it expires", ex=86400)
        if number % batch == batch - 1:
            pipe.execute()
    # Large ones, which are encoded in other ways.
    pipe.hset("large hash", mapping={f"field {field}": "v" * 100 for field in range(2000)})
    pipe.rpush("large list", *["element " + "e" * 200] * 3000)
    pipe.sadd("large set", *range(5000), *(f"text {number}" for number in range(500)))
    pipe.zadd("large sorted set", {f"member {number}": number / 7 for number in range(2000)})
    for number in range(500):
        pipe.xadd("large stream", {"field": number}, id=f"{number + 1}-0")
    pipe.xgroup_create("large stream", "readers", id="0")
    pipe.xreadgroup("readers", "somebody", {"large stream": ">"}, count=50)
    pipe.execute()


def digest(connection, match="*"):
    """What the keys that match hold, in one number; the instants at which keys expire count too, where the line tells them."""
    found = hashlib.sha256()
    keys = sorted(connection.scan_iter(match=match, count=5000))
    for start in range(0, len(keys), 5000):
        part = keys[start : start + 5000]
        pipe = connection.pipeline(transaction=False)
        for key in part:
            pipe.type(key)
        kinds = pipe.execute()
        for key, kind in zip(part, kinds):
            getattr(pipe, "execute_command")(*READS[kind](key))
        for key in part:
            pipe.pttl(key)
        answers = pipe.execute()
        values, ttls = answers[: len(part)], answers[len(part) :]
        for key, kind, value, ttl in zip(part, kinds, values, ttls):
            expires = ttl > 0
            found.update(repr((key, kind, ordered(kind, value), expires)).encode())
    return len(keys), found.hexdigest()


def ordered(kind, value):
    if kind == "set":
        return sorted(value)
    if kind == "hash":
        return sorted(value.items()) if isinstance(value, dict) else sorted(map(str, value))
    return value


READS = {
    "string": lambda key: ("GET", key),
    "hash": lambda key: ("HGETALL", key),
    "list": lambda key: ("LRANGE", key, 0, -1),
    "set": lambda key: ("SMEMBERS", key),
    "zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
    "stream": lambda key: ("XRANGE", key, "-", "+"),
}


def restored(api, snapshot, **members):
    """A cache cluster made from a snapshot."""
    one = caches.fresh("restored")
    api.create_cache_cluster(CacheClusterId=one, SnapshotName=snapshot, **members)
    return one, caches.available(api, one)
