# SPDX-License-Identifier: MIT
"""The boot scenarios: the uses of Umbra, on whole machines."""

import os
import re
import subprocess

from harness import INITRD, KERNEL, ROOT, Failure, scenario, soak

CPUS = ("haswell", "penryn")    # penryn: no VPID, no preemption timer
PROMPT = r"^guest# "
# Generous, since two machines and other work share the host.
BOOT_SECONDS, LINUX_SECONDS = 60, 300

STOPPED, REFUSED, RESET, TIMEOUT = 3, 4, 8, 124    # tools/run's exit statuses


# MiB. Umbra clears its guest's memory, on Bochs 300 MiB a second: a guest that needs
# little gets little.
SMALL, LARGE = 128, 512


def on_bochs(cpu="haswell", memory=SMALL):
    return ["--machine", "bochs", "--cpu", cpu, "--memory", str(memory)]


# The same line names a wrong guest.
WITHOUT_VMX = ["--machine", "qemu", "--cpu", "max"]


# The guest's kernel prints only errors: each byte that it prints is two exits.
def linux(options, append=""):
    return ["--options", options, "--kernel", KERNEL, "--initrd", INITRD,
            "--append", "console=ttyS0,115200 loglevel=4 cryptomgr.notests "
            "panic=-1 " + append]


def type_command(run, command, answer, seconds=60):
    """Types a command; its answer must come, and then a prompt."""
    run.send(command + "\n")
    match = run.expect(answer, seconds)
    run.expect(PROMPT, seconds)
    return match


def power_off(run):
    run.send("exit\n")
    run.expect(r"^umbra: end: guest power-off, status 0$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


def reset(run):
    """Linux's option reboot= says by which device it does that."""
    run.send("reboot -f\n")
    run.expect(r"^umbra: end: guest reset, status 8$", BOOT_SECONDS)
    run.finish(RESET, BOOT_SECONDS)


# --- The built-in guest -----------------------------------------------------

# The costs of each rung: exits per demand fault in the pass that writes PTEs with A
# and D set, in the one that writes them clear, and True if Umbra has to inject the
# guest's not-present faults.
DEMO = {
    "vtlb": ("2.00", "2.00", True),
    "cached": ("3.00", "3.00", True),
    "update": ("2.00", "3.00", True),
    "bypass": ("1.00", "2.00", False),
    "prefetch": ("1.00", "2.00", False),
    "nowalk": ("1.00", "2.00", False),
    "cheap": ("1.00", "2.00", False),
    "open": ("1.00", "2.00", False),
    "targets": ("1.00", "2.00", False),
}
DEMO_FAULTS = 4096
# Walks of the guest's tables per fault, in both passes; and further walks of the first
# one, one for each of the eight tables.
DEMO_WALKS = {"vtlb": (2, 2), "cached": (4, 4), "update": (3, 4),
              "bypass": (2, 3), "prefetch": (2, 3), "nowalk": (0, 1),
              "cheap": (0, 1), "open": (0, 1), "targets": (0, 1)}
DEMO_TABLE_WALKS = {("open", 1): 8, ("targets", 1): 8}
# A row of README's table: exits, walks, injected faults.
README_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+) "
                        r"\| (\d+) \| (\d+) \| \**([\d,]+)\** \|$", re.M)
DEMO_LINE = re.compile(
    r"^demo: (\w+) pass ([12]): exits/fault ([\d.]+) \(timer \d+\) "
    r"pf-exits \d+ injected (\d+) walks (\d+)$", re.M)
INVVPIDS = re.compile(r"^umbra: processor .* INVVPIDs +(\d+)$", re.M)


def readme_table():
    """README's figures of the demo."""
    with open(os.path.join(ROOT, "README.md")) as file:
        return {m[1]: (m[2], m[3], int(m[4]), int(m[5]),
                       int(m[6].replace(",", "")))
                for m in README_ROW.finditer(file.read())}


def demo_injected(rung):
    return DEMO_FAULTS if DEMO[rung][2] else 0


