"""When a process dies: moments drawn from a seed."""

import dataclasses
import math

# (weight, what, calls, kinds, threads, the k-th at most). The k-th such call of a life that has
# begun to serve: before it, after it, or in the middle of it.
PLACES = (
    (5, "log write", ("write",), ("log",), ("writer",), 160),
    (4, "log sync", ("sync",), ("log",), ("writer",), 14),
    (4, "answer", ("send",), ("client",), ("http",), 24),
    (1, "request", ("recv",), ("client",), ("http",), 30),
    (1, "accept", ("accept",), ("client",), (), 8),
    (1, "epoll", ("epoll_wait", "epoll_ctl"), (), (), 60),
    (1, "waking", ("write",), ("other",), (), 60),
    (1, "database", ("read", "write", "sync", "truncate"), ("database",), (), 40),
    (3, "push write", ("write", "send"), ("peer",), ("push",), 30),
    (2, "push read", ("read", "recv"), ("peer",), ("push",), 30),
    (2, "webhook", ("socket", "connect", "send", "recv"), (), ("telephony",), 24),
    (3, "writer's memory", ("malloc", "realloc"), (), ("writer",), 20000),
    (1, "others' memory", ("malloc", "calloc"), (), ("http", "push", "telephony"), 800),
)
# While it starts and recovers: nothing is served yet.
START = ("start", ("open", "read", "write", "sync", "truncate", "map", "socket", "epoll_ctl"), 160)
START_CHANCE, TIMED_CHANCE = 0.12, 0.2
TIMED_S_MAX = 0.004


@dataclasses.dataclass
class Moment:
    """name: for the counts. rule: what Calls.arm() takes, or None. early: armed before the start.
    after_events: without a rule, that many requests or answers, and then wait_s."""
    name: str
    rule: dict = None
    early: bool = False
    event: str = ""
    after_events: int = 0
    wait_s: float = 0.0


def _kth(chance, most):
    """The first of anything is as good as the hundredth: half of them are small numbers."""
    if chance.random() < 0.5:
        return chance.randint(1, most)
    return int(math.exp(chance.uniform(0, math.log(most + 1))))


def draw(chance):
    action = chance.choice(("kill before", "kill after", "kill half"))
    kind = chance.random()
    if kind < START_CHANCE:
        name, calls, most = START
        return Moment(name, dict(action=action, calls=calls, first=_kth(chance, most)), True)
    if kind < START_CHANCE + TIMED_CHANCE:
        event = chance.choice(("sent", "answered"))
        return Moment(f"time after {event}", None, False, event, _kth(chance, 30),
                      chance.uniform(0, TIMED_S_MAX))
    _, name, calls, kinds, threads, most = chance.choices(
        PLACES, weights=[each[0] for each in PLACES])[0]
    return Moment(name, dict(action=action, calls=calls, kinds=kinds, threads=threads,
                             first=_kth(chance, most)))
