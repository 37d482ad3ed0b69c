# SPDX-License-Identifier: MIT
"""A trace as events of the kernel's KVM: ftrace's text, and trace.dat.

trace.dat is version 6 of the format that trace-cmd.dat(5) describes: the file
brings the layout of its events with it, so no kernel and no library is needed.
"""

import struct

EXIT, INJECT = 0, 1
INTR_EXTERNAL = 0
PAGE_FAULT = 14
PROCESS = 1    # number of the process that stands for the virtual processor

# Event: its fields, all of 64 bits, and the kernel's text for the first of them. An
# event of the shadow MMU gets the kernel's event that is most like it.
EVENTS = {
    "kvm_entry": ("vcpu_id rip", "vcpu %d, rip 0x%x"),
    "kvm_exit": ("vcpu_id exit_reason guest_rip info1 info2 intr_info "
                 "error_code isa", "vcpu %d reason %d rip 0x%x info1 0x%x "
                 "info2 0x%x intr_info 0x%x error_code 0x%x"),
    "kvm_page_fault": ("vcpu_id guest_rip fault_address error_code",
                       "vcpu %d rip 0x%x address 0x%x error_code 0x%x"),
    "kvm_inj_virq": ("vector", "IRQ 0x%x"),
    "kvm_inj_exception": ("exception error_code", "vector %d (0x%x)"),
    "kvm_mmu_set_spte": ("gfn gva level", "gfn 0x%x spte of gva 0x%x level %d"),
    "kvm_mmu_pagetable_walk": ("addr entries", "addr 0x%x entries %d"),
    "kvm_mmu_unsync_page": ("gfn", "sp gfn 0x%x"),
    "kvm_mmu_sync_page": ("gfn", "sp gfn 0x%x"),
    "kvm_mmu_prepare_zap_page": ("gfn level", "sp gfn 0x%x level %d"),
    "kvm_mmu_get_page": ("gfn cr3", "sp gfn 0x%x root of cr3 0x%x"),
}
MMU_EVENTS = {
    "write": "kvm_mmu_pagetable_walk", "open": "kvm_mmu_unsync_page",
    "close": "kvm_mmu_sync_page", "unshadow": "kvm_mmu_prepare_zap_page",
    "reclaim": "kvm_mmu_prepare_zap_page", "root": "kvm_mmu_get_page",
    "fill": "kvm_mmu_set_spte",
}


def events_of(r):
    """Yields (name, values), the kernel's events for a record, without kvm_entry."""
    if r.kind == EXIT:
        info = 0x80000300 | r.vector if r.what == 0 else 0
        # isa 1: VMX, so that trace-cmd names the reason.
        yield "kvm_exit", (0, r.what, r.subject, r.detail, 0, info, r.error, 1)
        if r.is_fault():
            yield "kvm_page_fault", (0, r.subject, r.detail, r.error)
    elif r.kind == INJECT and r.what == INTR_EXTERNAL:
        yield "kvm_inj_virq", (r.vector,)
    elif r.kind == INJECT:
        yield "kvm_inj_exception", (r.vector, r.number)
    elif r.name() in MMU_EVENTS:
        name, values = MMU_EVENTS[r.name()], (r.subject, r.detail, 1)
        if r.name() == "write":    # vmx/trace/record.h: offset, entries
            values = (r.subject << 12 | r.detail >> 32, r.detail & 0xffffffff)
        yield name, values[:len(EVENTS[name][0].split())]


def kernel_events(records):
    """Yields (TSC, name, values), with the entry after each exit."""
    entry, last = None, 0    # (TSC, RIP) of the entry after the last exit
    for r in records:
        if r.kind == EXIT:
            if entry:
                yield max(entry[0], last), "kvm_entry", (0, entry[1])
            entry = (r.tsc + r.number, r.subject) if r.number else None
        for name, values in events_of(r):
            yield r.tsc, name, values
        last = r.tsc


def slice_mark(name, text, reason):
    """The event as a mark of tracing_mark_write: an exit is a slice, up to the entry.

    Perfetto reads all lines of ftrace, but shows those marks alone, not KVM's events.
    """
    if name == "kvm_exit":
        return f"B|{PROCESS}|{reason}"
    if name == "kvm_entry":
        return f"E|{PROCESS}"
    return f"I|{PROCESS}|{name} {text}"


