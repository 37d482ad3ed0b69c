# SPDX-License-Identifier: MIT
"""The monitor: Ctrl-A and a key on the console, and the commands."""

import os
import re
import struct
import subprocess
import time

from harness import BUILD, ROOT, Failure, scenario
from scenarios import (BOOT_SECONDS, check_trace, LARGE, LINUX_SECONDS, PROMPT, linux, on_bochs,
                       power_off, type_command)
from scenarios_screen import KEY_SECONDS, PAGE_UP, must_show, screen_text

MONITOR, STATISTICS, HELP, END = "\x01m", "\x01s", "\x01h", "\x01x"
MONITOR_PROMPT = r"^umbra> "
UNMAPPED = "7ffffffff000"    # the last page of a process's half


def run_command(run, text, *answers):
    """Types a command at the monitor's prompt; returns the last answer.

    It waits for the prompt: while Umbra prints, nobody reads what is typed, and
    the serial port keeps 16 bytes.
    """
    run.expect(MONITOR_PROMPT, BOOT_SECONDS)
    run.send(text + "\r")
    match = None
    for answer in answers:
        match = run.expect(answer, BOOT_SECONDS)
    return match


@scenario("monitor")
def monitor(s):
    """Looks into an idle Linux, changes its rung, and has it go on."""
    run = s.start(*on_bochs(memory=LARGE), *linux("", "pti=off"), terminal=True)
    run.expect(PROMPT, LINUX_SECONDS)
    run.send(MONITOR)
    rip = run_command(run, "regs", r"^umbra:   rip ([0-9a-f]{16}) cr2 ")[1]
    walk = run_command(run, f"walq\x7fk {rip}", r"^umbra:   level ",
                       r"^umbra:     4 +0x[0-9a-f]+ P\w* +TABLE 0x[0-9a-f]+ P",
                       r"^umbra:   guest-physical 0x([0-9a-f]+)$",
                       r"^umbra:   kernel fetch  (.*)\n")
    if walk[1] != "hit, no exit":
        raise Failure(f"the code that runs: {walk[1]}")
    run_command(run, f"walk {UNMAPPED}", r"^umbra:   user read .*, not present$")
    run_command(run, f"x/2xw {rip}", rf"^umbra:   0x{rip}  [0-9a-f]{{8}}$")
    cr3 = run_command(run, "pages 200", r"^umbra: +\d+ PML4 0x([0-9a-f]+) .* root\b")
    run_command(run, f"why {cr3[1]}", r"^umbra: +\d+ PML4 0x",
                r"^umbra: mapped by page \d+, ",
                r"^umbra:   write-protected: it is a guest table$")
    run_command(run, "map ffff800000000000", r"^umbra:   ffff[0-9a-f]+-ffff",
                r"^umbra: for more: map ffff")
    run_command(run, "mmu byp\t off", r"^umbra: mmu=targets mmu.bypass=0$")
    run_command(run, f"walk {UNMAPPED}",
                r"^umbra:   user read .* Umbra injects #PF, not")
    run_command(run, "mmu update", r"^umbra: mmu=update$")
    run_command(run, "exits", r"^umbra:   #PF: injected +[1-9]",
                r"^umbra:   all +[1-9]")
    run_command(run, "vmcs guest_cr3", r"^umbra:   GUEST_CR3 +0x[0-9a-f]+000$")
    run_command(run, "audit", r"^umbra: the invariants hold over \d+ shadow pages$")
    run_command(run, "dirty on", r"^umbra: the dirty log is on$")
    run_command(run, "cont", r"^umbra: the guest goes on$")
    # From now on it is busy: an interrupt of an idle guest makes no such exit.
    type_command(run, 'while :; do :; done & echo "It is" $((6*7))',
                 r"^It is 42$")
    run.send(MONITOR)
    run_command(run, "until exit external", r"^umbra: exit: external interrupt, at ")
    run_command(run, "run", r"^umbra: the guest runs, the prompt stays$")
    run_command(run, "stop", r"^umbra: the guest waits$")
    run_command(run, "top", r"the last #PF exit: 0x", r"exits a second, by kind",
                r"external interrupt +[1-9]")
    run.send("q")
    run_command(run, "dirty", r"^umbra: [1-9]\d* frames written since ")
    run_command(run, "mmu", r"^umbra:   exits +[1-9]\d* +[1-9]")
    run_command(run, "cont", r"^umbra: the guest goes on$")
    power_off(run)
    if not re.search(r"^umbra: --- statistics of Linux, mmu=update after "
                     r"other rungs ---$", run.output, re.M):
        raise Failure("the statistics do not tell of the other rungs")


