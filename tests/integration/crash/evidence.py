"""What is known after a night of crashes, and what must be true of it.

faults() is a pure function of the evidence, so that the test can show that each fault would be
noticed: it tampers with a copy.
"""

import collections
import copy
import dataclasses
import uuid

from crash.journal import (ACCEPTED, ALERT, ANSWER_ACCEPTED, ANSWER_DECLINED, CALL, CANCELLED,
                           CANCELLING, DONE, EXHAUSTED, EXPIRED, FAILED, HANDED_OVER, HELD, NOBODY,
                           NO_ANSWER_YET, PLANNED, PUSH, RECEIVED, SEEN, TAKEN, UNCERTAIN,
                           chain_faults)

STATES = {"notifying", "waiting", "accepted", "overdue", "exhausted", "taken", "cancelling",
          "cancelled", "done", "on_hold", "noted"}


@dataclasses.dataclass
class Promise:
    """One 2xx of the webhook: what the gateway owes from then on."""
    idempotency_key: str
    request: bytes
    status: int
    answer: bytes
    escalation: str
    customer: str


@dataclasses.dataclass
class Kill:
    """One SIGKILL: attempts without a transport outcome then, and how long the logs were."""
    moment_s: float
    unresolved: list
    received_lines: int
    telephony_lines: int


@dataclasses.dataclass
class Evidence:
    promises: list
    replays: dict        # idempotency key: (status, answer) afterwards
    views: dict          # escalation: (status, JSON) of GET afterwards
    kills: list
    received: list       # the providers' log
    telephony: list      # the telephony layer's log
    database: dict       # tables

    def copy(self):
        return copy.deepcopy(self)


def text_of(identifier):
    return str(uuid.UUID(bytes=identifier))


def data_of(line):
    """The data of a push: beside aps in APNs, message.data in FCM."""
    payload = line.get("payload") or {}
    return payload.get("message", payload).get("data", payload)


def sendings(evidence):
    """{attempt: [(place in the log, whether the receiver knew it, taken, escalation, to)]}."""
    found = collections.defaultdict(list)
    for place, line in enumerate(evidence.received):
        found[line["id"]].append((place, not line["new"], line["status"] == 200,
                                  data_of(line).get("escalation"), line["token"]))
    for place, line in enumerate(evidence.telephony):
        if line["type"] not in ("outcome", "gateway.alarm") and line.get("attempt"):
            found[line["attempt"]].append((place, line["repeat"], line["answered"] == 200,
                                           (line["body"] or {}).get("escalation"), line["to"]))
    return found


def was_answered(row):
    """In the app, which counts as seen, whether or not the push had arrived."""
    return row["state"] == SEEN and row["answer"] in (ANSWER_ACCEPTED, ANSWER_DECLINED)


# ---- the rules -------------------------------------------------------------------------------


def promise_faults(evidence):
    """Accepted means durable, and the same key gives the same answer."""
    found = []
    rows = {text_of(row["escalation_id"]) for row in evidence.database["escalation"]}
    ids = collections.defaultdict(set)
    for promise in evidence.promises:
        name = promise.escalation
        ids[promise.idempotency_key].add(name)
        status, view = evidence.views.get(name, (0, None))
        if name not in rows:
            found.append(f"lost: {name} has no row")
        if status != 200 or view["id"] != name or view["customer"] != promise.customer or \
                view["state"] not in STATES or not view["timeline"] or \
                view["timeline"][0]["kind"] != "opened":
            found.append(f"lost: {name} cannot be shown")
        if evidence.replays.get(promise.idempotency_key) != (promise.status, promise.answer):
            found.append(f"replay: key {promise.idempotency_key} gets another answer now")
    found += [f"replay: key {key} made {len(names)} escalations"
              for key, names in ids.items() if len(names) > 1]
    return found


