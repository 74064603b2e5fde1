"""A scenario file is taken word for word or not at all: what is misspelt, too much or out of order
is told by file and line, and nothing runs. SCENARIO in the environment is the runner."""

import os
import resource
import signal
import subprocess
import tempfile
import unittest

# Lines that are good; a case replaces one of them by its number, or adds some at the end.
NIGHT = """\
customer clinic
agent paul +33611111111 apns
agent marie +33622222222 fcm
contact director +33633333333
rota primary paul
procedure night rounds 2
step notify on_call primary by push received 20 accepted 60
exhausted callback desk
at 0:00 escalate critical "Lift stuck" promise 600 as lift
expect push paul
""".splitlines()
END = len(NIGHT) + 1

WATCHED = """\
watched seed 7 trunk 2 day 77 keeping all
customer customer-0
agent agent-0-0 +33600000000
device agent-0-0 apns phone-0 target-0
rota primary agent-0-0
procedure night rounds 2
step notify on_call primary by push received 20 accepted 60
customer customer-1
agent agent-1-0 +33600000002
at 1:00 for customer-0
at 1:00 escalate critical "Lift stuck" key key-1 as key-1
""".splitlines()
WATCHED_END = len(WATCHED) + 1

# What stands in which line instead, and what is said of it.
BAD_LINES = (
    # words that are none
    (1, "costumer clinic", 'no statement begins with "costumer": did you mean "customer"?'),
    (7, "step notify on_call primary by push recieved 20",
     '"recieved" is not understood here: did you mean "received"? expected "push", "call", '
     '"received", "accepted", "acceptances" or the end of the line'),
    (9, 'escalate critical "Lift stuck" promis 600', 'did you mean "promise"?'),
    (9, 'escalate critcal "Lift stuck"',
     '"critcal" is not understood here: did you mean "critical"? expected a severity (info, minor, '
     'major, critical)'),
    (6, "procedure night round 2", 'did you mean "rounds"?'),
    (7, "step tell on_call primary by push", '"tell" is not understood here: expected "notify"'),
    (7, "step notify on_call primary by psuh", 'did you mean "push"?'),
    (END, "phone of paul of", 'expected "on" or "off"'),
    (END, "provider apn down", 'did you mean "apns"?'),
    (END, "provider apns dwon", 'did you mean "down"?'),
    (END, "disk ful", 'did you mean "full"?'),
    (END, "crush", 'did you mean "crash"?'),
    (END, "power fails 5s", 'expected "for"'),
    (END, "reboot 90s", 'expected "takes"'),
    (END, "clock jumps bakc 5s", 'did you mean "back"?'),
    (END, "paul acepts", 'did you mean "accepts"?'),
    (END, "desk resume", 'did you mean "resumes"?'),
    (END, "desk reports paul acepts", 'did you mean "accepts"?'),
    (END, "call of paul bussy", 'did you mean "busy"?'),
    (END, "expect pussh paul", 'did you mean "push"?'),
    (END, "expect push paul withdrawn", 'did you mean "withdraw"?'),
    (END, "expect state acepted", 'did you mean "accepted"?'),
    (END, "expect no task promis", 'did you mean "promise"?'),
    (END, "expect answer already-acepted", 'did you mean "already-accepted"?'),
    (END, 'expect no timeline "lat"',
     '"lat" is not understood here: expected an entry of the timeline'),
    (END, 'expect no timeline "step_ended paull"', "expected an entry of the timeline"),
    (END, "agent karim apsn", 'did you mean "apns"?'),
    (END, "device paul apnss phone-2 target-2", 'did you mean "apns"?'),
    (END, "expetc push paul", 'no statement begins with "expetc": did you mean "expect"?'),
    (END, "exepct at 1:00 push paul", 'did you mean "expect"?'),
    (END, "at 1:00 expcet push paul", 'did you mean "expect"?'),
    (END, "att 1:00 crash", 'no statement begins with "att": did you mean "at"?'),
    (END, "slience until 5:00", 'did you mean "expect silence"?'),
    (END, "silence until 5:00", 'did you mean "expect silence"?'),
    (END, 'timelnie "late"', 'did you mean "expect timeline"?'),
    # nobody
    (END, "phone of nobody off",
     '"nobody" is not understood here: expected an agent (paul, marie)'),
    (END, "phone of director off", "expected an agent (paul, marie)"),
    (END, "pual accepts", 'no statement begins with "pual": did you mean "paul"?'),
    (END, "call of maria accepted",
     'did you mean "marie"? expected an agent or a contact (paul, marie, director)'),
    (END, "calls of maria busy", 'did you mean "marie"?'),
    (END, "desk reports maria accepts", 'did you mean "marie"?'),
    (5, "rota primary pual", 'did you mean "paul"?'),
    (5, "rota primary daily 02:30 paul maria", 'did you mean "marie"?'),
    (7, "step notify on_call primery by push", 'did you mean "primary"?'),
    (7, "step notify agent maria by push", 'did you mean "marie"?'),
    (8, "exhausted contact directer by call", 'did you mean "director"?'),
    (END, "device nobody apns phone-2 target-2", "expected an agent (paul, marie)"),
    (END, "expect no push maria", 'did you mean "marie"?'),
    (END, "expect never call nobody", "expected an agent or a contact"),
    (END, "expect no callback desc",
     'did you mean "desk"? expected a callback (call-centre, desk)'),
    (END, "expect state accepted by maria", 'did you mean "marie"?'),
    (END, "about left", 'did you mean "lift"? expected an escalation (lift)'),
    (END, 'escalate major "Fire" procedure nigth',
     'did you mean "night"? expected a procedure (does-not-exist, night)'),
    # too many words, and too few
    (END, "paul accepts and goes",
     '"and" is not understood here: expected "from", "eta" or the end of the line'),
    (END, "crash now",
     '"now" is not understood here: expected the end of the line'),
    (END, "paul done from push", '"from" is not understood here'),
    (1, "customer clinic Paris", '"Paris" is not understood here: expected the end of the line'),
    (5, "rota primary daily 02:30 paul marie paul", "expected the end of the line"),
    (8, "exhausted callback desk by call", "expected the end of the line"),
    (END, "expect no push marie 2 times", '"2" is not understood here'),
    (END, "expect push paul 2", 'the line ends too early: expected "times"'),
    (END, "expect silence until 5:00 for marie", "expected the end of the line"),
    (END, 'escalate major "Fire" promise 60 promise 90',
     '"promise" is not understood here: it was said already'),
    (END, 'escalate major "Fire" promise',
     "the line ends too early: expected a whole number from 1 to 999999999"),
    (END, "escalate major", 'the line ends too early: expected a text in quotes'),
    (END, "escalate major drill", '"drill" is not understood here: expected a text in quotes'),
    (END, "escalate", "the line ends too early: expected a severity"),
    (END, "expect", 'the line ends too early'),
    (END, "at 1:00", "the line ends too early: a statement is expected behind the time"),
    (END, "expect at 1:00", "the line ends too early"),
    (7, "step notify by push", '"by" is not understood here'),
    (7, "step notify on_call primary by", 'the line ends too early: expected "push" or "call"'),
    (END, "desk notes", "the line ends too early: expected a text in quotes"),
    (END, 'desk notes "done" by', "the line ends too early: expected a word"),
    (END, 'expect timeline ""', "expected a text in quotes"),
    (END, 'expect timeline " "', "expected a text in quotes"),
    (END, 'expect no timeline ""', "expected an entry of the timeline"),
    (END, 'expect answer ok ""', "expected a word or a text in quotes"),
    (END, '"paul" accepts', 'no statement begins with "paul"'),
    (END, " ".join(["expect"] * 33), "more than 32 words in a line"),
    (END, "expect timeline \"" + "x" * 1100 + "\"", "longer than 1023 bytes"),
    # quotes
    (9, 'escalate critical "Lift stuck promise 600', 'a quote is not closed: " is missing'),
    (9, "escalate critical 'Lift stuck", "a quote is not closed: ' is missing"),
    (9, 'escalate critical "Lift"stuck"', "a space is missing behind a closing quote"),
    (9, 'escalate critical Lift"stuck"', 'a quote stands inside a word: Lift"stuck"'),
    (END, "paul accepts\r", "the line ends with a carriage return"),
    # numbers and times
    (9, 'escalate critical "Lift stuck" promise ten',
     '"ten" is not understood here: expected a whole number from 1 to 999999999'),
    (9, 'escalate critical "Lift stuck" promise 600s', '"600s" is not understood here'),
    (9, 'escalate critical "Lift stuck" promise -600', '"-600" is not understood here'),
    (9, 'escalate critical "Lift stuck" promise 0', '"0" is not understood here'),
    (9, 'escalate critical "Lift stuck" promise 9999999999', "a whole number from 1 to 999999999"),
    (6, "procedure night rounds two", "a whole number from 1 to 10"),
    (6, "procedure night rounds 999", '"999" is not understood here: expected a whole number from '
     "1 to 10"),
    (6, "procedure night round_spacing_s 3601", "a whole number from 1 to 3600"),
    (6, "procedure night progress_within_s 86401", "a whole number from 1 to 86400"),
    (7, "step notify on_call primary by push received x", "a whole number from 1 to 3600"),
    (7, "step notify on_call primary by push received 3601", "a whole number from 1 to 3600"),
    (7, "step notify on_call primary by push accepted 86401", "a whole number from 1 to 86400"),
    (END, "trunk many", "a whole number from 1 to 999999999"),
    (END, "expect push paul 0 times", '"0" is not understood here'),
    (END, "paul on_my_way eta soon", "a whole number from 1 to 999999999"),
    (END, "at 1:75 crash", '"1:75" is no time: expected a time such as 1:20, 1:20.5 or 90s'),
    (END, "at 1:5 crash", '"1:5" is no time'),
    (END, "at 90 crash", '"90" is no time'),
    (END, "at 1e2s crash", '"1e2s" is no time'),
    (END, "at soon crash", '"soon" is no time'),
    (END, "expect at 1:-5 push paul", '"1:-5" is no time'),
    (END, "time passes 0x10s", "expected a time such as 1:20, 1:20.5 or 90s"),
    (END, "stalled for 30", "expected a time such as 1:20, 1:20.5 or 90s"),
    (END, "time passes 31536001s", "expected a time such as 1:20, 1:20.5 or 90s, a year at most"),
    (END, "at 525600:01 crash", '"525600:01" is no time: expected a time such as 1:20, 1:20.5 or '
     "90s, a year at most"),
    (5, "rota primary daily 25:00 paul marie", "expected a time of the day such as 02:30"),
    (5, "rota primary daily 2:30 paul marie", "expected a time of the day such as 02:30"),
    # telephone numbers, as the API takes them
    (4, "contact director 0612", "expected a number such as +33612345678"),
    (4, "contact director +33", '"+33" is not understood here: expected a number such as '
     "+33612345678"),
    (2, "agent paul +336111111111 apns", '"+336111111111" is not understood here'),
    (2, "agent paul +33011111111 apns", '"+33011111111" is not understood here'),
    (2, "agent paul +49301 apns", '"+49301" is not understood here'),
    (2, "agent paul +4930123456789012 apns", '"+4930123456789012" is not understood here'),
    # order
    (1, "agent paul +33611111111", '"customer" comes first'),
    (END, "watched seed 7 trunk 2 day 77 keeping all", '"watched" must be the first statement'),
    (END, "customer other", "one customer"),
    (END, "step notify on_call primary by call", '"step" belongs right behind its "procedure"'),
    (END, "exhausted callback desk", '"exhausted" belongs right behind its "procedure"'),
    (7, "", '"procedure" has no step'),
    (9, "paul accepts", "there is no escalation yet"),
    (9, "expect push paul", "there is no escalation yet"),
    (END, "at 1:00 crash\nat 0:59 crash", "0:59 has passed already: it is 1:00"),
    (END, "time passes 70s\nexpect at 1:00 push paul", "1:00 has passed already: it is 1:10"),
    (END, "at 1:00 crash\nexpect silence until 1:00", "1:00 has passed already: it is 1:00"),
    (END, 'escalate major "Fire" as lift', '"lift" is the name of another escalation'),
    (END, "agent desk +33644444444", '"desk" is a word of the scenarios'),
    (END, "agent Paul +33644444444", "expected a name of small letters, digits and hyphens"),
    (END, "contact paul +33644444444", '"paul" is an agent already'),
    (END, "at 1:00 expect push paul",
     '"expect" comes first, and the time behind it: expect at 1:00 …'),
    (END, "at 1:00 agent karim", '"at" does not belong in front of this statement'),
    # nights of the simulator
    (END, "sent 1 accepted", "only a watched night says this"),
    (END, "nobody waits", "only a watched night says this"),
    (END, "crash after 3 keeping torn off 0s", "only a watched night says this"),
    (END, "disk fails write after 2", "only a watched night says this"),
    (END, "for clinic", "only a watched night says this"),
)

