#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The outputs of tools/trace for a small trace: the kernel's events, as text and as
trace-cmd reads them, and the page."""

import html.parser
import os
import re
import struct
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HZ = 1_000_000_000
EXIT, INJECT, FILL, WRITE = range(4)
EXCEPTION, HLT = 0, 12
RECORD = struct.Struct("<Q4BIQQ")    # vmx/trace/record.h
# A page fault that is filled, one that is injected, a write to a table, a HLT;
# 3 s lie between the last two, more than a time of the ring buffer can hold.
RECORDS = [
    (100, EXIT, EXCEPTION, 14, 0x1b, 50, 0x7000, 0x401000),
    (100, FILL, 0, 0, 0, 0, 0x402, 0x401000),
    (300, EXIT, EXCEPTION, 14, 2, 50, 0x7003, 0x402000),
    (300, INJECT, 3, 14, 1, 2, 0, 0),
    (500, EXIT, EXCEPTION, 14, 3, 50, 0x7006, 0x403018),
    (500, WRITE, 0, 0, 0, 0, 0x403, 0x18 << 32 | 1),
    (3 * HZ, EXIT, HLT, 0, 0, 0, 0x7009, 0),
]
EXPECTED = [
    "kvm_exit", "kvm_page_fault", "kvm_mmu_set_spte", "kvm_entry",
    "kvm_exit", "kvm_page_fault", "kvm_inj_exception", "kvm_entry",
    "kvm_exit", "kvm_page_fault", "kvm_mmu_pagetable_walk", "kvm_entry",
    "kvm_exit",
]
VOID = ("meta",)


def packet(records, hz=HZ, more_bits=0):
    body = b"".join(RECORD.pack(*r) for r in records)
    head = struct.pack("<II7Q", 0xc1fc1fc1, 0, records[0][0], records[-1][0],
                       (64 + len(body)) * 8 + more_bits, 4096 * 8, 0, hz, 0)
    return (head + body).ljust(4096, b"\0")


def as_text(data):
    """The lines of trace.to=text, of the whole page."""
    return b"".join(b"umbra: trace %016x%016x%016x%016x\n"
                    % struct.unpack_from("<4Q", data, place)
                    for place in range(0, len(data), 32))


class Page(html.parser.HTMLParser):
    """The rows of the tables, in order; a tag that is not closed is an error."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.bars = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "link", "img"):
            raise ValueError(f"the page has <{tag}>")
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_startendtag(self, tag, attrs):
        self.bars += tag == "rect"

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes another tag")

    def handle_data(self, data):
        if "td" in self.open:
            self.rows[-1].append(data)


class Trace(unittest.TestCase):

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        with open(self.path("in"), "wb") as file:
            file.write(packet(RECORDS))

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def make(self, kind, *inputs):
        out = self.path(kind)
        subprocess.run([os.path.join(ROOT, "tools/trace"), kind, *inputs, out],
                       check=True)
        return out

    def test_forged(self):
        unknown = [(100, 200, 0, 0, 0, 0, 0, 0)]
        for data, why in ((packet(RECORDS, hz=0), "0 Hz"),
                          (packet(RECORDS, more_bits=8), "its size"),
                          (packet(RECORDS, more_bits=1), "its size"),
                          (packet(RECORDS, more_bits=4096 * 8), "its size"),
                          (packet(RECORDS, more_bits=-8), "its size"),
                          (packet(unknown), "its kind is 200"),
                          (packet(RECORDS[2:3] + RECORDS[:3]), "its time")):
            for text in (False, True):
                self.refuses(as_text(data) if text else data,
                             "" if text else why)

    def refuses(self, data, why):
        with open(self.path("forged"), "wb") as file:
            file.write(data)
        for kind in ("ctf", "ftrace", "dat", "csv", "html"):
            done = subprocess.run(
                [os.path.join(ROOT, "tools/trace"), kind, self.path("forged"),
                 self.path("out")], text=True, capture_output=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, rf"\Atrace: .*{why}.*\n\Z")

    def ftrace(self):
        """(time, event, text) of all lines.

        Perfetto knows the file by its begin, and takes lines of this form, with at
        most four flags (its importers/systrace/systrace_line_tokenizer.cc).
        """
        with open(self.make("ftrace", self.path("in")),
                  encoding="utf-8") as file:
            text = file.read()
        self.assertIn("# tracer", text[:64])
        found = re.findall(r"(?m)^ +umbra-1 +\[000\] [a-z0-9.]{1,4} "
                           r"(\d+\.\d{9}): (\w+): (.*)$", text)
        self.assertEqual(len(found), len(re.findall(r"(?m)^[^#]", text)))
        return found

    def test_ftrace(self):
        found = [line for line in self.ftrace()
                 if line[1] != "tracing_mark_write"]
        self.assertEqual([name for _, name, _ in found], EXPECTED)
        self.assertEqual(found[3], ("0.000000150", "kvm_entry",
                                    "vcpu 0, rip 0x7000"))
        self.assertEqual(found[10][2], "addr 0x403018 entries 1")
        self.assertIn("reason HLT rip 0x7009 ", found[12][2])

    def test_marks(self):
        """Perfetto shows each exit as a slice up to the entry."""
        marks = [(time, text) for time, name, text in self.ftrace()
                 if name == "tracing_mark_write"]
        self.assertEqual(len(marks), len(EXPECTED))
        self.assertEqual(marks[0], ("0.000000100", "B|1|EXCEPTION_OR_NMI"))
        self.assertEqual(marks[1][1][:20], "I|1|kvm_page_fault v")
        self.assertEqual(marks[3], ("0.000000150", "E|1"))
        self.assertEqual("".join(text[0] for _, text in marks),
                         "BIIEBIIEBIIEB")
        for _, text in marks:
            self.assertEqual(text.count("|"), 1 if text[0] == "E" else 2)

    def test_trace_cmd(self):
        shown = subprocess.run(
            ["trace-cmd", "report", "-t", "-i",
             self.make("dat", self.path("in"))], check=True, text=True,
            capture_output=True)
        self.assertEqual(shown.stderr, "")
        found = re.findall(r"(?m)^ +umbra-1 +\[000\] +(\d+\.\d{9}): (\w+): +"
                           r"(.*)$", shown.stdout)
        self.assertEqual([name for _, name, _ in found], EXPECTED)
        self.assertEqual(found[0][0], "0.000000100")
        self.assertEqual(found[10][2], "addr 0x403018 entries 1")
        self.assertEqual(found[12][0], "3.000000000")
        self.assertIn("reason HLT rip 0x7009", found[12][2])

    def test_page(self):
        page = Page()
        with open(self.make("html", self.path("in"), self.path("in")),
                  encoding="utf-8") as file:
            page.feed(file.read())
        page.close()
        self.assertEqual(page.open, [])
        run = [["page fault", "3", "50"], ["HLT", "1", "0"],
               ["filled", "1", "33.3%"], ["injected", "1", "33.3%"],
               ["table write", "1", "33.3%"], ["other", "0", "0.0%"]]
        self.assertEqual([row for row in page.rows if row], 2 * run)
        self.assertEqual(page.bars, 2 * 2)


if __name__ == "__main__":
    unittest.main()
