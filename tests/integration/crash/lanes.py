"""Several clients at once on one thread: kept-alive connections that always have a request under
way, until nothing is left to ask or the gateway died."""

import collections
import dataclasses
import selectors
import time
import typing

from races.raw import Racer, request

ANSWER_S_MAX = 60   # only a hang reaches these
LISTEN_S_MAX = 300


@dataclasses.dataclass
class Ask:
    """One request, which is sent again unchanged until it was answered."""
    kind: str
    data: bytes
    note: typing.Any


def make_ask(kind, note, method, path, token, body=None, idempotency_key=None):
    data = request(method, path, token, body)
    if idempotency_key:
        line = f"\r\nIdempotency-Key: {idempotency_key}\r\n\r\n".encode()
        data = data.replace(b"\r\n\r\n", line, 1)
    return Ask(kind, data, note)


class Lane:
    """One connection; after it was lost, the next request gets a new one."""

    def __init__(self, port):
        self.port, self.racer, self.ask = port, None, None

    def send(self, ask):
        """False when nobody listens."""
        try:
            if self.racer is None:
                self.racer = Racer(self.port)
            self.ask = ask
            self.racer.send(ask.data)
            return True
        except OSError:
            self.close()
            return False

    def close(self):
        if self.racer is not None:
            self.racer.close()
            self.racer = None


def converse(port, queue, count, answered, alive, sent=lambda ask: None):
    """Sends everything in the queue (a deque of Ask, which answered() may append to) over so many
    lanes. sent(ask): after each sending; nothing is read before that. answered(ask, answer): the
    answer, or None when the connection was lost. alive(): asked after each event; when it says no,
    what is under way gets its answer or None, what was not sent stays in the queue, and that is
    all."""
    lanes = [Lane(port) for _ in range(count)]
    idle = collections.deque(lanes)
    until = time.monotonic() + LISTEN_S_MAX
    with selectors.DefaultSelector() as selector:
        try:
            while alive() and (queue or selector.get_map()):
                if time.monotonic() > until:
                    raise AssertionError(f"{len(queue)} requests stay unsent")
                while queue and idle and idle[0].send(queue[0]):
                    lane = idle.popleft()
                    queue.popleft()
                    selector.register(lane.racer.socket, selectors.EVENT_READ, lane)
                    sent(lane.ask)
                if selector.get_map():
                    _take_answers(selector, idle, answered)
            for key in selector.get_map().values():
                answered(key.data.ask, key.data.racer.receive())
        finally:
            for lane in lanes:
                lane.close()


def _take_answers(selector, idle, answered):
    ready = selector.select(ANSWER_S_MAX)
    if not ready:
        raise AssertionError("a request stays without an answer: " + ", ".join(
            key.data.ask.kind for key in selector.get_map().values()))
    for key, _ in ready:
        lane = key.data
        selector.unregister(lane.racer.socket)
        answer = lane.racer.receive()
        if answer is None:
            lane.close()
        answered(lane.ask, answer)
        idle.append(lane)