BAD_WATCHED_LINES = (
    (1, "watched sed 7 trunk 2 day 77 keeping all", 'did you mean "seed"?'),
    (1, "watched seed 7 trunk 2 day 77 keeping al", 'did you mean "all"?'),
    (1, "watched seed x trunk 2 day 77 keeping all",
     "expected a whole number from 0 to 18446744073709551615"),
    (WATCHED_END, "disk full", "no place in a watched night"),
    (WATCHED_END, "phone of agent-0-0 off", "no place in a watched night"),
    (WATCHED_END, "a lok", 'did you mean "look"?'),
    (WATCHED_END, "nobody wait", 'did you mean "waits"?'),
    (WATCHED_END, "nothing brakes", 'did you mean "breaks"?'),
    (WATCHED_END, "sent 1 acceptd", 'did you mean'),
    (WATCHED_END, "sent one accepted", "a whole number from 1 to 999999999"),
    (WATCHED_END, "is poison at sending", 'expected "send" or "work"'),
    (WATCHED_END, "disk works agin", 'did you mean "again"?'),
    (WATCHED_END, "disk fails write after 2 forever", 'did you mean "for_ever"?'),
    (WATCHED_END, "agent-1-0 accepts", 'no statement begins with "agent-1-0"'),
    (WATCHED_END, "for customer-2", 'did you mean "customer-0"?'),
    (WATCHED_END, "agent-0-0 checks_in phone-0", 'expected "with"'),
    (WATCHED_END, "trouble 20s", 'expected "for"'),
    (WATCHED_END, "memory fails after 100 times", "a whole number from 0 to 999999999"),
    (WATCHED_END, "no_room for x", "a whole number from 1 to 999999999"),
)


