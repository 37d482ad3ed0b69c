# SPDX-License-Identifier: MIT
"""The built-in guest's operations on Umbra under KVM, in Bochs.

The machine of tests/nested, whose time-stamp counter counts KVM's instructions,
too: VMREADs and VMWRITEs that exit to KVM show there, and so does an INVVPID.
"""

from bench_peers import load_nested

EPT = "1"
CASE = "bench"
SECONDS = 1800
# Of kvm_intel's enable_shadow_vmcs: the value, and what it shows then.
COLUMNS = {"shadow VMCS": ("1", "Y"), "no shadow VMCS": ("0", "N")}


def run_host(nested, image, column, shown, operations):
    """One boot of the host; {operation: counters}."""
    host = nested.L0("bench-" + column.replace(" ", "-"), image)
    try:
        host.until_kvm(EPT)
        # Without VMCS shadowing in the processor KVM switches it off.
        host.until(rf" shadow_vmcs={shown}$", 10)
        output = host.until(rf"^nested: end {CASE},.*$", SECONDS)
    finally:
        host.machine.kill()
    result = operations(output)
    if len(result) != 1 or "bench: FAILED" in output:
        raise nested.Failure("bench: " + output[-2000:])
    return next(iter(result.values()))


def measure(pool, rung, operations):
    """{column: {operation: counters}}; operations(output) reads a guest's."""
    nested = load_nested()
    case = nested.Case(None, f"guest=bench:{rung}")
    hosts = {}
    for column, (value, shown) in COLUMNS.items():
        image = nested.make_image(EPT, [CASE], lambda tree: nested.add_case(
            tree, CASE, case), value)
        hosts[column] = pool.submit(run_host, nested, image, column, shown,
                                    operations)
    return {column: host.result() for column, host in hosts.items()}


def tables(result, rung, table, figure):
    """(title, text): what an operation costs, and what an exit."""
    first = next(iter(result.values()))
    rows = []
    for name in first:
        costs = [cost[name] for cost in result.values()]
        rows.append([name, figure(costs[0]["exits"] / costs[0]["ops"])] + [
            figure(cost["ticks"] / cost["ops"]) for cost in costs])
    yield (f"Under KVM, `{rung}`: exits and ticks per operation",
           table(["", "exits"] + list(result), rows))
    rows = []
    for name in first:
        costs = [cost[name] for cost in result.values()]
        exits = costs[0]["exits"]
        # Of few exits, the rest of the operation is most.
        if exits < costs[0]["ops"] / 2:
            continue
        rows.append([name] + [figure(costs[0][key] / exits) for key in
                              ("vmreads", "vmwrites")]
                    + [figure(cost[name][key] / exits) for cost in
                       result.values() for key in ("ticks", "root_ticks")])
    heads = [f"{column}: {what}" for column in result
             for what in ("ticks", "of these in root mode")]
    yield (f"Under KVM, `{rung}`: per exit",
           table(["", "VMREADs", "VMWRITEs"] + heads, rows))
