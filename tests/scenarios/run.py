#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the boot scenarios, two at a time; a line for the result of each.

    tests/scenarios/run.py [--list] [--soak] [--jobs N] [PATTERN ...]

A pattern selects scenarios by name, as a shell's would ("linux-*"). Each
leaves a log in build/scenarios. The last line is "N passed, N failed".
"""

import argparse
import concurrent.futures
import fnmatch
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# Each registers its scenarios. The longest of the last ones takes seconds, so
# that no processor idles at the end.
import scenarios  # noqa: E402, F401
import scenarios_memtest  # noqa: E402, F401
import scenarios_i386  # noqa: E402, F401
import scenarios_kernels  # noqa: E402, F401
import scenarios_audit  # noqa: E402, F401
import scenarios_gdb  # noqa: E402, F401
import scenarios_monitor  # noqa: E402, F401
import scenarios_platform  # noqa: E402, F401
import scenarios_screen  # noqa: E402, F401
import scenarios_bench  # noqa: E402, F401
import scenarios_guests  # noqa: E402, F401
import scenarios_doctor  # noqa: E402, F401
import scenarios_book  # noqa: E402, F401
import scenarios_soak  # noqa: E402, F401
from harness import SCENARIOS, SOAK, Scenario  # noqa: E402


def selected(registered, patterns):
    return [(name, function) for name, function in registered
            if not patterns or any(fnmatch.fnmatch(name, p)
                                   for p in patterns)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true",
                        help="name the scenarios, run none")
    parser.add_argument("--soak", action="store_true",
                        help="those of make soak instead")
    parser.add_argument("--jobs", type=int, default=2,
                        help="run that many at a time (default: %(default)s)")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    args = parser.parse_args()

    chosen = selected(SOAK if args.soak else SCENARIOS, args.patterns)
    if args.list:
        print("\n".join(name for name, _ in chosen))
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = {pool.submit(Scenario(name).perform, function): name
                   for name, function in chosen}
        for future in concurrent.futures.as_completed(running):
            why, seconds = future.result()
            name = running[future]
            if why:
                failed += 1
                print(f"not ok - {name}: {why} "
                      f"(build/scenarios/{name}.log)", flush=True)
            else:
                print(f"ok - {name} ({seconds:.1f} s)", flush=True)
    print(f"scenarios: {len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
