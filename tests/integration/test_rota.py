"""Who is on call when, against a computation that shares no code with gateway/rota.

Random rotas in ten zones over ten years, from a fixed seed. Here a moment is asked, layer by layer,
on the local clock that Python's zoneinfo tells; there intervals are compiled from a zone file read
by the gateway. Both read the machine's tzdata.
"""

import bisect
import datetime
import functools
import json
import os
import pathlib
import random
import subprocess
import unittest
import zoneinfo

ZONES = ["Europe/Paris", "Europe/Dublin", "America/Miquelon", "America/Cayenne", "Indian/Reunion",
         "Pacific/Noumea", "America/Santiago", "Africa/Cairo", "Africa/Casablanca",
         "Australia/Lord_Howe"]
ROTAS_A_ZONE = 8
WINDOW_DAYS = 45
YEARS = 10
MOMENTS = 10
DAY = datetime.timedelta(days=1)
EPOCH = datetime.datetime(1970, 1, 1)
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
BYDAY = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
AGENTS = ["paul", "marie", "lea", "jean", "anne"]
VARIANTS = {"fr": (), "fr-alsace-moselle": ((12, 26),), "fr-reunion": ((12, 20),),
            "fr-saint-martin": ((5, 28),), "fr-mayotte": ((4, 27),)}


# ---- the local clock ----

def local(zone, second):
    """What the clock shows at a second of UTC."""
    return datetime.datetime.fromtimestamp(second, zone).replace(tzinfo=None)


@functools.lru_cache(maxsize=None)
def instant(zone, wall, last=False):
    """The second of UTC at which the clock shows that time for the first or for the last time; the
    one at which it shows a later time, when it is skipped."""
    second = int(wall.replace(tzinfo=zone, fold=int(last)).timestamp())
    if local(zone, second) != wall:
        second = int(wall.replace(tzinfo=zone, fold=0).timestamp())
    if local(zone, second) == wall:
        return second
    # Skipped: the jump is the first second that shows more, half a day at most before this one.
    low, high = second - 43200, second
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if local(zone, middle) < wall else (low, middle)
    return high


@functools.lru_cache(maxsize=None)
def date_of(text):
    return datetime.datetime.strptime(text, "%Y-%m-%d")


@functools.lru_cache(maxsize=None)
def second_of(text):
    wall = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int((wall - EPOCH).total_seconds())


@functools.lru_cache(maxsize=None)
def seconds_of(time):
    return sum(int(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1)))


def clock_set_back(zone):
    """The second at which the clock is set back for the first time from 2027 on; None: never."""
    first = int((datetime.datetime(2027, 1, 1) - EPOCH).total_seconds())
    for second in range(first, first + 366 * 86400, 1800):
        if local(zone, second) < local(zone, second - 1):
            return second
    return None


# ---- holidays and opening hours ----

