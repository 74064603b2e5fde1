"""The ledger outside: every answer that the clients were given, and what must follow from it.

A request without an answer may have been done or not; it is sent again, unchanged, until it was
answered. What was answered once stays true: each later answer is held against the book.
"""

import collections

from crash.evidence import Promise

CANCELLED = ("cancelled", "cancelling")


class Book:
    """Of one database. One thread."""

    def __init__(self, failing=False):
        """failing: the machine under the gateway fails, so that any 5xx only means "again"."""
        self.failing = failing
        self.promises = {}         # idempotency key: Promise
        self.holders = {}          # escalation: the agent who was told that it is theirs
        self.cancelled = set()     # escalations whose cancel was answered
        self.pending = []          # requests without an answer
        self.faults = []
        self.answers = collections.Counter()  # of 2xx, by kind of request
        self.unanswered = 0

    def fault(self, kind, text):
        self.faults.append(f"{kind}: {text}")

    def asked(self, ask):
        """A look that is under way may have been taken before what is answered meanwhile."""
        if ask.kind == "view":
            escalation = ask.note["escalation"]
            ask.note["known"] = (self.holders.get(escalation), escalation in self.cancelled)

    def take(self, ask, answer):
        """Answers whether it was answered."""
        if answer is None or answer.status == 503 or self.failing and answer.status >= 500:
            self.unanswered += answer is None
            self.pending.append(ask)
            return False
        if 200 <= answer.status <= 299:
            self.answers[ask.kind] += 1
        getattr(self, f"take_{ask.kind}")(ask, answer)
        return True

    def take_open(self, ask, answer):
        """The same key gets the same answer, before and after any crash."""
        key = ask.note["key"]
        if answer.status != 202:
            self.fault("refused", f"key {key} is answered {answer}")
            return
        known = self.promises.get(key)
        if known is None:
            self.promises[key] = Promise(key, ask.data, answer.status, answer.json,
                                         answer.json["id"], ask.note["customer"])
        elif (known.status, known.answer) != (answer.status, answer.json):
            self.fault("replay", f"key {key} got {known.answer}, now {answer.json}")

    def take_accept(self, ask, answer):
        """Who was told that it is theirs has it for good, and nobody else is told so."""
        escalation, agent = ask.note["escalation"], ask.note["agent"]
        holder = self.holders.get(escalation)
        if answer.status == 200:
            if holder not in (None, agent):
                self.fault("holder", f"{escalation} is {holder}'s and given to {agent}")
            self.holders[escalation] = agent
        elif answer.status != 409 or answer.problem not in ("already-accepted", "closed"):
            self.fault("accept", f"{agent} is answered {answer} for {escalation}")
        elif holder == agent:
            self.fault("holder", f"{escalation} is {agent}'s, who is answered {answer.json}")
        elif answer.problem == "closed" and holder is not None:
            self.fault("holder", f"{escalation} is {holder}'s and said to be closed: {answer.json}")

    def take_decline(self, ask, answer):
        if answer.status not in (200, 409):
            self.fault("decline", f"{ask.note} is answered {answer}")

    def take_cancel(self, ask, answer):
        if answer.status == 200:
            self.cancelled.add(ask.note["escalation"])
        elif answer.status != 409:
            self.fault("cancel", f"{ask.note} is answered {answer}")

    def take_view(self, ask, answer):
        self.faults += self.view_faults(ask.note["escalation"], answer.status, answer.json,
                                        ask.note["known"])

    def view_faults(self, escalation, status, view, known=None):
        """What a GET says against what had been answered: (holder, whether cancelled), or all."""
        owner, cancelled = known or (self.holders.get(escalation), escalation in self.cancelled)
        if status != 200:
            return [f"lost: {escalation} is answered {status}"]
        found = []
        holder = (view.get("holder") or {}).get("who")
        if owner is not None and holder != owner:
            found.append(f"holder: {escalation} is {owner}'s, and shown {view['state']} "
                         f"with {holder}")
        if cancelled and view["state"] not in CANCELLED:
            found.append(f"cancel: {escalation} was cancelled and is shown {view['state']}")
        return found


# ---- tampering: each must be found -----------------------------------------------------------


def forget_holder(views, book):
    """Of an escalation that somebody was told is theirs."""
    escalation = next(each for each in book.holders if each in views)
    views[escalation] = (200, dict(views[escalation][1], holder=None, state="notifying"))
    return "holder"


def forget_cancel(views, book):
    escalation = next(each for each in book.cancelled if each in views)
    views[escalation] = (200, dict(views[escalation][1], state="notifying"))
    return "cancel"


TAMPERINGS = (forget_holder, forget_cancel)
