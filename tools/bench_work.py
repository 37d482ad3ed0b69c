# SPDX-License-Identifier: MIT
"""mmbench in Debian's kernel: the costs of memory for Linux's processes.

Each run boots the kernel with the static program tests/workload/mmbench.c, on
the bare (emulated) machine or under Umbra. Linux runs twice: A with
mitigations=off, B as it does by default, with page-table isolation.
"""

import json
import os
import re

BARE = "bare"
# The options of Linux's command line for its mitigations.
SETTINGS = {"A": "mitigations=off", "B": ""}
# Bochs shows a processor without fast strings, hypervisors one that has them; there
# Linux would clear and copy pages by other loops, of 4,096 ticks in place of 700.
# With these options it uses the same loops everywhere.
APPEND = ("console=ttyS0,115200 cryptomgr.notests panic=-1 "
          "clearcpuid=erms,rep_good umbra.run=mmbench")
LINE = re.compile(r"^work: (\S+), ((?:\w+ \d+ ?)+)$", re.M)

# Cycles that a real processor needs, where Bochs counts nothing; it also executes
# two instructions in a cycle.
CYCLES_EXIT, CYCLES_VMCS, TICKS_A_CYCLE = 1500, 50, 2
FORMULA = (f"ticks / {TICKS_A_CYCLE} + {CYCLES_EXIT:,} an exit + "
           f"{CYCLES_VMCS} a VMREAD or VMWRITE")


def parse_phases(output):
    """{phase: {counter: sum, "ops": N}} of mmbench's lines."""
    result = {}
    for name, counters in LINE.findall(output):
        words = counters.split()
        result[name] = dict(zip(words[::2], map(int, words[1::2])))
    if "work: failed" in output or not result:
        raise ValueError("mmbench: " + output[-2000:])
    return result


def run_options(guests, rung, setting, options=""):
    """tools/run's options for one boot; the rung may be BARE."""
    where = ["--bare"] if rung == BARE else [
        "--options", f"mmu={rung} counters {options}"]
    return where + ["--kernel", os.path.join(guests, "vmlinuz"),
                    "--initrd", os.path.join(guests, "initrd.cpio"),
                    "--initrd", os.path.join(guests, "mmbench.cpio"),
                    "--append", f"{APPEND} {SETTINGS[setting]}"]


def measure(run, pool, guests, rungs, settings, options=""):
    """{setting: {rung: {phase: counters}}}; run(options) returns the output."""
    boots = {(setting, rung): pool.submit(
        run, run_options(guests, rung, setting, options))
        for setting in settings for rung in rungs}
    return {setting: {rung: parse_phases(boots[setting, rung].result())
                      for rung in rungs} for setting in settings}


def read_kept(path, files):
    """An earlier result that is newer than the files, or nothing."""
    try:
        if any(os.path.getmtime(file) > os.path.getmtime(path)
               for file in files):
            return {}
        with open(path) as file:
            return json.load(file)
    except OSError:
        return {}


def reckoned_cycles(cost):
    """Cycles of a real processor, by FORMULA."""
    return (cost["ticks"] / TICKS_A_CYCLE
            + CYCLES_EXIT * cost.get("exits", 0)
            + CYCLES_VMCS * (cost.get("vmreads", 0) + cost.get("vmwrites", 0)))


def tables(result, table, figure):
    """(title, text): ticks of all beside each other, then each rung's costs."""
    for setting, rungs in result.items():
        phases = list(next(iter(rungs.values())))

        def per_op(name, rung, value):
            cost = rungs[rung][name]
            return figure(value(cost) / cost["ops"])

        rows = [[name] + [per_op(name, rung, lambda cost: cost["ticks"])
                          for rung in rungs] for name in phases]
        title = f"Linux {setting}, {SETTINGS[setting] or 'mitigations on'}"
        yield f"{title}: ticks per operation", table([""] + list(rungs), rows)
        for rung in rungs:
            if "exits" not in rungs[rung][phases[0]]:
                continue
            columns = [key for key in rungs[rung][phases[0]] if key != "ops"]
            rows = [[name] + [per_op(name, rung, lambda cost, key=key:
                                     cost[key]) for key in columns]
                    + [per_op(name, rung, reckoned_cycles)]
                    for name in phases]
            yield (f"{title}: {rung}, per operation; reckoned = {FORMULA}",
                   table([""] + columns + ["reckoned"], rows))
