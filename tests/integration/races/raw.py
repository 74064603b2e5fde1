"""Requests that are ready before the race begins: raw kept-alive sockets, one write each."""

import collections
import json
import os
import socket
import time

# Sanitizers make everything several times slower; only their builds set these options.
SANITIZED = "TSAN_OPTIONS" in os.environ
RACES = int(os.environ.get("ASTREINTE_RACES", "150" if SANITIZED else "1000"))


class Answer(collections.namedtuple("Answer", "status json")):
    """json is None where there was no body."""

    @property
    def problem(self):
        return (self.json or {}).get("type", "").rsplit("/", 1)[-1]

    def holder(self, member):
        return ((self.json or {}).get("holder") or {}).get(member)


def request(method, path, token, body=None):
    """A whole request as bytes."""
    content = b"" if body is None else json.dumps(body).encode()
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            ).encode() + content


class Racer:
    """One kept-alive connection. After a lost one, answers what had come, then None."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next answer; None when the connection ended before it was whole."""
        while True:
            answer = self._take()
            if answer is not None:
                return answer
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._rest += data

    def _take(self):
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.decode().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines
                       if line.lower().startswith("content-length:")), 0)
        if len(rest) < length:
            return None
        self._rest = rest[length:]
        return Answer(int(lines[0].split()[1]), json.loads(rest[:length]) if length else None)

    def ask(self, data):
        self.send(data)
        return self.receive()

    def close(self):
        self.socket.close()


def spin_until(moment_s, clock=time.monotonic):
    """Waits more exactly than sleep() does."""
    while True:
        left_s = moment_s - clock()
        if left_s <= 0:
            return
        if left_s > 0.002:
            time.sleep(left_s - 0.001)


def race(starts, gaps_s=None):
    """Sends each (racer, request) right after the one before it, then reads all answers."""
    moment_s = time.monotonic()
    for number, (racer, data) in enumerate(starts):
        if gaps_s is not None and number > 0:
            moment_s += gaps_s[number - 1]
            spin_until(moment_s)
        racer.send(data)
    return [racer.receive() for racer, _ in starts]
