"""The release build of the tree, for commands that start by hand: soaks and benchmarks."""

import pathlib
import subprocess
import sys

SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]
BUILD_DIR = SOURCE_DIR / "build/release"


def bring_up_to_date(*targets, build_dir=BUILD_DIR):
    """Configures once and builds these; what the compiler says of an error ends the program. A
    folder that somebody named and that holds no build is a slip, and not filled with one."""
    if build_dir != BUILD_DIR and not (build_dir / "build.ninja").exists():
        sys.exit(f"--build-dir {build_dir}: holds no build: configure it first (cmake -G Ninja -S "
                 f"{SOURCE_DIR} -B {build_dir}), or leave the option out for {BUILD_DIR}")
    if not (build_dir / "build.ninja").exists():
        subprocess.run(["cmake", "-S", SOURCE_DIR, "-B", build_dir, "-G", "Ninja",
                        "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_BUILD_TYPE=Release"],
                       check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["ninja", "-C", build_dir, *targets], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"the build in {build_dir} failed:\n{done.stdout[-3000:]}")
    cache = (build_dir / "CMakeCache.txt").read_text()
    if "CMAKE_BUILD_TYPE:STRING=Release" not in cache:
        print(f"note: {build_dir} is not a release build", file=sys.stderr)