@functools.lru_cache(maxsize=None)
def easter(year):
    """Oudin's computus."""
    century = year // 100
    golden = year % 19
    skipped = (century - 17) // 25
    moon = (century - century // 4 - (century - skipped) // 3 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (moon // 28) * (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - weekday
    month = 3 + (offset + 40) // 44
    return datetime.datetime(year, month, offset + 28 - 31 * (month // 4))


@functools.lru_cache(maxsize=None)
def is_holiday(variant, day):
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    movable = [1, 39, 50] + ([-2] if variant == "fr-alsace-moselle" else [])
    return ((day.month, day.day) in fixed + VARIANTS[variant]
            or (day - easter(day.year)).days in movable)


def windows_of_day(hours, variant, day):
    """(from, to) in seconds behind midnight of what opens on a date."""
    exceptions = {entry["date"]: entry["windows"] for entry in hours.get("exceptions", [])}
    name = day.strftime("%Y-%m-%d")
    if name in exceptions:
        found = exceptions[name]
    elif "holidays" in hours and is_holiday(variant, day):
        found = hours["holidays"]
    else:
        found = [entry for entry in hours["weekly"] if WEEKDAYS[day.weekday()] in entry["days"]]
    for window in found:
        begin, end = seconds_of(window["from"]), seconds_of(window["to"])
        yield begin, end + (86400 if end <= begin else 0)


def is_within(zone, second, begin, end, off=False):
    """Of a time that comes twice, duty begins with the first and ends with the last; with what puts
    somebody off duty it is the other way round."""
    return instant(zone, begin, off) <= second < instant(zone, end, not off)


def is_open(case, second, off=False):
    today = local(case.zone, second).replace(hour=0, minute=0, second=0)
    for day in (today - 2 * DAY, today - DAY, today, today + DAY):
        for begin, end in windows_of_day(case.hours, case.holidays, day):
            if is_within(case.zone, second, day + datetime.timedelta(seconds=begin),
                         day + datetime.timedelta(seconds=end), off):
                return True
    return False


def on_holiday(case, second, off=False):
    today = local(case.zone, second).replace(hour=0, minute=0, second=0)
    return any(is_holiday(case.holidays, day) and is_within(case.zone, second, day, day + DAY, off)
               for day in (today - DAY, today, today + DAY))


# ---- layers ----

def in_week(case, restriction, second):
    today = local(case.zone, second).replace(hour=0, minute=0, second=0)
    monday = today - today.weekday() * DAY
    ends = [WEEKDAYS.index(restriction[end]["weekday"]) * 86400
            + seconds_of(restriction[end]["time"]) for end in ("from", "to")]
    ends[1] += 7 * 86400 if ends[1] <= ends[0] else 0
    return any(is_within(case.zone, second, *(monday + datetime.timedelta(weeks=week, seconds=end)
                                              for end in ends)) for week in (-2, -1, 0, 1))


def on_duty(case, layer, second):
    restrictions = layer.get("restrictions", [])
    if any("except" in restriction for restriction in restrictions) and on_holiday(case, second,
                                                                                      off=True):
        return False
    tests = {"opening-hours": lambda: is_open(case, second),
             "outside-opening-hours": lambda: not is_open(case, second, off=True),
             "holidays": lambda: on_holiday(case, second)}
    on = [restriction for restriction in restrictions if "except" not in restriction]
    return not on or any(tests[restriction["only"]]() if "only" in restriction
                         else in_week(case, restriction, second) for restriction in on)


def fits_rule(rule, start, day):
    """Whether a date is one of the rule's, of those that random_rule() makes."""
    interval = int(rule.get("INTERVAL", 1))
    if rule["FREQ"] == "DAILY":
        return (day - start).days % interval == 0
    if rule["FREQ"] == "WEEKLY":
        weeks = ((day - day.weekday() * DAY) - (start - start.weekday() * DAY)).days // 7
        wanted = rule["BYDAY"].split(",") if "BYDAY" in rule else [BYDAY[start.weekday()]]
        return weeks % interval == 0 and BYDAY[day.weekday()] in wanted
    months = (day.year - start.year) * 12 + day.month - start.month
    if months % interval != 0:
        return False
    following = (day.replace(day=1) + 32 * DAY).replace(day=1)
    if "BYMONTHDAY" in rule:
        return int(rule["BYMONTHDAY"]) in (day.day, -(following - day).days)
    position = rule["BYDAY"]
    if position[-2:] != BYDAY[day.weekday()]:
        return False
    number = int(position[:-2])
    return number in ((day.day - 1) // 7 + 1, -(((following - day).days - 1) // 7 + 1))


def hand_overs(case, layer):
    """The instants at which turns begin, in order, up to some days behind the window."""
    start = date_of(layer["starts_on"])
    time = layer["hand_over"]["time"]
    walls = [start + datetime.timedelta(seconds=seconds_of(time))]
    last = local(case.zone, case.to // 1000) + 3 * DAY
    rule = dict(part.split("=") for part in layer.get("recurrence", "").split(";") if part)
    day = start
    turned = 0
    while day < last:
        if layer["turn"] == "custom":
            hours = rule.get("BYHOUR", time[:2]).split(",")
            if fits_rule(rule, start, day):
                walls += [wall for wall in (day + datetime.timedelta(
                    hours=int(hour), seconds=seconds_of(time) % 3600) for hour in hours)
                          if wall > walls[-1]]
        elif day > start and (layer["turn"] == "daily"
                              or WEEKDAYS[day.weekday()] == layer["hand_over"]["weekday"]):
            turned += 1
            if turned % layer["turn_length"] == 0:  # in mid-week a part of the first turn is over
                walls.append(day + datetime.timedelta(seconds=seconds_of(time)))
        day += DAY
    return [instant(case.zone, wall) for wall in walls]


def layer_agent(case, layer, second):
    begins = case.hand_overs(layer)
    turn = bisect.bisect_right(begins, second) - 1
    if turn < 0 or not on_duty(case, layer, second):
        return None
    if "until" in layer:
        end = date_of(layer["until"]) + datetime.timedelta(
            seconds=seconds_of(layer["hand_over"]["time"]))
        if second >= instant(case.zone, end, last=True):
            return None
        # Nobody's turn begins at the end, which may come twice.
        turn = min(turn, bisect.bisect_left(begins, instant(case.zone, end)) - 1)
    participants = layer["participants"]
    for ahead in range(len(participants)):
        agent = participants[(turn + ahead) % len(participants)]
        if not any(entry.get("kind") == "absence" and entry["agent"] == agent
                   and covers(entry, second) for entry in case.rota["overrides"]):
            return agent
    return None


def covers(override, second):
    return second_of(override["from"]) <= second < second_of(override["to"])


def agent_at(case, second):
    agent = None
    for layer in case.rota["layers"]:
        agent = layer_agent(case, layer, second) or agent
    for override in case.rota["overrides"]:
        kind = override.get("kind", "replace")
        if not covers(override, second) or kind == "absence":
            continue
        if kind == "replace":
            agent = override["agent"]
        elif agent in (override["agent"], override["with"]):
            agent = override["with"] if agent == override["agent"] else override["agent"]
    return agent


# ---- random rotas ----

def random_time(draw):
    return draw.choice(["00:00", "02:00", "02:30", "03:00", "08:00", "09:15:30", "18:00", "23:59"])


def random_rule(draw):
    rule = {"FREQ": draw.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY"])}
    if draw.random() < 0.5:
        rule["INTERVAL"] = str(draw.randint(1, 5))
    if rule["FREQ"] == "WEEKLY" and draw.random() < 0.7:
        rule["BYDAY"] = ",".join(draw.sample(BYDAY, draw.randint(1, 3)))
    elif rule["FREQ"] == "MONTHLY" and draw.random() < 0.5:
        rule["BYMONTHDAY"] = draw.choice(["1", "15", "29", "31", "-1", "-2"])
    elif rule["FREQ"] == "MONTHLY":
        rule["BYDAY"] = draw.choice(["1", "2", "4", "5", "-1"]) + draw.choice(BYDAY)
    if draw.random() < 0.3:
        rule["BYHOUR"] = ",".join(map(str, sorted(draw.sample((0, 2, 3, 9, 20), 2))))
    return ";".join("=".join(part) for part in rule.items())


def random_restriction(draw):
    kind = draw.randint(0, 5)
    if kind < 2:
        return {end: {"weekday": draw.choice(WEEKDAYS), "time": time}
                for end, time in zip(("from", "to"), draw.sample(["00:00", "02:30", "18:00"], 2))}
    return [{"only": "opening-hours"}, {"only": "outside-opening-hours"}, {"only": "holidays"},
            {"except": "holidays"}][kind - 2]


def random_layer(draw):
    turn = draw.choice(["daily", "weekly", "custom"])
    start = datetime.datetime(2026, 1, 1) + draw.randint(0, 400) * DAY
    layer = {"turn": turn, "starts_on": start.strftime("%Y-%m-%d"),
             "hand_over": {"time": random_time(draw)},
             "participants": draw.sample(AGENTS, draw.randint(1, 4)),
             "restrictions": [random_restriction(draw) for _ in range(draw.randint(0, 3))]}
    if turn == "custom":
        layer["recurrence"] = random_rule(draw)
    else:
        layer["turn_length"] = draw.randint(1, 4)
    if turn == "weekly":
        layer["hand_over"]["weekday"] = draw.choice(WEEKDAYS)
    if draw.random() < 0.3:
        layer["until"] = (start + draw.randint(300, 3650) * DAY).strftime("%Y-%m-%d")
    return layer


def random_override(draw, first):
    begin = first + datetime.timedelta(days=draw.randint(-5, WINDOW_DAYS),
                                       seconds=draw.randint(0, 86399))
    end = begin + datetime.timedelta(seconds=draw.randint(1, 10 * 86400))
    one, other = draw.sample(AGENTS, 2)
    entry = {"from": begin.strftime("%Y-%m-%dT%H:%M:%SZ"), "agent": one,
             "to": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {**entry, **draw.choice([{}, {"kind": "replace"}, {"kind": "absence"},
                                    {"kind": "swap", "with": other}])}


def random_hours(draw, first):
    def window():
        return dict(zip(("from", "to"), (random_time(draw), random_time(draw))))
    hours = {"weekly": [{"days": draw.sample(WEEKDAYS, draw.randint(1, 6)), **window()}
                        for _ in range(draw.randint(1, 3))],
             "exceptions": [{"date": day.strftime("%Y-%m-%d"),
                             "windows": [window() for _ in range(draw.randint(0, 2))]}
                            for day in (first + number * DAY
                                        for number in draw.sample(range(WINDOW_DAYS), 3))]}
    if draw.random() < 0.7:
        hours["holidays"] = [window() for _ in range(draw.randint(0, 2))]
    return hours


class Case:
    """A rota with all that it needs, and a window of time."""

    def __init__(self, name, draw):
        self.name = name
        self.zone = zoneinfo.ZoneInfo(name)
        first = datetime.datetime(2026, 1, 1) + draw.randint(0, YEARS * 365) * DAY
        self.start = int((first - EPOCH).total_seconds()) * 1000
        self.to = self.start + WINDOW_DAYS * 86400000
        self.hours = random_hours(draw, first)
        self.holidays = draw.choice(list(VARIANTS))
        self.rota = {"layers": [random_layer(draw) for _ in range(draw.randint(1, 3))],
                     "overrides": [random_override(draw, first) for _ in range(draw.randint(0, 5))]}
        self.moments = sorted(draw.randrange(self.start, self.to) for _ in range(MOMENTS))
        self.known = {}

    def hand_overs(self, layer):
        if id(layer) not in self.known:
            self.known[id(layer)] = hand_overs(self, layer)
        return self.known[id(layer)]

    def question(self):
        return json.dumps({"zone": self.name, "from": self.start, "to": self.to,
                           "at": self.moments, "rota": self.rota, "hours": self.hours,
                           "holidays": self.holidays})

    def edges(self):
        """Seconds at and before which something may change, as this side sees it."""
        begins = [second for layer in self.rota["layers"] for second in self.hand_overs(layer)
                  if self.start <= (second - 1) * 1000 and second * 1000 < self.to]
        return [second - before for second in begins for before in (0, 1)]


class Rota(unittest.TestCase):
    def test_agrees_with_an_independent_computation(self):
        draw = random.Random(20261129)
        cases = [Case(zone, draw) for zone in ZONES for _ in range(ROTAS_A_ZONE)]
        program = pathlib.Path(os.environ["SUPPORT_BUILD_DIR"]) / "rota-answers"
        done = subprocess.run([program], input="".join(case.question() + "\n" for case in cases),
                              capture_output=True, text=True, check=False)
        answers = done.stdout.split("\n")
        self.assertEqual(len(answers), 2 * len(cases) + 1, answers[-2])
        asked = on_call = 0
        for number, case in enumerate(cases):
            intervals = [(int(begin), int(end), agent) for begin, end, agent in
                         (part.split(" ") for part in answers[2 * number].split(";") if part)]
            for moment, agent in zip(case.moments, answers[2 * number + 1].split(" ")):
                self.check(case, moment // 1000, agent if agent != "-" else None)
            seconds = {edge // 1000 - before for interval in intervals for edge in interval[:2]
                       for before in (0, 1)} | set(case.edges())
            for second in seconds:
                if case.start <= second * 1000 < case.to:
                    self.check(case, second, self.compiled(intervals, second * 1000))
                    asked += 1
                    on_call += self.compiled(intervals, second * 1000) is not None
        self.assertGreater(on_call, 1000)  # that the draw has both
        self.assertGreater(asked - on_call, 500)

    def test_an_ambiguous_hour_overlaps_and_never_gaps(self):
        """Whoever is on duty between two times of the day is so at every minute at which the clock
        shows one in between, be it the first time or the last. Nothing of the above is used."""
        asked = twice = 0
        for name in ZONES:
            zone = zoneinfo.ZoneInfo(name)
            night = clock_set_back(zone)
            if night is None:
                continue
            for begin, end in (("00:00", "00:40"), ("01:15", "01:50"), ("02:00", "02:50"),
                               ("23:10", "23:30"), ("01:30", "02:30")):
                minutes = [night + 60 * number for number in range(-1440, 1440)]
                shown = [local(zone, minute).strftime("%H:%M") for minute in minutes]
                on_duty_by = {"weekly": [{"from": {"weekday": day, "time": begin},
                                          "to": {"weekday": day, "time": end}} for day in WEEKDAYS],
                              "hours": [{"only": "opening-hours"}],
                              "closed": [{"only": "outside-opening-hours"}]}
                for kind, restrictions in on_duty_by.items():
                    on_call = self.ask(name, minutes, restrictions, begin, end)
                    for minute, wall, agent in zip(minutes, shown, on_call):
                        if (begin <= wall < end) != (kind == "closed"):
                            self.assertEqual(agent, "paul", (name, kind, begin, end, minute, wall))
                            asked += 1
                            twice += local(zone, minute + 3600).strftime("%H:%M") == wall
        self.assertGreater(asked, 10000)
        self.assertGreater(twice, 100)

    @staticmethod
    def ask(zone, moments, restrictions, begin, end):
        layer = {"turn": "daily", "turn_length": 1, "starts_on": "2026-01-01", "hand_over":
                 {"time": begin}, "participants": ["paul"], "restrictions": restrictions}
        question = {"zone": zone, "from": moments[0] * 1000, "to": moments[-1] * 1000 + 60000,
                    "at": [], "rota": {"layers": [layer], "overrides": []},
                    "hours": {"weekly": [{"days": WEEKDAYS, "from": begin, "to": end}]}}
        program = pathlib.Path(os.environ["SUPPORT_BUILD_DIR"]) / "rota-answers"
        done = subprocess.run([program], input=json.dumps(question) + "\n", capture_output=True,
                              text=True, check=True)
        intervals = [part.split(" ") for part in done.stdout.split("\n")[0].split(";") if part]
        return [next((agent for first, last, agent in intervals
                      if int(first) <= moment * 1000 < int(last)), None) for moment in moments]

    @staticmethod
    def compiled(intervals, moment):
        return next((agent for begin, end, agent in intervals if begin <= moment < end), None)

    def check(self, case, second, agent):
        expected = agent_at(case, second)
        if agent != expected:
            self.fail(f"{case.name} at {EPOCH + datetime.timedelta(seconds=second)}Z: {agent}, "
                      f"expected {expected}: {case.question()}")


if __name__ == "__main__":
    unittest.main()
