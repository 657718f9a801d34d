"""A snapshot is of one instant, however much is written meanwhile, and costs no memory of ours."""

import os
import threading

import pytest

import caches
import groups
import patience
import s3
import snapshots

# Python needs minutes for half a million; as many as are wanted are said in the environment.
KEYS = int(os.environ.get("CACHEPLANE_SNAPSHOT_KEYS", "40000"))


class Writer(threading.Thread):
    """Writes pairs: the second of a pair never without the first, so that an instant is known by what it lacks."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.written = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.connection.rpush("log", self.written)
            self.connection.set("last", self.written)
            self.connection.hset("changing", self.written % 1000, self.written)
            self.connection.set(f"key:{self.written % 1000 * 8}", f"overwritten {self.written}")
            self.written += 1

    def end(self):
        self.ended.set()
        self.join()


def demand_instant(connection):
    """What the writer does in order is there up to one moment, and nothing of what came later."""
    log = list(map(int, connection.lrange("log", 0, -1)))
    assert log == list(range(len(log)))
    last = int(connection.get("last"))
    assert last in (len(log) - 1, len(log) - 2)
    changing = [int(value) for value in connection.hvals("changing")]
    assert max(changing) in (last, last - 1)
    for slot in range(1000):
        overwritten = connection.get(f"key:{slot * 8}")
        if (overwritten or "").startswith("overwritten "):
            assert int(overwritten.split()[1]) <= last
    return len(log)


@pytest.mark.parametrize("members", [1, 2])
def test_a_snapshot_is_of_one_instant(start_plane, tmp_path, members):
    """So many keys of all types, written while the snapshot is taken; then to S3, everything deleted, and back."""
    with s3.running(tmp_path) as buckets:
        buckets.client.create_bucket(Bucket="exports")
        plane = start_plane(options=buckets.options)
        api = plane.client()
        one, name = caches.fresh("source"), caches.fresh("shot")
        group = groups.make(api, one, members=members, Engine="valkey", EngineVersion="8.1", CacheNodeType="cache.m5.large")
        connection = groups.writer(group)
        snapshots.fill(connection, KEYS if members == 2 else KEYS // 10)
        connection.function_load("#!lua name=mine\nredis.register_function('mine', function() return 7 end)")
        still = snapshots.digest(connection, match="key:*[13579]")
        writer = Writer(groups.writer(group))
        writer.start()
        patience.until("it writes", lambda: writer.written > 100)
        snapshots.take(api, name, ReplicationGroupId=one)
        during = writer.written
        writer.end()
        api.copy_snapshot(SourceSnapshotName=name, TargetSnapshotName="shot", TargetBucket="exports")
        first = caches.fresh("restored")
        groups.make(api, first, members=1, SnapshotName=name)
        restored = groups.writer(groups.describe(api, first))
        taken = demand_instant(restored)
        assert 0 < taken <= during + 1
        assert snapshots.digest(restored, match="key:*[13579]") == still
        assert restored.fcall("mine", 0) == 7
        expected = snapshots.digest(restored)
        patience.until("it is in the bucket", lambda: buckets.keys("exports") == ["shot-0001.rdb"])
        groups.delete(api, one, first)
        snapshots.delete(api, name)
        again = caches.fresh("seeded")
        groups.make(
            api,
            again,
            members=2,
            Engine="valkey",
            EngineVersion="8.1",
            CacheNodeType="cache.m5.large",
            SnapshotArns=["arn:aws:s3:::exports/shot-0001.rdb"],
        )
        assert snapshots.digest(groups.writer(groups.describe(api, again))) == expected


def resident_kb(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


@pytest.mark.parametrize(
    "mebibytes, most",
    [(400, 50), pytest.param(2048, 200, marks=[pytest.mark.thorough, pytest.mark.timeout(900)])],
)
def test_a_large_snapshot_takes_no_memory_of_ours(start_plane, mebibytes, most):
    """So much data, and not so many MB more of memory at the highest: to the store, to a copy, and back into a node."""
    plane = start_plane()
    api = plane.client()
    one, name, copy = caches.fresh("large"), caches.fresh("shot"), caches.fresh("copy")
    connection = caches.redis_of(caches.make(api, one, CacheNodeType="cache.m5.large"))
    pipe = connection.pipeline(transaction=False)
    for number in range(mebibytes):
        # Of random letters: what repeats would be compressed.
        pipe.set(f"key:{number}", os.urandom(512 * 1024).hex())
        if number % 20 == 19:
            pipe.execute()
    pipe.execute()
    before = resident_kb(plane.process)
    snapshots.take(api, name, CacheClusterId=one)
    api.copy_snapshot(SourceSnapshotName=name, TargetSnapshotName=copy)
    found = snapshots.available(api, copy)
    size = int(found["NodeSnapshots"][0]["CacheSize"].split()[0])
    assert size >= mebibytes * 0.725, size
    _, cache = snapshots.restored(api, copy)
    assert caches.redis_of(cache).dbsize() == mebibytes
    grown = (resident_kb(plane.process) - before) / 1024
    assert grown < most, f"{grown:.0f} MB"
