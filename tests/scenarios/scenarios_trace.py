# SPDX-License-Identifier: MIT
"""The page of tools/trace html in a browser; Debian's package chromium has one."""

import os
import re
import shutil
import subprocess

from harness import Failure, ROOT
from scenarios import BOOT_SECONDS, on_bochs

SIZES = ((1280, 800), (360, 800))    # pixels; on the first one, side by side
SECONDS = 60
# Chromium reads the page's measures off its title.
MEASURE = """<script>
const tops = [...document.querySelectorAll("section")].map(
  section => section.getBoundingClientRect().top);
document.title = [document.documentElement.scrollWidth, innerWidth,
  ...tops.map(Math.round)].join(" ");
</script></body>"""


def measures(s, page, size):
    """The page's width, the window's, and the heights at which runs begin."""
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         f"--window-size={size[0]},{size[1]}", "--dump-dom", f"file://{page}"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=SECONDS)
    title = re.search(r"<title>(\d+) (\d+) (\d+) (\d+)</title>", done.stdout)
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
    with open(page, "r+", encoding="utf-8") as file:
        text = file.read().replace("</body>", MEASURE)
        file.seek(0)
        file.write(text)
    for size in SIZES:
        width, window, first, second = measures(s, page, size)
        if width > window:
            raise Failure(f"{size}: the page is {width} pixels wide")
        if (first == second) != (size == SIZES[0]):
            raise Failure(f"{size}: the runs begin at {first} and {second}")