def demo_table(s, cpu):
    if readme_table() != {
            rung: (first, second, *DEMO_WALKS[rung], demo_injected(rung))
            for rung, (first, second, _) in DEMO.items()}:
        raise Failure("README's table is not the one expected here")
    run = s.start(*on_bochs(cpu), "--options", "guest=demo")
    run.finish(0, 2 * BOOT_SECONDS)
    rows = {(m[1], int(m[2])): (m[3], int(m[4]), int(m[5]))
            for m in DEMO_LINE.finditer(run.output)}
    for rung, (first, second, _) in DEMO.items():
        for number, expected in ((1, first), (2, second)):
            want = (expected, demo_injected(rung),
                    DEMO_WALKS[rung][number - 1] * DEMO_FAULTS
                    + DEMO_TABLE_WALKS.get((rung, number), 0))
            got = rows.get((rung, number))
            if got != want:
                raise Failure(f"{rung} pass {number}: exits/fault, injected faults "
                              f"and walks are {got}, not {want}")
    invvpids = int(INVVPIDS.search(run.output)[1])
    if bool(invvpids) != (cpu == "haswell"):
        raise Failure(f"{invvpids} INVVPIDs on {cpu}")


for model in CPUS:
    scenario(f"demo-{model}", model)(demo_table)


# Single operations, each of them a block of the trace, before the guest's table.
BLOCK = re.compile(r"^umbra: --- (.+), at 0x[0-9a-f]+ ---\n((?:umbra:   .*\n)+)",
                   re.M)
BLOCKS = {
    "bypass": {
        "demand fault": (
            r"fault at 0x[0-9a-f]+: MOV QWORD \[\w+\], \w+$",
            r"count: 1; injected: 0, delivered without an exit: 1$",
            r"exit by #PF at 0x[0-9a-f]+ \(supervisor write, protection\)$",
            r"exits: 1$", r"1      0x0 +ABSENT$", r"then 0x[0-9a-f]+ PWUAD +LEAF ",
            r"Umbra: 1 walks, 1 operand walks, 1 table writes, 1 updated$"),
        "demand fault, new page table": (
            r"2      0x0 +ABSENT$", r"then 0x[0-9a-f]+ PWUA +TABLE ",
            r"1 shadow pages"),
        "copy on write": (
            r"count: 1; injected: 1, delivered without an exit: 0$",
            r"protection\); injected$", r"exits: 2$",
            r"1      0x[0-9a-f]+ PUAD +LEAF", r"then 0x[0-9a-f]+ PWUAD +LEAF "),
        "32 PTEs write-protected": (
            r"LOCK AND QWORD", r"and 31 like it$", r"exits: 32$"),
        "load of CR3": (r"MOV CR3, \w+$", r"exits: 1$"),
    },
    "vtlb": {
        "demand fault": (
            r"count: 1; injected: 1, delivered without an exit: 0$",
            r"\(user write, reserved bit\); injected$",
            r"\(user write, reserved bit\)$",
            r"exits: 2$", r"1      0x0 +TRAP$", r"then 0x[0-9a-f]+ PWUAD +LEAF ",
            r"Umbra: 2 walks, 1 filled$"),
    },
}


def trace_of_single_faults(s, rung):
    run = s.start(*on_bochs(), "--options", f"guest=demo:{rung},2 trace=64")
    run.finish(0, 2 * BOOT_SECONDS)
    table = run.output.index("\noperation ")
    last = re.search(rf"^umbra: --- statistics of demo:{rung},2, mmu={rung} after .*"
                     r"^umbra: #PFs injected P=0 +(\d+) P=1 +\d+ "
                     r"bypassed +(\d+)$", run.output, re.M | re.S)
    if not last or (int(last[1]) > int(last[2])) != (rung == "vtlb"):
        raise Failure("the statistics tell otherwise of the bypass")
    shown = [(m[1], m[2]) for m in BLOCK.finditer(run.output[:table])]
    if [name for name, _ in shown].count("demand fault") != 2:
        raise Failure("not a block for each demand fault, before the table")
    for name, facts in BLOCKS[rung].items():
        for text in (text for title, text in shown if title == name):
            found = re.search(".*".join(facts), text, re.M | re.S)
            if not found:
                raise Failure(f"{name}: its block says other than {facts}")
        if name not in dict(shown):
            raise Failure(f"no block for: {name}")


