# SPDX-License-Identifier: MIT
"""A real gdb at Umbra's stub: tools/run --gdb."""

import os
import re
import subprocess
import tempfile

from harness import BUILD, Failure, scenario
from scenarios import (BOOT_SECONDS, LARGE, LINUX_SECONDS, PROMPT, linux, on_bochs,
                       power_off, type_command)

SECONDS = 300
SYMBOLS = os.path.join(BUILD, "guest/builtin/guest.elf")

# Umbra's commands from within gdb, and their answers.
MONITOR = (
    ("help", r"  walk +ADDRESS +the guest's and the shadow's entries$"),
    ("exits reset", r"exits are counted from now on$"),
    ("exits", r"  all +\d+ +\d+  in \d+ ms$"),
    ("mmu", r"mmu=bypass$"),
    ("mmu bypass off", r"mmu=update$"),
    ("mmu rung bypass", r"mmu=bypass$"),
    ("map", r"  0+[0-9a-f]*-[0-9a-f]{16}  rw"),
    ("pages 4", r"\d+ in use of \d+$"),
    ("why 100", r"entries that map it: \d+$"),
    ("vmcs guest_rip", r"  GUEST_RIP +0x[0-9a-f]+$"),
    ("regs", r"  code at rip:( [0-9a-f]{2})+$"),
    ("x/2xw 100000", r"  0x0000000000100004  [0-9a-f]{8}$"),
    ("dirty on", r"the dirty log is on$"),
    ("dirty", r"\d+ frames written since the last look$"),
    ("dirty off", r"the dirty log is off$"),
    ("audit", r"the invariants hold over \d+ shadow pages$"),
    ("trace exit,fill", r"recorded from now on: exit,fill$"),
    ("trace show 2", r"the last 2 exits: "),
    ("nothing", r'there is no command "nothing"; help lists them$'),
    *((name, r"only at Umbra's prompt: use gdb's own commands$")
      for name in ("cont", "run", "stop", "step", "until exit hlt", "top")),
)

# A step over CPUID, over a page fault that bypasses Umbra (of the second page: the
# first one warms up), and over the write of the PTE, which Umbra carries out. Each
# loop has a limit of steps far above its need. At the end the guest's kernel accesses
# pages that are not there, so that a fault interrupts the kernel, too.
SCRIPT = r"""
set pagination off
set confirm off
file {symbols}
target remote {socket}
set $n = 0
tbreak find_umbra
continue
while *(unsigned short *)$pc != 0xa20f && $n++ < 20
  stepi
end
set $before = (long)$pc
stepi
printf "CPUID: %d bytes on, bit %d\n", (long)$pc - $before, $rax >> 30 & 1
tbreak measure_fault
continue
tbreak write_pages
continue
while $cr2 != 0x10000002000 && $n++ < 200
  set $before = (long)$pc
  stepi
end
printf "fault: RIP %d, TF %d\n", *(long *)($rsp + 8) == $before, \
  *(long *)($rsp + 24) >> 8 & 1
tbreak demand_fault
continue
backtrace
up 3
printf "page %d, CS %x, SS %x\n", page, $cs, $ss
down 3
set $table = $cr3
set $table = *(long *)(($table & ~4095) + 8 * ($cr2 >> 39 & 511))
set $table = *(long *)(($table & ~4095) + 8 * ($cr2 >> 30 & 511))
set $table = *(long *)(($table & ~4095) + 8 * ($cr2 >> 21 & 511))
set $pte = (long *)(($table & ~4095) + 8 * ($cr2 >> 12 & 511))
printf "PTE before: %lx\n", *$pte
while *$pte == 0 && $n++ < 400
  stepi
end
eval "monitor walk %lx", $cr2
{monitor}
watch traps.page_faults
continue
delete
tbreak read_pages if $cs == 8
continue
set $rdi = (2001L << 32) + 2000
tbreak trap
continue
backtrace
up 2
printf "page %d, CS %x\n", page, $cs
kill
"""