def write_ftrace(records, hz, path, reasons):
    with open(path, "w", encoding="utf-8") as file:
        file.write("# tracer: nop\n#\n")
        for tsc, name, values in kernel_events(records):
            text, reason = EVENTS[name][1], None
            if name == "kvm_exit":
                text = text.replace("reason %d", "reason %s", 1)
                reason = reasons.get(values[1], values[1])
                values = (0, reason) + values[2:]
            text %= values[:text.count("%")]
            # Perfetto takes four flags, newer kernels print a fifth one.
            head = f"           umbra-{PROCESS}     [000] d..1 {tsc / hz:.9f}: "
            file.write(f"{head}{name}: {text}\n{head}tracing_mark_write: "
                       f"{slice_mark(name, text, reason)}\n")


# --- trace.dat ----------------------------------------------------------------

PAGE = 4096
PAGE_HEADER = struct.Struct("<QQ")    # time, number of bytes that follow
COMMON = struct.Struct("<HBBi")       # type, flags, preempt count, process
EXTEND_TYPE, DATA_WORDS_MAX, DELTA_BITS = 30, 28, 27

HEADER_PAGE = """\
\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;
"""
HEADER_EVENT = """\
# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\tdata max type_len  == 28
"""
COMMON_FIELDS = """\
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
"""


def with_size(text, form="<Q"):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(form, len(data)) + data


def event_format(number, name):
    """Returns the event's file "format", as the kernel has it."""
    fields, text = EVENTS[name]
    fields = fields.split()
    lines = "".join(f"\tfield:u64 {field};\toffset:{8 + 8 * n};\tsize:8;"
                    f"\tsigned:0;\n" for n, field in enumerate(fields))
    text = text.replace("%d", "%llu").replace("%x", "%llx")
    values = ", ".join(f"REC->{field}" for field in fields[:text.count("%")])
    return (f"name: {name}\nID: {number}\nformat:\n{COMMON_FIELDS}\n{lines}\n"
            f'print fmt: "{text}", {values}\n')


def ring_pages(events):
    """Pages of the kernel's ring buffer for (ns, bytes)."""
    body, start, now = b"", 0, 0

    def page():
        return (PAGE_HEADER.pack(start, len(body)) + body).ljust(PAGE, b"\0")

    for ns, data in events:
        words = (len(data) + 3) // 4
        assert words <= DATA_WORDS_MAX
        if body and (PAGE_HEADER.size + len(body) + 12 + 4 * words > PAGE):
            yield page()
            body = b""
        if not body:
            start = now = ns
        delta, now = ns - now, ns
        if delta >> DELTA_BITS:
            body += struct.pack("<II", EXTEND_TYPE | (
                delta & (1 << DELTA_BITS) - 1) << 5, delta >> DELTA_BITS)
            delta = 0
        body += struct.pack("<I", words | delta << 5) + data.ljust(4 * words,
                                                                   b"\0")
    if body:
        yield page()


def write_dat(records, hz, path):
    numbers = {name: n + 1 for n, name in enumerate(EVENTS)}
    ring = b"".join(ring_pages(
        (tsc * 10**9 // hz, COMMON.pack(numbers[name], 0, 0, 1)
         + struct.pack(f"<{len(values)}Q", *values))
        for tsc, name, values in kernel_events(records)))
    head = (b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE)
            + b"header_page\0" + with_size(HEADER_PAGE)
            + b"header_event\0" + with_size(HEADER_EVENT)
            + struct.pack("<II", 0, 1)    # events of ftrace's own; systems
            + b"kvm\0" + struct.pack("<I", len(EVENTS))
            + b"".join(with_size(event_format(n, name)) for name, n in numbers.items())
            + with_size("", "<I") + with_size("", "<I")    # symbols, printk's formats
            + with_size("1 umbra\n")                   # processes
            + struct.pack("<I", 1)                 # processors
            + b"options  \0" + struct.pack("<H", 0)
            + b"flyrecord\0")
    place = -(-(len(head) + 16) // PAGE) * PAGE
    with open(path, "wb") as file:
        file.write((head + struct.pack("<QQ", place, len(ring))).ljust(
            place, b"\0") + ring)