def ending_faults(evidence):
    """Every procedure went on until a person had it or everybody was told."""
    found = []
    announced = {text_of(row["escalation_id"]) for row in evidence.database["attempt"]
                 if row["purpose"] == 5 and row["state"] in (ACCEPTED, RECEIVED, SEEN)}
    for row in evidence.database["escalation"]:
        name = text_of(row["escalation_id"])
        held = row["holder_kind"] != NOBODY
        good = (row["state"] in (HELD, TAKEN, CANCELLING) and held
                or row["state"] in (DONE, CANCELLED)
                or row["state"] == EXHAUSTED and not held and name in announced)
        if not good or row["quarantined"]:
            found.append(f"ending: {name} stands in state {row['state']}, holder {held}, "
                         f"quarantined {row['quarantined']}")
    return found


def identity_faults(evidence):
    """Nothing was sent before its row was durable; one thing to tell one phone has one id; a
    receiver never takes an id for new twice."""
    found = []
    rows = {text_of(row["attempt_id"]): row for row in evidence.database["attempt"]}
    tests = {text_of(row["test_id"]) for row in evidence.database["device_test"]}
    for attempt, sent in sendings(evidence).items():
        row = rows.get(attempt)
        if row is None and attempt in tests:
            continue
        if row is None:
            found.append(f"identity: {attempt} was sent and has no row")
            continue
        escalation = text_of(row["escalation_id"])
        if any(each[3] not in (None, escalation) for each in sent):
            found.append(f"identity: {attempt} was sent for another escalation")
        if any(known != (number > 0) for number, (_, known, *_) in enumerate(sent)):
            found.append(f"identity: {attempt} was new to its receiver more than once")
        if len({each[4] for each in sent}) > 1:
            found.append(f"identity: {attempt} went to different places")
    tellings = collections.Counter(
        (row["escalation_id"], row["path"], row["person_kind"], row["person_id"], row["device_id"],
         row["position"], row["number"])
        for row in evidence.database["attempt"] if row["purpose"] == ALERT)
    found += [f"identity: one alert has {count} ids in {text_of(key[0])}"
              for key, count in tellings.items() if count > 1]
    found += [f"identity: the telephony layer refused {line['attempt']}: {line.get('problem')}"
              for line in evidence.telephony
              if line["type"] != "outcome" and line["answered"] not in (200, 503)]
    return found


def resend_faults(evidence):
    """What had no transport outcome at a kill was sent again, or there was no point in it."""
    found = []
    sent = sendings(evidence)
    rows = {text_of(row["attempt_id"]): row for row in evidence.database["attempt"]}
    escalations = {row["escalation_id"]: row for row in evidence.database["escalation"]}
    for number, kill in enumerate(evidence.kills):
        for before in kill.unresolved:
            name = text_of(before["attempt_id"])
            row = rows.get(name)
            if row is None:
                found.append(f"resend: {name} vanished after kill {number}")
                continue
            lines = kill.received_lines if row["path"] == PUSH else kill.telephony_lines
            taken = [place for place, _, answered, *_ in sent.get(name, []) if answered]
            escalation = escalations.get(row["escalation_id"])
            if escalation is None:
                found.append(f"resend: the escalation of {name} vanished after kill {number}")
                continue
            good = {
                PLANNED: False,
                HANDED_OVER: False,
                # Only a new sending can have brought this outcome, or what became of the call.
                ACCEPTED: any(place >= lines for place in taken) or
                    row["path"] == CALL and row["answer"] != NO_ANSWER_YET and bool(taken),
                # The phone may have confirmed the sending from before the kill.
                RECEIVED: bool(taken),
                SEEN: bool(taken) or was_answered(row),
                FAILED: row["reason"] != "",
                UNCERTAIN: row["reason"] != "",
                EXPIRED: row["reason"] != "" and (
                    escalation["position"] > row["position"] or
                    escalation["holder_kind"] != NOBODY or escalation["closed_at"] is not None or
                    escalation["state"] == EXHAUSTED),
            }[row["state"]]
            if not good:
                found.append(f"resend: {name} without outcome at kill {number} stands in state "
                             f"{row['state']} {row['reason']}, taken at {taken} of {lines}")
    return found