for stage in BLOCKS:
    scenario(f"trace-{stage}", stage)(trace_of_single_faults)


# The machine as the check guest sees it from inside: on every rung, with the switches
# in combinations that are no rung, and with very few shadow pages.
CHECKED = r"^check: 0 of [1-9]\d+ failed$"


def check_guest(s, cpu, options):
    run = s.start(*on_bochs(cpu), "--options", "guest=check " + options)
    run.expect(CHECKED, 2 * BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


for register, label, model, options in (
        (scenario, "vtlb", "haswell", "mmu=vtlb"),
        (scenario, "vtlb", "penryn", "mmu=vtlb mmu.prefetch=16 mmu.nowalk=1"),
        (scenario, "update", "penryn", "mmu=update"),
        (scenario, "prefetch", "haswell", "mmu=prefetch"),
        (scenario, "nowalk", "haswell", "mmu=nowalk"),
        (scenario, "open", "penryn", "mmu=open"),
        (scenario, "targets", "haswell", "mmu=targets"),
        (scenario, "open-noupdate", "haswell", "mmu=open mmu.update=0"),
        (scenario, "starved-open", "haswell", "mmu=open mmu.pages=16"),
        (scenario, "starved-noupdate", "penryn",
         "mmu=bypass mmu.update=0 mmu.pages=16"),
        (soak, "cached", "haswell", "mmu=cached"),
        (soak, "bypass", "haswell", "mmu=bypass"),
        (soak, "bypass", "penryn", "mmu=bypass"),
        (soak, "open", "haswell", "mmu=open"),
        (soak, "noupdate", "haswell", "mmu=bypass mmu.update=0"),
        (soak, "starved", "haswell", "mmu=nowalk mmu.pages=16"),
):
    register(f"check-{label}-{model}", model, options)(check_guest)


@scenario("guest-unknown")
def guest_unknown(s):
    """A user who asks for an unknown guest reads which guests there are."""
    run = s.start(*on_bochs(), "--options", "guest=nobody")
    run.expect(r'^umbra: there is no guest "nobody" here', BOOT_SECONDS)
    run.expect(r'^umbra: +check: "guest check" \(make check-guest; ',
               BOOT_SECONDS)
    run.finish(REFUSED, BOOT_SECONDS)


TRACED = (("exit", r"exits: +"), ("fill", r"entries +filled +"),
          ("unshadow", r"table writes .*unshadow +"),
          ("root", r"roots +found +"))


def check_trace(s, output, traced, events=TRACED):
    """babeltrace2 finds as many events as the statistics tell."""
    folder = os.path.join(s.directory, "ctf")
    subprocess.run([os.path.join(ROOT, "tools/trace"), "ctf", traced, folder],
                   check=True)
    shown = subprocess.run(["babeltrace2", folder], check=True, text=True,
                           capture_output=True).stdout
    for name, words in events:
        told = int(re.search(rf"^umbra: {words}(\d+)", output, re.M)[1])
        found = len(re.findall(rf"\) {name}: ", shown))
        if found != told:
            raise Failure(f"{found} events {name}; the statistics tell {told}")


@scenario("exit-status")
def exit_status(s):
    """The guest's status is a number of 32 bits; a process's has eight."""
    for status, process in ((7, 7), (0x100, 0xff)):
        traced = s.file("a trace, kept")
        run = (s.start(*on_bochs(), "--trace", traced,
                       "--options", f"guest=exit-status:{status}")
               if status == 7 else
               s.start(*on_bochs(), "--serial", traced, "--options",
                       f"guest=exit-status:{status} trace.to=text"))
        run.expect(rf"^umbra: end: guest exit, status {status}$", BOOT_SECONDS)
        run.finish(process, BOOT_SECONDS)
        check_trace(s, run.output, traced)


@scenario("triple-fault")
def triple_fault(s):
    run = s.start(*on_bochs(), "--options", "guest=triple-fault")
    run.expect(r"^umbra: the guest triple-fault is stopped: triple fault$",
               BOOT_SECONDS)
    # The dump has the guest's state and the VMCS's, by name.
    run.expect(r"^umbra:   rip (?!0{16})[0-9a-f]{16} ", BOOT_SECONDS)
    run.expect(r"^umbra: +EXIT_QUALIFICATION +0x0$", BOOT_SECONDS)
    run.finish(STOPPED, BOOT_SECONDS)


def must_be_stopped(s, guest, message):
    """Umbra must stop the guest, and say in words why."""
    run = s.start(*on_bochs(), "--options", "guest=" + guest)
    run.expect(message, BOOT_SECONDS)
    run.finish(STOPPED, BOOT_SECONDS)


scenario("stop-real-mode", "real-mode", "enters real-address mode")(must_be_stopped)


# --- Linux ------------------------------------------------------------------

def linux_shell(s, cpu, options, append="", end=power_off):
    run = s.start(*on_bochs(cpu, LARGE), *linux(options, append))
    run.expect(r"^guest: userspace reached", LINUX_SECONDS)
    run.expect(PROMPT, BOOT_SECONDS)
    type_command(run, "echo $((6 * 7)) = six times seven",
                 r"^42 = six times seven$")
    type_command(run, "fork-check 20", r"^forks: 20 of 20$", LINUX_SECONDS)
    end(run)


for register, label, model, switches in (
        (scenario, "open-haswell", "haswell", "mmu=open"),
        (scenario, "targets-penryn", "penryn", "mmu=targets"),
        (scenario, "nobypass-haswell", "haswell", "mmu.bypass=0"),
        (scenario, "64-pages", "haswell", "mmu.pages=64"),
        (soak, "open-penryn", "penryn", "mmu=open"),
        (soak, "nobypass-penryn", "penryn", "mmu.bypass=0"),
        (soak, "update", "haswell", "mmu=update"),
        (soak, "bypass", "haswell", "mmu=bypass"),
        (soak, "prefetch", "haswell", "mmu=prefetch")):
    register(f"linux-{label}", model, switches)(linux_shell)


scenario("linux-nopti", "haswell", "", "pti=off")(linux_shell)
# With page-table isolation each entry into the kernel is two more loads of CR3.
scenario("linux-vtlb", "haswell", "mmu=vtlb", "pti=off")(linux_shell)


INJECTED = re.compile(r"^umbra: #PFs injected P=0 +(\d+)", re.M)


def count_injected(s, options, append):
    """The not-present faults that Umbra injects in a boot and 100 forks."""
    run = s.start(*on_bochs(memory=LARGE), *linux(options,
                                      append + " umbra.run=fork-check:100"))
    run.finish(0, 2 * LINUX_SECONDS)
    if not re.search(r"^forks: 100 of 100$", run.output, re.M):
        raise Failure("not all forks did their work")
    return int(INJECTED.search(run.output)[1])


def linux_bypassed(s, append):
    """With the bypass Umbra injects fewer than 1 % of the faults without it."""
    with_it = count_injected(s, "mmu=bypass", append)
    without = count_injected(s, "mmu=bypass mmu.bypass=0", append)
    if with_it * 100 >= without:
        raise Failure(f"{with_it} not-present faults injected with the "
                      f"bypass, {without} without")


scenario("linux-bypassed", "")(linux_bypassed)
soak("linux-bypassed-nopti", "pti=off")(linux_bypassed)


# One boot shows several things that are independent of each other.
def clock_and_reset(run, seconds):
    clock = type_command(run, f"clock-check {seconds}",
                         r"^clock: rtc (\d+) s, kernel ([\d.]+) s$",
                         LINUX_SECONDS)
    rtc, kernel = float(clock[1]), float(clock[2])
    if rtc < seconds or abs(kernel - rtc) > rtc / 100:
        raise Failure(f"{kernel} s by the kernel's clock are {rtc} s by the "
                      "RTC: more than 1 % off")
    reset(run)


scenario("linux-nowalk-clock-reset-acpi", "haswell", "mmu=nowalk", "reboot=acpi",
         lambda run: clock_and_reset(run, 24))(linux_shell)
soak("linux-clock", "haswell", "mmu=bypass", "reboot=acpi",
     lambda run: clock_and_reset(run, 60))(linux_shell)


def paste_and_reset(run):
    # The line discipline, with no echo, takes at most 4,095 bytes a line.
    # The shell, too, must be done with the terminal before the text comes.
    run.send("stty -echo; echo ready; wc -c\n")
    run.expect(r"^ready$", BOOT_SECONDS)
    text = "".join(f"{n:07d}\n" for n in range(256))
    run.send(text + "\x04")
    run.expect(rf"^{len(text)}$", BOOT_SECONDS)
    run.expect(PROMPT, BOOT_SECONDS)
    reset(run)


scenario("linux-cached-paste-reset-kbd", "haswell", "mmu=cached", "reboot=kbd",
         paste_and_reset)(linux_shell)


# --- Bad input --------------------------------------------------------------

def must_refuse(s, message, options):
    """Umbra must refuse to start, with a message that names the fault."""
    run = s.start(*options)
    run.finish(REFUSED, 2 * BOOT_SECONDS)
    text = re.sub(r"(?m)^umbra: end:.*", "", run.output)
    if not re.search(message, text):
        raise Failure(f"no message that matches {message!r}")


for firmware in ("bios", "uefi"):
    scenario(f"no-vmx-{firmware}", r"CPUID\.1:ECX\.VMX",
             ["--machine", "qemu", "--cpu", "max", "--firmware", firmware]
             )(must_refuse)
@scenario("no-long-mode")
def no_long_mode(s):
    # The 32-bit entry code says so. It can't switch the machine off, and halts: only
    # the timeout ends the run. It counts from the start of the machine, which
    # needs less than a second to get there.
    run = s.start("--machine", "qemu", "--cpu", "qemu32", "--timeout", "5")
    run.expect(r"CPUID\.80000001h:EDX\[29\]", BOOT_SECONDS)
    run.finish(TIMEOUT, BOOT_SECONDS)


scenario("bad-option", '"frobnicate=1": there is no such option',
         on_bochs() + ["--options", "frobnicate=1"])(must_refuse)
scenario("bad-value", '"mmu=sideways": this option has no such',
         on_bochs() + ["--options", "mmu=sideways"])(must_refuse)
scenario("no-vpid", r"vpid=1 can't work.*bit 37 of MSR 48Bh",
         on_bochs("penryn") + ["--options", "vpid=1"])(must_refuse)
scenario("no-module", 'there is no guest "linux" here',
         WITHOUT_VMX + ["--options", "guest=linux"])(must_refuse)
scenario("little-memory", "memory is too small for the kernel",
         on_bochs(memory=48) + linux(""))(must_refuse)


@scenario("truncated-kernel")
def truncated_kernel(s):
    with open(KERNEL, "rb") as file:
        head = file.read(100_000)
    must_refuse(s, "not in the file: the file is cut off",
                on_bochs() + ["--kernel", s.file("kernel", head)])


@scenario("headless-kernel")
def headless_kernel(s):
    with open(KERNEL, "rb") as file:
        head = file.read(300)
    must_refuse(s, "not a Linux kernel",
                WITHOUT_VMX + ["--kernel", s.file("kernel", head)])


@scenario("foreign-kernel")
def foreign_kernel(s):
    must_refuse(s, "not a Linux kernel",
                WITHOUT_VMX + ["--kernel", "/bin/true"])


@scenario("large-initrd")
def large_initrd(s):
    initrd = s.file("initrd", size=24 << 20)
    must_refuse(s, "too small for the initramfs",
                on_bochs() + ["--kernel", KERNEL, "--initrd", initrd])


# --- The launcher -----------------------------------------------------------

@scenario("launcher-timeout")
def launcher_timeout(s):
    traced = s.file("a trace, kept")
    # All exits of so long a time would take a minute to send.
    run = s.start(*on_bochs(), "--options", "guest=spin trace.kinds=mmu",
                  "--trace", traced, "--timeout", "8")
    run.finish(TIMEOUT, 2 * BOOT_SECONDS)
    # On a slow host the guest may not have run yet, or Umbra had no time for it.
    if "umbra: --- statistics" in run.output:
        check_trace(s, run.output, traced, TRACED[1:])


@scenario("launcher-quit")
def launcher_quit(s):
    run = s.start(*on_bochs(memory=LARGE), *linux("mmu=bypass"), terminal=True)
    run.expect(r"^umbra: ", BOOT_SECONDS)
    run.send("\x01x")
    run.finish(0, BOOT_SECONDS)