def replaced(night, number, text):
    lines = list(night)
    lines[number - 1:number] = text.split("\n")
    return "\n".join(lines) + "\n"


class Strict(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "night.scenario")

    def run_scenario(self, *words):
        return subprocess.run([os.environ["SCENARIO"], *words], capture_output=True, text=True,
                              check=False, timeout=60)

    def try_text(self, text):
        with open(self.path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return self.run_scenario(self.path)

    def check_refused(self, text, number, said):
        done = self.try_text(text)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertTrue(done.stderr.startswith(f"{self.path}:{number}: "), done.stderr)
        self.assertIn(said, done.stderr.split("\n", maxsplit=1)[0])

    def test_the_nights_are_good_without_a_bad_line(self):
        for night in (NIGHT, WATCHED):
            done = self.try_text("\n".join(night) + "\n")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, f"{self.path}: ok\n", ""))
        done = self.try_text("\n".join(NIGHT))  # no newline at the end
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_bad_line_is_told_and_nothing_runs(self):
        for night, cases in ((NIGHT, BAD_LINES), (WATCHED, BAD_WATCHED_LINES)):
            for number, text, said in cases:
                with self.subTest(line=text):
                    line = number + text.count("\n")
                    if text == "":
                        line = number - 1  # told where the procedure begins
                    self.check_refused(replaced(night, number, text), line, said)

    def test_each_bad_line_is_told(self):
        text = "\n".join(NIGHT + ["crush", "paul acepts", "expect push paul"]) + "\n"
        done = self.try_text(text)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{self.path}:{END}: ", done.stderr)
        self.assertIn(f"{self.path}:{END + 1}: ", done.stderr)
        self.assertNotIn(f"{self.path}:{END + 2}: ", done.stderr)

    def test_how_the_line_should_read_is_shown(self):
        done = self.try_text(replaced(NIGHT, END, "desk splits x"))
        self.assertIn("\n    desk splits COUNT [by OPERATOR] [as NEW_ESCALATION]\n", done.stderr)

    def test_a_night_that_expects_nothing_is_refused(self):
        self.check_refused("\n".join(NIGHT[:-1]) + "\n", len(NIGHT) - 1,
                           'nothing is expected: a line that begins with "expect" is missing')

    def test_a_file_without_a_night_is_refused(self):
        for text in ("", "\n", "# only words\n\n"):
            self.check_refused(text, max(text.count("\n"), 1), "no statement stands in it")

    def test_a_byte_of_zero_is_refused(self):
        self.check_refused("\n".join(NIGHT) + "\nexpect push\0paul\n", END, "a zero byte")

    def test_a_player_that_is_killed_leaves_nothing_behind(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(NIGHT + ["time passes 2592000s"]) + "\n")
        temporary = os.path.join(self.folder, "tmp")
        os.mkdir(temporary)
        killed = subprocess.run(
            [os.environ["SCENARIO"], self.path], capture_output=True, check=False, timeout=60,
            env={**os.environ, "TMPDIR": temporary},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1)))
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertEqual(os.listdir(temporary), [])

    def test_what_is_no_file_is_refused(self):
        for path, said in ((self.folder, "Is a directory"),
                           (os.path.join(self.folder, "none"), "No such file or directory")):
            done = self.run_scenario(path)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, f"{path}: cannot be read: {said}\n")

    def test_a_bad_file_keeps_the_good_ones_from_running(self):
        good = os.path.join(self.folder, "good.scenario")
        with open(good, "w", encoding="utf-8") as file:
            file.write("\n".join(NIGHT) + "\n")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(NIGHT) + "\ncrush\n")
        done = self.run_scenario(good, self.path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_a_procedure_that_is_refused_is_named_by_its_own_line(self):
        """What no line alone shows: here more steps than the gateway takes."""
        steps = [NIGHT[6]] * 21
        done = self.try_text("\n".join(NIGHT[:6] + ["# the steps"] + steps + NIGHT[7:]) + "\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith(f"{self.path}:6: refused: invalid"), done.stderr)

    def test_an_answer_that_was_not_expected_is_told_without_a_stray_blank(self):
        for expected, said in (("not-found", "not-found, found ok"),
                               ('ok "nosuch"', "ok nosuch, found ok ")):
            done = self.try_text(replaced(NIGHT, END, f"expect answer {expected}"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"expected answer {said}", done.stderr)

    def test_values_are_no_options(self):
        """A quoted word, or a name, that reads like an option's is none."""
        done = self.try_text(replaced(NIGHT, 9, 'escalate critical "key" caller "as" as lift')
                             + 'desk notes "by" by Karim\nexpect timeline "Karim"\n')
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_help_is_a_page(self):
        done = self.run_scenario("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("Usage: scenario ", "--check", "--help", "--statements", "Exit status",
                     "Example", "FORMAT.md"):
            self.assertIn(part, done.stdout)
        for line in done.stdout.split("\n"):
            self.assertLessEqual(len(line), 80, line)

    def test_the_example_of_the_help_holds(self):
        lines = self.run_scenario("--help").stdout.split("\n")
        begin = lines.index("  $ cat night.scenario") + 1
        end = next(i for i in range(begin, len(lines)) if lines[i].startswith("  $ "))
        done = self.try_text("\n".join(line[2:] for line in lines[begin:end]) + "\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(lines[end + 1].endswith("night.scenario: ok"))

    def test_statements_are_listed(self):
        done = self.run_scenario("--statements")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("phone of AGENT on|off", done.stdout)

    def test_check_runs_nothing(self):
        text = replaced(NIGHT, END, "expect push marie")
        self.assertEqual(self.try_text(text).returncode, 1)
        done = self.run_scenario("--check", self.path)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f"{self.path}: well written\n", ""))

    def test_a_bad_command_line_is_refused(self):
        for words, said in (((), "no file is named"), (("--chek", "x"), "--chek"),
                            (("--check",), "no file is named")):
            done = self.run_scenario(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(said, done.stderr)
            self.assertIn("--help explains", done.stderr)


if __name__ == "__main__":
    unittest.main()
