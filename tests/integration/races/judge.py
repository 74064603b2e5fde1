"""What must be true after each race. Pure functions that answer faults as sentences, so that the
tests can show that they would notice."""

CLOSED_STATES = ("cancelled", "cancelling")


def accept_faults(answers, names, view):
    """Two accepted at once. answers and names: {slug: …}; view: GET afterwards."""
    winners = [who for who, answer in answers.items() if answer.status == 200]
    if len(winners) != 1:
        return [f"{len(winners)} have it"]
    winner, found = winners[0], []
    if answers[winner].holder("who") != winner:
        found.append(f"{winner} won and is told that {answers[winner].holder('who')} has it")
    for who, answer in answers.items():
        if who == winner:
            continue
        if (answer.status, answer.problem) != (409, "already-accepted"):
            found.append(f"{who} lost and is answered {answer.status} {answer.problem}")
        elif answer.holder("name") != names[winner]:
            found.append(f"{who} is told that {answer.holder('name')} has it, not {names[winner]}")
    if view["state"] != "accepted" or (view["holder"] or {}).get("who") != winner:
        found.append(f"stands {view['state']} with {view['holder']}, not with {winner}")
    return found + timeline_faults(view, 1)


def timeline_faults(view, acceptances):
    """How often it was taken, and that nothing was begun for others after that."""
    kinds = [entry["kind"] for entry in view["timeline"]]
    found = []
    if kinds.count("accepted") != acceptances:
        found.append(f"taken {kinds.count('accepted')} times in its timeline")
    if "accepted" in kinds:
        after = set(kinds[kinds.index("accepted"):])
        if after & {"step_started", "exhausted", "round_ended"}:
            found.append(f"went on after it was taken: {sorted(after)}")
    return found


def deadline_faults(answer, late_answer, view, holder, name, second_by_deadline):
    """holder's acceptance met the deadline of the step; late_answer: another one's afterwards."""
    found = []
    if answer.status != 200 or answer.holder("who") != holder:
        found.append(f"{holder} is answered {answer.status} {answer.json}")
    if (late_answer.status, late_answer.problem) != (409, "already-accepted") or \
            late_answer.holder("name") != name:
        found.append(f"the late one is answered {late_answer.status} {late_answer.json}")
    if view["state"] != "accepted" or (view["holder"] or {}).get("who") != holder:
        found.append(f"stands {view['state']} with {view['holder']}, not with {holder}")
    kinds = [entry["kind"] for entry in view["timeline"]]
    passed = deadline_won(view)
    if second_by_deadline:
        alerted = any(attempt["step"] == 2 and attempt["purpose"] == "alert"
                      for attempt in view["attempts"])
        if alerted != passed:
            found.append(f"the second step's people are alerted: {alerted}, due: {passed}")
    elif ("exhausted" in kinds) != passed:
        found.append(f"exhausted: {'exhausted' in kinds}, due: {passed}")
    return found + timeline_faults(view, 1)


def deadline_won(view):
    """Whether the step's time was over before it was taken."""
    kinds = [entry["kind"] for entry in view["timeline"]]
    return "step_ended" in kinds


def three_way_faults(accept, cancel, key, names, view):
    """An acceptance in the app, the desk's cancel and a key pressed on a call, all at once."""
    takers = {"paul": accept, "marie": key}
    winners = [who for who, answer in takers.items() if answer.status == 200]
    found = []
    if cancel.status != 200:
        found.append(f"the cancel is answered {cancel.status} {cancel.json}")
    if len(winners) > 1:
        return found + ["two have it"]
    winner = winners[0] if winners else None
    for who, answer in takers.items():
        if who == winner:
            if answer.holder("who") != who:
                found.append(f"{who} won and is told {answer.json}")
        elif answer.status != 409:
            found.append(f"{who} lost and is answered {answer.status}")
        elif answer.problem == "already-accepted":
            if winner is None or answer.holder("name") != names[winner]:
                found.append(f"{who} is told that {answer.holder('name')} has it, not {winner}")
        elif answer.problem != "closed" or answer.json.get("state") not in CLOSED_STATES:
            found.append(f"{who} lost and is answered {answer.json}")
    state = "cancelled" if winner is None else "cancelling"
    if view["state"] != state or (view["holder"] or {}).get("who") != winner:
        found.append(f"stands {view['state']} with {view['holder']}, not {state} with {winner}")
    return found + timeline_faults(view, 0 if winner is None else 1)


def substance(answer):
    """An answer without what time changes: when the next thing happens is told in wall time."""
    document = answer.json or {}
    return answer.status, answer.problem, [document.get(each) for each in ("id", "state", "holder")]


def crash_faults(before, committed, retries, names, view):
    """before: {slug: answer or None} until the kill; committed: the holder's slug in the database
    at the kill, or None; retries: {slug: [answers]} after it."""
    found = accept_faults({who: answers[0] for who, answers in retries.items()}, names, view)
    for who, answers in retries.items():
        for again in answers[1:]:
            if substance(again) != substance(answers[0]):
                found.append(f"{who} is answered {answers[0]}, then {again}")
        said = before[who]
        if said is None:
            continue
        if substance(said) != substance(answers[0]):
            found.append(f"{who} was answered {said} before the kill, {answers[0]} after it")
        if committed is None:
            found.append(f"{who} was answered {said.status} before it was durable")
    holder = (view["holder"] or {}).get("who")
    if committed is not None and holder != committed:
        found.append(f"{committed} had it at the kill, {holder} has it after")
    return found
