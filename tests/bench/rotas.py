"""What rotas cost: who is on call at a moment, and a look at the coverage of weeks to come."""

import json
import statistics
import time

from benchmarks import House, Row, a_second, check, counted, median_by, milliseconds

ROTAS_A_CUSTOMER = 2
PEOPLE = ["anne", "bob", "cleo", "dan"]
# As a surgery has it: weeks by day and night, weekends by the day, and changes of the summer.
WORKING_ROTA = {
    "layers": [
        {"turn": "weekly", "turn_length": 1, "starts_on": "2024-01-01",
         "hand_over": {"weekday": "monday", "time": "08:30"}, "participants": PEOPLE},
        {"turn": "daily", "turn_length": 1, "starts_on": "2024-01-01",
         "hand_over": {"time": "08:00"}, "participants": PEOPLE[2:],
         "restrictions": [{"from": {"weekday": "friday", "time": "18:00"},
                           "to": {"weekday": "monday", "time": "08:30"}}]}],
    "overrides": [
        {"from": "2026-07-13T08:00:00Z", "to": "2026-07-20T08:00:00Z", "agent": "dan",
         "kind": "absence"},
        {"from": "2026-08-01T06:00:00Z", "to": "2026-08-03T06:00:00Z", "agent": "anne",
         "kind": "swap", "with": "cleo"},
        {"from": "2026-12-24T17:00:00Z", "to": "2026-12-26T07:00:00Z", "agent": "bob"}],
}


def who(bench):
    """Who is on call at moments of ten years, by the rota alone, beside their local times."""
    path = bench.place("who") / "rota.json"
    path.write_text(json.dumps(WORKING_ROTA))
    times = 20_000 if bench.quick else 200_000
    result = median_by([json.loads(bench.program(
        "rota_cost", "--rota", path, "--times", times, "--who"))
        for _ in range(bench.repetitions)], "took_ns")
    check(result["answered"] == times, f"nobody is on call {times - result['answered']} times")
    per_s, bare_per_s = (times * 1e9 / result[key] for key in ("took_ns", "bare_ns"))
    return [Row("who is on call at a moment, 2 layers, 3 overrides",
                f"localtime_r {a_second(bare_per_s)}", a_second(per_s), per_s / bare_per_s, "",
                None),
            Row("  p50", "", f"{result['p50_ns'] / 1000:.1f} µs", None, "", None),
            Row("  p99", "", f"{result['p99_ns'] / 1000:.1f} µs", None, "", None)]


def daily_rota(turn):
    """Four people change every morning; the clocks of the nights change as anywhere."""
    return {"layers": [{"turn": "daily", "turn_length": 1, "starts_on": "2024-01-01",
                        "hand_over": {"time": "08:00"},
                        "participants": PEOPLE[turn:] + PEOPLE[:turn]}]}


def add_rotas(house, number):
    """One customer with rotas for two roles and a procedure that asks both, by telephone."""
    place = f"/v1/customers/client-{number}"
    base = {"name": f"Client {number}", "time_zone": "Europe/Paris", "language": "fr",
            "alias": "le client"}
    steps = [{"notify": [{"on_call": role}], "by": ["call"], "accepted_within_s": 120}
             for role in ("principal", "renfort")]
    puts = [("", base)]
    puts += [(f"/agents/{slug}", {"name": slug, "phone": f"+3360000{number:03}{i}"})
             for i, slug in enumerate(PEOPLE)]
    puts += [(f"/rotas/{role}", daily_rota(turn))
             for turn, role in enumerate(("principal", "renfort"))]
    puts += [("/procedures/nuit", {"rounds": 2, "steps": steps}),
             ("", {**base, "default_procedure": "nuit"})]
    for path, body in puts:
        answer = house.admin.put(place + path, body)
        check(answer.status in (200, 201), f"PUT {place}{path}: {answer}")


def coverage(bench):
    """The next 90 days of many rotas in one request, beside compiling as many bare."""
    count = 200 if bench.quick else 1000
    path = bench.place("rota") / "rota.json"
    path.write_text(json.dumps(daily_rota(0)))
    bare = median_by([json.loads(bench.program(
        "rota_cost", "--rota", path, "--times", count, "--days", 90))
        for _ in range(bench.repetitions)], "took_us")["took_us"] / 1000
    with House(bench) as house:
        for number in range(count // ROTAS_A_CUSTOMER):
            add_rotas(house, number)
        took = []
        for _ in range(bench.repetitions):
            began = time.monotonic()
            answer = house.admin.get("/v1/coverage?number_proof_d=0")  # nobody was called
            took.append((time.monotonic() - began) * 1000)
            check(answer.status == 200, f"GET /v1/coverage: {answer}")
            check(answer["customers"] == count // ROTAS_A_CUSTOMER and not answer["items"],
                  f"{answer['customers']} customers, {len(answer['items'])} findings")
            check(all(each["human_within_s"] == 480 for each in answer["procedures"]),
                  "a procedure that takes another time")
    measured = statistics.median(took)
    return [Row(f"coverage of 90 days, {counted(count)} rotas",
                f"compiled bare {milliseconds(bare)}", milliseconds(measured), measured / bare,
                "", None)]


BENCHMARKS = {"who": who, "coverage": coverage}
