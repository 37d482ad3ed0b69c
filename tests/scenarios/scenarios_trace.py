# SPDX-License-Identifier: MIT
"""The page of tools/trace html in a browser; Debian's package chromium has one."""

import html
import os
import re
import shutil
import subprocess

from harness import Failure, ROOT
from scenarios import BOOT_SECONDS, on_bochs

SIZES = ((1280, 800), (360, 800))    # pixels; on the first one, side by side
WINDOW = "1400,900"
SECONDS = 60
# The page is in a frame, since Chromium has no window of fewer than 500 pixels; the
# page around it gets the measures as its title.
FRAME = """<!DOCTYPE html><title></title>
<iframe width="{}" height="{}" style="border: 0" srcdoc="{}"></iframe>"""
MEASURE = """<script>
const tops = [...document.querySelectorAll("section")].map(
  section => section.getBoundingClientRect().top);
const wide = [...document.querySelectorAll("table")].filter(
  table => table.offsetWidth > table.parentElement.clientWidth).length;
parent.document.title = [document.documentElement.scrollWidth, innerWidth, wide,
  ...tops.map(Math.round)].join(" ");
</script></body>"""


def measure_page(s, text, size):
    """Widths of the page and the window, tables too wide, where runs begin."""
    around = s.file("around.html", FRAME.format(
        *size, html.escape(text.replace("</body>", MEASURE))).encode())
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         f"--window-size={WINDOW}", "--dump-dom", f"file://{around}"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=SECONDS)
    title = re.search(r"<title>(\d+) (\d+) (\d+) (\d+) (\d+)</title>", done.stdout)
    if not title:
        raise Failure("chromium does not show the page with two runs")
    s.log.write(f"# {size}: {title[0]}\n")
    return [int(number) for number in title.groups()]


def trace_page(s):
    """Two runs, of the rungs before the bypass and with it, beside each other."""
    if not shutil.which("chromium"):
        raise Failure("install chromium: no browser shows the page")
    traces = []
    for rung in ("update", "bypass"):
        traces.append(s.file(rung))
        run = s.start(*on_bochs(), "--trace", traces[-1], "--options",
                      f"guest=exit-status:0 mmu={rung}")
        run.finish(0, BOOT_SECONDS)
    page = s.file("page.html")
    subprocess.run([os.path.join(ROOT, "tools/trace"), "html", *traces, page],
                   check=True)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for size in SIZES:
        width, window, wide, first, second = measure_page(s, text, size)
        if width > window:
            raise Failure(f"{size}: the page is {width} pixels wide")
        if wide:
            raise Failure(f"{size}: {wide} tables are wider than their run")
        if (first == second) != (size == SIZES[0]):
            raise Failure(f"{size}: the runs begin at {first} and {second}")
