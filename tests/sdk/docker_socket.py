"""A Docker socket that can go away and come back, while the real one, which others use too, stays."""

import contextlib
import json
import os
import pathlib
import re
import selectors
import socket
import threading

REAL = "/var/run/docker.sock"
CHUNK = 64 * 1024


class DockerSocket:
    """Forwards a Unix socket of its own to Docker's while it is there.

    `refuse` maps patterns of request lines to the status and message that they are answered with instead.
    """

    def __init__(self, directory, refuse=()):
        self._refuse = [(re.compile(pattern), answer(*reply)) for pattern, reply in dict(refuse).items()]
        self._last_words = None
        # The path of a Unix socket is short by law.
        self.path = pathlib.Path(directory) / "docker.sock"
        assert len(str(self.path)) < 100
        self._listener = None
        self._connections = set()
        self._lock = threading.Lock()

    @property
    def url(self):
        return f"unix://{self.path}"

    def appear(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def vanish(self):
        """As when the daemon is stopped: no socket, and every connection ends."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        os.unlink(self.path)
        # Closing alone does not wake whoever waits in accept.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self._lock:
            connections, self._connections = self._connections, set()
        for one in connections:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def vanish_at(self, pattern, count):
        """Vanishes when the `count`th request with such a first line comes: Docker still hears it, its answer is lost."""
        self._last_words = (re.compile(pattern), count)

    def _is_last(self, request):
        with self._lock:
            if self._last_words is None or not self._last_words[0].search(request.split(b"\r\n", 1)[0]):
                return False
            pattern, count = self._last_words
            self._last_words = (pattern, count - 1) if count > 1 else None
            return count == 1

    @property
    def is_there(self):
        return self._listener is not None

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(listener, client), daemon=True).start()

    def _forward(self, listener, client):
        docker = socket.socket(socket.AF_UNIX)
        try:
            docker.connect(REAL)
            with self._lock:
                # It may have vanished since the connection came in.
                if self._listener is not listener:
                    return
                self._connections |= {client, docker}
            self._copy(client, docker)
        except OSError:
            pass
        finally:
            with self._lock:
                self._connections -= {client, docker}
            client.close()
            docker.close()

    def _refusal(self, request):
        line = request.split(b"\r\n", 1)[0]
        return next((reply for pattern, reply in self._refuse if pattern.search(line)), None)

    def _copy(self, client, docker):
        """Both ways, until both have said all they had to say."""
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, docker)
            selector.register(docker, selectors.EVENT_READ, client)
            while selector.get_map():
                for key, _ in selector.select():
                    read = key.fileobj.recv(CHUNK)
                    # A client waits for the answer before it asks again, so what it sends begins with a request or goes on
                    # with a body.
                    if key.fileobj is client and (refusal := self._refusal(read)):
                        client.sendall(refusal)
                    elif read:
                        key.data.sendall(read)
                        if key.fileobj is client and self._is_last(read):
                            self.vanish()
                            return
                    else:
                        selector.unregister(key.fileobj)
                        key.data.shutdown(socket.SHUT_WR)


def answer(status, message):
    body = json.dumps({"message": message}).encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