def delivery_faults(evidence):
    """What the rows call delivered, the receivers know."""
    sent = sendings(evidence)
    return [f"delivery: {text_of(row['attempt_id'])} is said to be delivered"
            for row in evidence.database["attempt"]
            if row["state"] in (ACCEPTED, RECEIVED, SEEN) and row["path"] in (PUSH, CALL) and
            not was_answered(row) and
            not any(each[2] for each in sent.get(text_of(row["attempt_id"]), []))]


def standing_faults(evidence):
    """What must be true at any moment, also while procedures go on."""
    database = evidence.database
    return (promise_faults(evidence) + identity_faults(evidence) + delivery_faults(evidence)
            + chain_faults(database["customer"], database["timeline"],
                           database["timeline_personal"]))


def faults(evidence):
    """What must be true after the night."""
    return standing_faults(evidence) + ending_faults(evidence) + resend_faults(evidence)


def needless_faults(evidence):
    """After stops that let everything come back, nothing of these promises goes out more often than
    the sender wrote it: a critical push without an answer is hedged, and its row says so."""
    own = {promise.escalation for promise in evidence.promises}
    tries = {text_of(row["attempt_id"]): max(1, row["tries"])
             for row in evidence.database["attempt"]}
    return [f"needless: {attempt} went out {len(sent)} times"
            for attempt, sent in sendings(evidence).items()
            if sent[0][3] in own and len(sent) > tries.get(attempt, 1)]


# ---- tampering: each must be found -----------------------------------------------------------


def _lose_escalation(evidence):
    name = evidence.promises[0].escalation
    rows = evidence.database["escalation"]
    rows[:] = [row for row in rows if text_of(row["escalation_id"]) != name]
    return "lost"


def _change_answer(evidence):
    key = evidence.promises[0].idempotency_key
    evidence.replays[key] = (evidence.replays[key][0], None)
    return "replay"


def _stop_procedure(evidence):
    evidence.database["escalation"][0].update(state=0, holder_kind=NOBODY)
    return "ending"


def _send_without_row(evidence):
    line = dict(evidence.received[0], id=str(uuid.uuid4()))
    evidence.received.append(line)
    return "identity"


def _make_second_id(evidence):
    rows = evidence.database["attempt"]
    row = next(row for row in rows if row["purpose"] == ALERT and row["path"] == PUSH)
    rows.append(dict(row, attempt_id=uuid.uuid4().bytes))
    return "identity"


def _ring_twice(evidence):
    evidence.received.append(dict(evidence.received[0], new=True))
    return "identity"


def _forget_resend(evidence):
    """Of a push that was open at a kill, all that was sent after it."""
    rows = {text_of(row["attempt_id"]): row for row in evidence.database["attempt"]}
    for kill in evidence.kills:
        for before in kill.unresolved:
            row = rows[text_of(before["attempt_id"])]
            if row["path"] == PUSH and row["state"] in (ACCEPTED, RECEIVED, SEEN):
                row["state"] = ACCEPTED
                for line in evidence.received[kill.received_lines:]:
                    if line["id"] == text_of(row["attempt_id"]):
                        line["status"] = 0
                return "resend"
    return None


def _leave_unresolved(evidence):
    name = next(kill.unresolved[0]["attempt_id"] for kill in evidence.kills if kill.unresolved)
    for row in evidence.database["attempt"]:
        if row["attempt_id"] == name:
            row["state"] = HANDED_OVER
    return "resend"


def _cut_journal(evidence):
    rows = evidence.database["timeline"]
    del rows[len(rows) // 2]
    return "timeline"


def _rewrite_journal(evidence):
    row = evidence.database["timeline"][0]
    row["at"] += 1
    return "timeline"


def _rewrite_text(evidence):
    evidence.database["timeline_personal"][0]["text"] += "!"
    return "timeline"


TAMPERINGS = (_lose_escalation, _change_answer, _stop_procedure, _send_without_row,
              _make_second_id, _ring_twice, _forget_resend, _leave_unresolved, _cut_journal,
              _rewrite_journal, _rewrite_text)
