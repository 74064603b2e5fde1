"""The push library as a stranger finds it: installed, built against from outside, and sending."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from test_provider_simulator import DEVICE, Simulator

SOURCE_DIR = os.environ.get("SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD_DIR = os.environ.get("BUILD_DIR", os.path.join(SOURCE_DIR, "build", "debug"))
EXAMPLE = os.path.join(SOURCE_DIR, "contrib", "examples", "push-one")
HEADERS = {"apns-fcm/push.h"} | {
    f"gateway/base/{name}.h" for name in ("burden", "clock", "random", "status", "time", "uuid")
}


def run(*command, **options):
    """Runs a program that must succeed; its output is the reason when it does not."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}:\n{done.stdout}")
    return done.stdout


def build_settings():
    """What the build was configured with."""
    with open(os.path.join(BUILD_DIR, "CMakeCache.txt"), encoding="utf-8") as cache:
        return dict(re.findall(r"^(\w+):\w+=(.*)$", cache.read(), re.MULTILINE))


def symbols(path, *options):
    """The names a library defines for others."""
    lines = run("nm", "--defined-only", *options, path).splitlines()
    return {line.split()[2] for line in lines if re.match(r"[0-9a-f]+ [A-Z] ", line)}


def declared(text):
    """The functions and tables that a header declares for the linker."""
    text = re.sub(r"/\*.*?\*/|^#.*?(?<!\\)$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = text.replace('extern "C" {', "")
    text = re.sub(r"static inline [^{]*\{.*?^\}", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"__attribute__\(\(.*?\)\)\)?", "", text)
    text = re.sub(r"\{[^{}]*\}", "", re.sub(r"\{[^{}]*\}", "", text))
    functions = re.findall(r"^(?!typedef )\w[\w \n*]*?\b(\w+)\([^;]*\)[^;()]*;", text, re.MULTILINE)
    return set(functions) | set(re.findall(r"^extern [\w ]*?(\w+);", text, re.MULTILINE))


class TestPushInstall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.settings = build_settings()
        if cls.settings.get("ASTREINTE_FUZZ") == "ON":
            raise unittest.SkipTest("a fuzz build links to nothing but libFuzzer")
        cls.folder = tempfile.mkdtemp(prefix="push-install-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = os.path.join(cls.folder, "prefix")
        run("cmake", "--install", BUILD_DIR, "--prefix", cls.prefix, "--component", "push")
        cls.include = os.path.join(cls.prefix, "include", "astreinte-push")
        cls.library_folder = os.path.dirname(cls.find("libastreinte-push.so"))
        cls.compiler = cls.settings["CMAKE_C_COMPILER"]
        sanitizers = cls.settings.get("ASTREINTE_SANITIZE", "")
        # A sanitizer's runtime comes with the program, not with the library.
        cls.flags = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        cls.flags += [f"-fsanitize={sanitizers}"] if sanitizers else []
        if cls.settings.get("ASTREINTE_COVERAGE") == "ON":
            cls.flags.append("--coverage")
        cls.environment = dict(
            os.environ, PKG_CONFIG_PATH=os.path.join(cls.library_folder, "pkgconfig")
        )
        # No help at run time: a program must find the library the way the README says.
        cls.environment.pop("LD_LIBRARY_PATH", None)
        shutil.copytree(EXAMPLE, os.path.join(cls.folder, "source"))
        cls.source = os.path.join(cls.folder, "source", "push_one.c")
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.stop_simulator)

    @classmethod
    def stop_simulator(cls):
        cls.simulator.process.terminate()
        cls.simulator.process.communicate()
        shutil.rmtree(cls.simulator.folder)

    @classmethod
    def find(cls, name):
        """An installed file, wherever this system keeps its libraries."""
        for folder, _, names in os.walk(cls.prefix):
            if name in names:
                return os.path.join(folder, name)
        raise AssertionError(f"{name} is not installed")

    def pkg_config(self, *options):
        output = run("pkg-config", *options, "astreinte-push", env=self.environment)
        return shlex.split(output)

    def compile(self, name, *libraries):
        program = os.path.join(self.folder, name)
        run(self.compiler, *self.flags, *self.pkg_config("--cflags"), self.source,
            *libraries, f"-Wl,-rpath,{self.library_folder}", "-o", program)
        return program

    def send(self, program, *options):
        """The program's exit status and what it said."""
        command = [program, "--ca", self.simulator.ready["ca"], "--host", "localhost", *options]
        done = subprocess.run(
            [*command, "Urgence", "Appelez le standard"], env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def send_apns(self, program, token=DEVICE, *options):
        ready = self.simulator.ready
        return self.send(
            program, "--port", str(ready["apns"]), "--apns-key", ready["apns_key"],
            "--key-id", ready["apns_key_id"], "--team-id", ready["apns_team_id"],
            "--topic", ready["apns_topic"], "--token", token, *options,
        )

    def check_sends(self, program):
        status, said = self.send_apns(program)
        self.assertEqual(status, 0, said)
        self.assertIn("accepted", said)

    def test_only_its_headers_are_installed(self):
        installed = {
            os.path.relpath(os.path.join(folder, name), self.include)
            for folder, _, names in os.walk(self.include) for name in names
        }
        self.assertEqual(installed, HEADERS)

    def test_exports_what_its_headers_declare_and_nothing_else(self):
        names = set()
        for header in HEADERS:
            with open(os.path.join(self.include, header), encoding="utf-8") as file:
                names |= declared(file.read())
        self.assertIn("push_submit", names)
        self.assertIn("clock_system", names)
        exported = symbols(self.find("libastreinte-push.so"), "-D")
        self.assertEqual(exported, names)
        archive = symbols(self.find("libastreinte-push.a"), "-g")
        # A sanitizer keeps symbols of its own, in sections that the linker folds.
        self.assertEqual({name for name in archive if not name.startswith("_")}, names)

    def build_with_cmake(self, source):
        """Configures and builds a folder; answers where."""
        build = os.path.join(source, "build")
        run("cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_C_COMPILER={self.compiler}", f"-DCMAKE_C_FLAGS={shlex.join(self.flags)}")
        run("cmake", "--build", build)
        return build

    def make_project(self, name, *lines):
        """A folder beside the example, with a CMakeLists.txt of its own."""
        source = os.path.join(self.folder, name)
        os.mkdir(source)
        with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            head = ("cmake_minimum_required(VERSION 3.25)", f"project({name} LANGUAGES C)")
            file.write("\n".join((*head, *lines, "")))
        return source

    def test_find_package(self):
        build = self.build_with_cmake(os.path.dirname(self.source))
        self.check_sends(os.path.join(build, "push-one"))

    def test_find_package__static(self):
        build = self.build_with_cmake(self.make_project(
            "static-app", "find_package(astreinte-push 0.1 CONFIG REQUIRED COMPONENTS static)",
            f"add_executable(static-app {self.source})",
            "target_link_libraries(static-app PRIVATE astreinte::push-static)"))
        program = os.path.join(build, "static-app")
        self.assertNotIn("libastreinte-push", run("ldd", program))
        self.check_sends(program)

    def test_find_package__only_a_version_that_fits(self):
        source = self.make_project("later", "find_package(astreinte-push 99.0 CONFIG REQUIRED)")
        with self.assertRaisesRegex(AssertionError, "compatible with"):
            self.build_with_cmake(source)

    def test_pkg_config(self):
        self.check_sends(self.compile("shared", *self.pkg_config("--libs")))

    def test_pkg_config__static(self):
        libraries = self.pkg_config("--static", "--libs")
        libraries = ["-l:libastreinte-push.a" if library == "-lastreinte-push" else library
                     for library in libraries]
        program = self.compile("static", *libraries)
        self.assertNotIn("libastreinte-push", run("ldd", program))
        self.check_sends(program)

    def test_sends_to_google(self):
        program = self.compile("google", *self.pkg_config("--libs"))
        ready = self.simulator.ready
        status, said = self.send(
            program, "--port", str(ready["fcm"]), "--service-account", ready["service_account"],
            "--token", "registration-1",
        )
        self.assertEqual(status, 0, said)
        self.assertIn("projects/", said)

    def test_sends_to_a_browser(self):
        program = self.compile("browser", *self.pkg_config("--libs"))
        key = os.path.join(self.folder, "vapid.pem")
        run("openssl", "genpkey", "-quiet", "-algorithm", "EC",
            "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        subscription = self.simulator.control(subscription="browser-1")
        status, said = self.send(
            program, "--loopback", "--vapid-key", key, "--subject", "mailto:a@example.org",
            "--token", subscription["endpoint"], "--p256dh", subscription["p256dh"],
            "--auth", subscription["auth"],
        )
        self.assertEqual(status, 0, said)
        self.assertIn("Appelez le standard", self.simulator.log()[-1]["plain"])

    def test_says_what_is_wrong(self):
        program = self.compile("wrong", *self.pkg_config("--libs"))
        status, said = self.send_apns(program, token="not-hex")
        self.assertEqual(status, 64, said)
        key = self.simulator.ready["apns_key"]
        browser = ["--vapid-key", key, "--subject", "mailto:a@example.org",
                   "--token", "https://push.example.org/1"]
        good_key = "B" + "A" * 86
        for options, words in (
            (["--token", DEVICE], "give one of --apns-key"),
            (["--apns-key", key, "--vapid-key", key, "--token", DEVICE], "give one of --apns-key"),
            (["--apns-key", key], "--token: missing"),
            (["--apns-key", key, "--token", DEVICE, "--unknown"], "--unknown"),
            (["--apns-key", key, "--token", DEVICE, "too much"], "two words are wanted"),
            (["--apns-key", key, "--token", DEVICE, "--p256dh", good_key], "another provider"),
            ([*browser], "p256dh: not a key"),
            ([*browser, "--p256dh", good_key + "!"], "p256dh: not a key"),
            ([*browser, "--p256dh", good_key + "A"], "p256dh: not a key"),
            ([*browser, "--p256dh", good_key, "--auth", "AAAA"], "auth: not a key"),
        ):
            with self.subTest(options=options):
                status, said = self.send(program, *options)
                self.assertEqual(status, 64, said)
                self.assertIn(words, said)

    def test_its_log_is_shown_on_demand(self):
        program = self.compile("verbose", *self.pkg_config("--libs"))
        self.assertNotIn('"event"', self.send_apns(program)[1])
        self.assertIn('"event":"push.connected"', self.send_apns(program, DEVICE, "--verbose")[1])
        status, said = self.send(program, "--help")
        self.assertEqual(status, 0)
        self.assertIn("Exit status", said)


if __name__ == "__main__":
    unittest.main()
