"""Programs of customers that never let go of a replication group while it is tormented.

[Writer] remembers which of its writes were acknowledged, and tells afterwards which of them are lost. [Prober] tries to write at
every endpoint, and tells afterwards who took writes, in order: two primaries at once show as one that takes writes again after
another did, without a failover back to it.
"""

import threading
import time

import redis

import patience
import replication

# A client that wants to be writing again soon does not wait longer than this, whether for a connection or for an answer.
TIMEOUT_S = 0.25
# Between two tries where nobody answers.
PAUSE_S = 0.003
# How long the engine waits for its replicas, in the command's own unit.
WAIT_MS = 100
LOST_SHOWN = 10


class Program(threading.Thread):
    """Does its work again and again until it is told to end; trouble with the network or an engine is part of it."""

    def __init__(self):
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self._trouble = None

    def run(self):
        try:
            while not self._ended.is_set():
                self.work()
        except Exception as error:
            self._trouble = error

    def work(self):
        raise NotImplementedError

    def await_progress(self, what, look):
        """Waits until `look` says so; what has ended the program is told at once."""
        patience.until(what, lambda: self._trouble or look(), pause_s=0.01)
        if self._trouble:
            raise self._trouble

    def end(self):
        self._ended.set()
        self.join(timeout=patience.DEADLINE_S)
        assert not self.is_alive()
        if self._trouble:
            raise self._trouble

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join(timeout=patience.DEADLINE_S)


class Writer(Program):
    """Sends numbered writes to `endpoint`, each followed by WAIT for so many `replicas`."""

    def __init__(self, endpoint, replicas=1):
        super().__init__()
        self.endpoint = endpoint
        self.replicas = replicas
        self.acknowledged = []
        # When each of them was acknowledged, on the monotonic clock.
        self.times_s = []
        self._number = 0
        self._client = None

    def work(self):
        self._number += 1
        try:
            if self._client is None:
                self._client = replication.connect(self.endpoint, TIMEOUT_S)
            pipeline = self._client.pipeline(transaction=False)
            pipeline.set(f"number:{self._number}", self._number)
            pipeline.execute_command("WAIT", self.replicas, WAIT_MS)
            _, reached = pipeline.execute()
        except redis.exceptions.RedisError:
            if self._client is not None:
                self._client.close()
            self._client = None
            time.sleep(PAUSE_S)
            return
        if reached >= self.replicas:
            self.times_s.append(time.monotonic())
            self.acknowledged.append(self._number)

    def go_on(self, count=20):
        """Waits until so many more writes were acknowledged."""
        before = len(self.acknowledged)
        self.await_progress("writes are acknowledged", lambda: len(self.acknowledged) >= before + count)

    def longest_gap_s(self, since_s):
        """The longest time without an acknowledged write that ended after `since_s`."""
        times_s = list(self.times_s)
        return max(after - before for before, after in zip(times_s, times_s[1:]) if after > since_s)

    def lost(self):
        """Those of the acknowledged writes that are not there, read through the same endpoint."""
        with replication.connection(self.endpoint) as client:
            lost = []
            for start in range(0, len(self.acknowledged), 1000):
                numbers = self.acknowledged[start : start + 1000]
                found = client.mget([f"number:{number}" for number in numbers])
                lost += [number for number, value in zip(numbers, found) if value != str(number)]
        return lost

    def assert_nothing_lost(self):
        assert self.acknowledged
        lost = self.lost()
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} acknowledged writes are lost: {lost[:LOST_SHOWN]}..."


class Prober(Program):
    """Tries to write at the node endpoints and at the primary endpoint of a group, one after the other.

    One at a time, so the writes that were taken have one order, whatever else the machine does.
    """

    def __init__(self, group):
        super().__init__()
        self._endpoints = group.node_endpoints() | {"": group.endpoint("Primary")}
        self._clients = {}
        # Which engine process is whose; told by the node endpoints.
        self._nodes = {}
        # Who took writes, in order: (run, whether through the primary endpoint), without repetitions.
        self._taken = []

    def work(self):
        for name in self._endpoints:
            try:
                self._try(name)
            except redis.exceptions.RedisError:
                if name in self._clients:
                    self._clients.pop(name).close()
        time.sleep(PAUSE_S)

    def _try(self, name):
        if name not in self._clients:
            self._clients[name] = replication.connect(self._endpoints[name], TIMEOUT_S)
        # In one go, so that whoever took the write says who it is: the library connects anew, unasked, where a connection has gone.
        both = self._clients[name].pipeline(transaction=False).set("probe", "anything").info("server")
        taken, server = both.execute(raise_on_error=False)
        if isinstance(server, Exception):
            raise server
        run = server["run_id"]
        if name:
            self._nodes[run] = name
        if isinstance(taken, (redis.exceptions.ReadOnlyError, redis.exceptions.BusyLoadingError, redis.exceptions.MasterDownError)):
            return
        if isinstance(taken, Exception):
            raise taken
        entry = (run, not name)
        if not self._taken or self._taken[-1] != entry:
            self._taken.append(entry)

    def runs(self):
        """The engine processes that took writes, in order, as (run, member)."""
        ordered = []
        for run, _ in self._taken:
            if not ordered or ordered[-1] != run:
                ordered.append(run)
        return [(run, self._nodes.get(run)) for run in ordered]

    def primaries(self):
        """The members that took writes, in order."""
        ordered = []
        for _, member in self.runs():
            if not ordered or ordered[-1] != member:
                ordered.append(member)
        return ordered
