# SPDX-License-Identifier: MIT
"""Debian's memtest86+ finds no error in the memory that a guest is given.

It maps the memory by itself, moves its own code about, and looks at every bit:
a frame that the shadow MMU confuses is an error. Its options: no parsing of
tables, no benchmark; its screen goes out on the serial console.
"""

import os

from harness import BUILD, Failure, scenario
from scenarios import BOOT_SECONDS, RESET, on_bochs

MEMTEST = os.path.join(BUILD, "guests/memtest")
# Above 4 MiB it only needs room for itself while it tests the memory below.
MEMORY = "5M"
PASS_SECONDS = 500
# F1, F1, F2 in its menus: not test 10, which waits for minutes whether real RAM
# loses its charge. Then F10 twice: out of the menus, and go.
NO_BIT_FADE = "11210\r00"
APPEND = "console=ttyS0,115200 nosm nosmp nobench nobigstatus"


def memtest(s, image, bits, options="", seconds=PASS_SECONDS):
    run = s.start(*on_bochs(), "--options", f"guest.memory={MEMORY} {options}",
                  "--kernel", MEMTEST + image, "--append", APPEND)
    run.expect(rf"^umbra: guest: Linux{'-32' if bits == 32 else ''}, ",
               BOOT_SECONDS)
    run.expect(r"\x1b\[2J", BOOT_SECONDS)    # it now listens for 3 s
    run.send(NO_BIT_FADE)
    run.expect(r"#9 +\[Modulo 20, random pattern\]", seconds)
    errors = run.expect(r"Pass:  1 +Errors: (\d+)", seconds)[1]
    if errors != "0":
        raise Failure(f"{errors} errors in a pass")
    run.send("\x1b")    # Esc: it resets the machine
    # It has written its screen, too, without an exit.
    run.expect(r"^umbra: the guest's text screen, its cursor in row \d+, "
               r"column \d+:$", BOOT_SECONDS)
    run.expect(r"^umbra:  +Memtest86\+ v", BOOT_SECONDS)
    run.expect(r"^umbra: end: guest reset", BOOT_SECONDS)
    run.finish(RESET, BOOT_SECONDS)


scenario("memtest-64", "", 64)(memtest)
scenario("memtest-32", "32", 32)(memtest)
