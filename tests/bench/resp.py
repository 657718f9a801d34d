"""As much of Redis's protocol as the measurements speak: commands as arrays of words, and what is answered."""

import socket
from collections.abc import Sequence

Way = tuple[str, int]
Reply = str | int | None | list["Reply"]


class Refused(Exception):
    """The engine answered with an error."""


class Connection:
    """One connection. Whatever is wrong with the network is an OSError, and it is of no use afterwards."""

    def __init__(self, way: Way, timeout_s: float):
        self.socket = socket.create_connection(way, timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def ask(self, *commands: Sequence[object]) -> list[Reply]:
        """The replies to all of them, which are sent together."""
        self.socket.sendall(b"".join(map(array, commands)))
        return [self.take() for _ in commands]

    def take(self) -> Reply:
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection ended within a reply")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-":
            raise Refused(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.take() for _ in range(int(rest))]
        return rest

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def replication(way: Way, timeout_s: float = 2) -> dict[str, str]:
    """What the engine there says of replication."""
    with Connection(way, timeout_s) as connection:
        [told] = connection.ask(("INFO", "replication"))
    return dict(line.split(":", 1) for line in told.splitlines() if ":" in line)


def array(words: Sequence[object]) -> bytes:
    """A command on the wire. An inline one ends at 64 KiB."""
    encoded = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)