@scenario("monitor-keys")
def monitor_keys(s):
    """A guest that waits for nothing is stepped, and ends by Ctrl-A x."""
    traced = s.file("trace")
    run = s.start(*on_bochs(), "--options", "guest=spin", "--trace", traced,
                  terminal=True)
    run.expect(r"^umbra: guest: built-in, \"spin\"$", BOOT_SECONDS)
    run.send(HELP)
    run.expect(r"^umbra: Ctrl-A s: statistics; m: monitor; ", BOOT_SECONDS)
    run.send(STATISTICS)
    run.expect(r"^umbra: --- statistics of spin, mmu=targets ---$", BOOT_SECONDS)
    run.expect(r"^umbra: time: \d{1,3}\.\d{3} s, ", BOOT_SECONDS)
    run.send(MONITOR)
    run_command(run, "step", r"^umbra: stepped, at RIP 0x")
    run_command(run, "\x1b[A", r"^umbra: stepped, at RIP 0x")
    # By now it has had a fault and two steps. Its other exits are interrupts,
    # whose number differs from run to run.
    run_command(run, "tra\tshow 3", r"^umbra: the last 3 exits: ",
                r"^umbra: +\+\d+ +rip 0x[0-9a-f]{16} ")
    run_command(run, "mmu vt\t", r"^umbra: mmu=vtlb$")
    run_command(run, "cont", r"^umbra: the guest goes on$")
    run.send(END)
    run.expect(r"^umbra: --- statistics of spin, mmu=vtlb after other "
               r"rungs ---$", BOOT_SECONDS)
    run.expect(r"^umbra: end: guest power-off, status 0: asked for at the "
               r"console$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)
    check_trace(s, run.output[run.output.rfind("--- statistics"):], traced)


PANIC = 6    # tools/run's exit status
UD2 = b"\x0f\x0b"


def make_broken_umbra(s, function):
    """A copy of Umbra's image in which the function begins with UD2."""
    names = subprocess.run(["nm", os.path.join(BUILD, "umbra.debug")], text=True,
                           check=True, capture_output=True).stdout
    address = int(re.search(rf"(?m)^([0-9a-f]+) [Tt] {function}$", names)[1], 16)
    with open(os.path.join(BUILD, "umbra.elf"), "rb") as file:
        image = bytearray(file.read())
    table, = struct.unpack_from("<Q", image, 0x20)    # e_phoff
    offset, start = struct.unpack_from("<8xQQ", image, table)
    place = address - start + offset
    image[place:place + len(UD2)] = UD2
    return s.file("umbra.elf", image)


@scenario("panic-trace")
def panic_trace(s):
    """A panic while a guest runs: the trace comes after it."""
    log = s.file("log")
    run = s.start(*on_bochs(), "--elf", make_broken_umbra(s, "monitor_audit"),
                  "--options", "guest=spin trace.to=text", "--serial", log,
                  terminal=True)
    run.expect(r"^umbra: guest: built-in, \"spin\"$", BOOT_SECONDS)
    run.send(MONITOR)
    # Umbra may have the key before the first exit: then the trace has none.
    run_command(run, "step", r"^umbra: stepped, at RIP 0x")
    run_command(run, "exits reset", r"^umbra: exits are counted from now on$")
    run_command(run, "audit", r"^umbra: panic: .*#UD", r"^umbra: .*monitor_audit",
                r"^umbra: trace [0-9a-f]{64}$")
    run.finish(PANIC, BOOT_SECONDS)
    table = s.file("trace.csv")
    subprocess.run([os.path.join(ROOT, "tools/trace"), "csv", log, table],
                   check=True)
    with open(table, encoding="utf-8") as file:
        if ",exit," not in file.read():
            raise Failure("the trace has no exits")


# The keys of a VT52, which Bochs makes keys of the PS/2 keyboard of.
UP, LEFT = "\x1bA", "\x1bD"
# A row of top: entries of the four tables, the guest's flags and the shadow's kind.
ROW = r"^" + r" +".join(4 * [r"[0-9a-f]{3}(?: [PWUADSGN]+)?"
                         r"(?: +(?:ABSENT|TRAP|MMIO|TABLE|LEAF))?"]) + "$"
TOP_ENTRIES = 12
# Below top: it may be the first one, of a guest that has done nothing yet.
STATUS_ROW = r"^Umbra [a-z]+ +\d+:\d\d:\d\d +\d+ MiB +shadow \d+/\d+ "


def type_command_keys(run, keys, *answers):
    """Types a command: a key at a time, since the keyboard keeps few."""
    run.expect(MONITOR_PROMPT, BOOT_SECONDS)
    for key in keys:
        run.position = len(run.output)
        run.send(key)
        run.expect(r"[^\0]", BOOT_SECONDS)    # it shows
    run.send("\r")
    for answer in answers:
        run.expect(answer, BOOT_SECONDS)


def wait_until_quiet(run):
    """Waits until a picture is held: nothing comes while one would be drawn."""
    deadline = time.monotonic() + BOOT_SECONDS
    seen = -1
    while seen < len(run.output):
        if time.monotonic() > deadline:
            raise Failure("the picture goes on to change")
        seen = len(run.output)
        run.read(KEY_SECONDS)


@scenario("monitor-screen")
def monitor_screen(s):
    """At the keyboard, with the keys of a line; and top on the screen."""
    screen = s.file("screen.txt")
    run = s.start(*on_bochs(), "--options", "guest=bench", "--screen", screen,
                  "--keyboard", terminal=True)
    run.expect(r"^umbra: guest: built-in, \"bench\"$", BOOT_SECONDS)
    run.send(MONITOR)
    walk = r"^umbra:   level ", r"^umbra:   kernel read "
    type_command_keys(run, [*"wlk 0", LEFT, LEFT, LEFT, LEFT, "a"], *walk)
    type_command_keys(run, [UP], *walk)
    run.send(PAGE_UP)
    type_command_keys(run, [*"mmu ch", "\t"], r"^umbra: mmu=cheap$")
    type_command_keys(run, "cont", r"^umbra: the guest goes on$")
    run.send(MONITOR)
    type_command_keys(run, "top", r"the last #PF exit: 0x0*[1-9a-f]",
                      r"exits a second, by kind", r"#PF: [a-z ]+ [1-9]")
    run.send(" ")
    wait_until_quiet(run)
    run.send(END)
    run.finish(0, BOOT_SECONDS)
    must_show(s, screen, [
        "Umbra cheap q: the prompt + -: the rung 1 to 9: a switch space: hold",
        "1 cache 2 update 3 bypass 4 nowalk 5 cheap 6 open 7 prefill 8 targets 9 denied",
        "the last #PF exit: 0x", *4 * ["guest shadow"],
        "exits a second, by kind"])
    if not re.search(STATUS_ROW, screen_text(screen), re.M):
        raise Failure("no status row below top")
    rows = re.findall(ROW, screen_text(screen), re.M)
    if len(rows) != TOP_ENTRIES:
        raise Failure(f"{len(rows)} rows of entries on the screen")
