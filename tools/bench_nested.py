# SPDX-License-Identifier: MIT
"""The built-in guest's operations under KVM, in Bochs: on Umbra and on Linux.

The machine of tests/nested, whose time-stamp counter counts KVM's instructions,
too: VMREADs and VMWRITEs that exit to KVM show there, and so does an INVVPID.
Beside Umbra stands the same Debian kernel as the guest hypervisor, whose KVM
shadows page tables (ept=0), and which has its mitigations off.
"""

import os

from bench_peers import LINUXBOOT, ROOT, load_nested

EPT = "1"
CASE = "bench"
SECONDS = 1800
# Values of kvm_intel's enable_shadow_vmcs, and as the module shows them.
COLUMNS = {"shadow VMCS": ("1", "Y"), "no shadow VMCS": ("0", "N")}
LINUX = "Linux's KVM, ept=0, shadow VMCS"
LINUX_CASE, LINUX_EPT, LINUX_MEMORY = "linux", "0", 512    # MiB
GUEST = os.path.join(ROOT, "build/guest/builtin/guest.bin")
GUEST_MEMORY = 64
MULTIBOOT = "/usr/share/qemu/multiboot_dma.bin"
FIRMWARE = "/usr/share/seabios/bios-microvm.bin"


def run_host(nested, image, column, shown, operations):
    """Boots the host once; returns {operation: counters}."""
    host = nested.L0("bench-" + column.replace(" ", "-"), image)
    try:
        host.wait_for_kvm(EPT)
        # Without VMCS shadowing in the processor KVM switches it off.
        host.read_until(rf" shadow_vmcs={shown}$", 10)
        output = host.read_until(rf"^nested: end {CASE},.*$", SECONDS)
    finally:
        host.machine.kill()
    result = operations(output)
    if len(result) != 1 or "bench: FAILED" in output:
        raise nested.Failure("bench: " + output[-2000:])
    return next(iter(result.values()))


def fill_linux(nested, tree, initramfs):
    """Puts Linux with KVM, as a guest, into the host's initramfs."""
    directory = f"cases/{LINUX_CASE}"
    nested.copy_file(f"{nested.KVM}/vmlinuz", tree, "guest/vmlinuz")
    nested.copy_file(initramfs, tree, "guest/initrd")
    nested.copy_file(LINUXBOOT, tree, "firmware/linuxboot_dma.bin")
    nested.write_file(tree, f"{directory}/append", (
        f"{nested.L0_OPTIONS} nested.ept={LINUX_EPT} nested.shadow_vmcs=1 "
        f"nested.cases={CASE}").encode())
    nested.write_file(tree, f"{directory}/memory", b"%d" % LINUX_MEMORY)
    nested.write_file(tree, f"{directory}/bios", b"bios.bin")


def fill_guest(nested, tree):
    """Puts the built-in guest, which QEMU boots by itself, into that guest's."""
    directory = f"cases/{CASE}"
    nested.copy_file(GUEST, tree, f"{directory}/guest.bin")
    nested.copy_file(MULTIBOOT, tree, "firmware/multiboot_dma.bin")
    nested.copy_file(FIRMWARE, tree, "firmware/bios-microvm.bin")
    nested.write_file(tree, f"{directory}/arguments", (
        "-M microvm,isa-serial=on "
        f"-kernel /{directory}/guest.bin -append bench").encode())
    nested.write_file(tree, f"{directory}/memory", b"%d" % GUEST_MEMORY)
    nested.write_file(tree, f"{directory}/bios", b"bios-microvm.bin")


def linux_image(nested):
    """Makes the host's image with both guests; returns its path."""
    initramfs = os.path.join(nested.OUT, "linux.cpio")
    os.rename(nested.make_initramfs(lambda tree: fill_guest(nested, tree)),
              initramfs)
    return nested.make_image(EPT, [LINUX_CASE], lambda tree: fill_linux(
        nested, tree, initramfs))


def run_linux(nested, image, operations):
    """As run_host(). The guest has no way to end this machine."""
    host = nested.L0("bench-linux", image)
    try:
        host.wait_for_kvm(EPT)
        host.wait_for_kvm(LINUX_EPT)
        output = host.read_until(r"^bench: \S+ toggle-pge,.*\n", SECONDS)
    finally:
        host.machine.kill()
    return next(iter(operations(output).values()))


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
    hosts[LINUX] = pool.submit(run_linux, nested, linux_image(nested),
                               operations)
    return {column: host.result() for column, host in hosts.items()}


def tables(result, rung, table, figure):
    """Yields (title, text): the costs of an operation, and of an exit."""
    first = next(iter(result.values()))
    rows = []
    for name in first:
        costs = [cost[name] for cost in result.values()]
        rows.append([name, figure(costs[0]["exits"] / costs[0]["ops"])] + [
            figure(cost["ticks"] / cost["ops"]) for cost in costs])
    yield (f"Under KVM, `{rung}`: exits and ticks per operation",
           table(["", "exits"] + list(result), rows))
    rows = []
    # Linux does not tell the guest how often it has exited.
    result = {column: result[column] for column in COLUMNS}
    for name in first:
        costs = [cost[name] for cost in result.values()]
        exits = costs[0]["exits"]
        # With few exits the figure is mostly the operation's own work.
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