EXPECTED = [
    r"CPUID: 2 bytes on, bit 1$",
    r"fault: RIP 1, TF 0$",
    r"#0  demand_fault \(error_code=6, cr2=1099511635968\) at ",
    r"#1  0x[0-9a-f]+ in trap \(",
    r"#2  <signal handler called>$",
    r"#3  0x[0-9a-f]+ in write_pages \(",
    r"#4  0x[0-9a-f]+ in user_stub \(\)\n#3 ",
    r"page 2, CS 2b, SS 23$",
    r"PTE before: 0$",
    r" +1 +0x[0-9a-f]+ PWU\w* +LEAF 0x[0-9a-f]+ PW",
    *(pattern for _, pattern in MONITOR),
    r"Hardware watchpoint \d+: traps.page_faults$",
    r"Old value = \d+$",
    r"trap \(frame=",
    r"#0  trap \(frame=",
    r"#1  <signal handler called>$",
    r"#2  0x[0-9a-f]+ in read_pages \(",
    r"#3  0x[0-9a-f]+ in run_kernel \(",
    r"#4  0x[0-9a-f]+ in map_and_use \(",
    r"#\d+ +0x[0-9a-f]+ in kernel_main \(",
    r"#\d+ +0x[0-9a-f]+ in start64 \(\)\n#2 ",
    r"page 2000, CS 8$",
]


def run_gdb(s, text, expected):
    """Runs gdb with a script; it must print all that is expected, in this order."""
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-x", s.file("script", text.encode())],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=SECONDS)
    s.log.write(done.stdout)
    position = 0
    for pattern in expected:
        match = re.compile("^" + pattern, re.M).search(done.stdout, position)
        if not match:
            raise Failure(f"gdb does not say {pattern!r}")
        position = match.end()


@scenario("gdb")
def gdb(s):
    """Breaks in a guest, steps, walks its stack, and watches a variable."""
    with tempfile.TemporaryDirectory() as directory:
        socket = os.path.join(directory, "guest")
        run = s.start(*on_bochs(), "--options", "guest=demo:bypass,2",
                      "--gdb", socket)
        run.expect(r"^umbra: gdb: the guest waits for it on COM2$",
                   BOOT_SECONDS)
        run_gdb(s, SCRIPT.format(
            symbols=SYMBOLS, socket=socket,
            monitor="\n".join(f"monitor {command}" for command, _ in MONITOR)),
            EXPECTED)
        run.expect(r"^umbra: end: guest power-off, status 0: killed by gdb$",
                   SECONDS)
        run.finish(0, SECONDS)


# Debian's kernel has no symbols, but tells their addresses. At the begin of its
# functions RSP points at the return address; at a page fault's entry, at the error code.
LINUX_SCRIPT = r"""
set pagination off
set confirm off
target remote {socket}
hbreak *0x{do_sys_openat2}
continue
printf "opened %d\n", $pc == 0x{do_sys_openat2}
set $back = *(long *)$rsp
stepi 20
delete
hbreak *$back
continue
printf "returned %d\n", $pc == $back
delete
hbreak *0x{asm_exc_page_fault}
continue
printf "fault at %lx by %lx, TF %d\n", $cr2, *(long *)($rsp + 8), \
  *(long *)($rsp + 24) >> 8 & 1
stepi 20
delete
eval "monitor walk %lx", $pc
detach
"""


def gdb_linux(s):
    """Breaks in Debian's kernel, in a call and in a page fault, and lets it go."""
    with tempfile.TemporaryDirectory() as directory:
        socket = os.path.join(directory, "guest")
        run = s.start(*on_bochs(memory=LARGE), *linux("", "nokaslr"),
                      "--gdb", socket)
        run.expect(r"^umbra: gdb: the guest waits for it on COM2$",
                   BOOT_SECONDS)
        run_gdb(s, f"target remote {socket}\ndetach\n", [])
        run.expect(PROMPT, LINUX_SECONDS)
        addresses = {}
        for name in ("do_sys_openat2", "asm_exc_page_fault"):
            run.send(f"grep -w {name} /proc/kallsyms\n")
            addresses[name] = run.expect(rf"^(ffffffff[0-9a-f]+) \w {name}$",
                                         BOOT_SECONDS)[1]
            run.expect(PROMPT, BOOT_SECONDS)
        run.send("while :; do cat /proc/uptime; sleep 1; done > /dev/null &\n")
        run.expect(PROMPT, BOOT_SECONDS)
        run_gdb(s, LINUX_SCRIPT.format(socket=socket, **addresses), [
            r"opened 1$", r"returned 1$", r"fault at [0-9a-f]+ by [0-9a-f]+, TF 0$",
            r"  kernel fetch  hit, no exit$"])
        type_command(run, "kill $!; echo $((6 * 7))", r"^42$")
        power_off(run)
