# SPDX-License-Identifier: MIT
"""The page of tools/trace html: one file, with pictures in SVG, no scripts."""

import html
from collections import Counter

WIDTH, HEIGHT, BINS = 640, 220, 80
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b",
           "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
OUTCOMES = ("filled", "injected", "table write", "other")

STYLE = """
body { font: 15px/1.4 sans-serif; margin: 1em auto; max-width: 90em;
       padding: 0 1em; color: #222; background: #fff }
.runs { display: flex; flex-wrap: wrap; gap: 2em }
section { flex: 1 1 22em; min-width: 0 }
svg { width: 100%; height: auto; background: #f6f6f6 }
table { border-collapse: collapse; width: 100%; margin: 1em 0 }
td, th { padding: .15em .3em; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left }
i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
"""


def kind(record):
    return "page fault" if record.is_fault() else record.reason()


def outcomes(records):
    """The outcome of each page-fault exit, by the records up to the next."""
    counts, fault, seen = Counter(), False, "other"
    for r in records + [None]:
        if r is None or r.kind == 0:
            if fault:
                counts[seen] += 1
            fault, seen = bool(r) and r.is_fault(), "other"
        elif r.name() == "fill":
            seen = "filled"
        elif r.name() == "inject" and r.vector == 14:
            seen = "injected"
        elif r.name() in ("write", "open", "unshadow") and seen == "other":
            seen = "table write"
    return counts


def picture(exits, kinds, begin, end, top):
    """Exits by kind in equal pieces of time, one bar a piece."""
    bins = [Counter() for _ in range(BINS)]
    for r in exits:
        place = int((r.seconds - begin) / ((end - begin) or 1) * BINS)
        bins[min(place, BINS - 1)][kind(r)] += 1
    bars = []
    for n, counts in enumerate(bins):
        y = HEIGHT
        for name, colour in kinds.items():
            size = counts[name] / top * HEIGHT
            if not size:
                continue
            y -= size
            bars.append(f'<rect x="{n * WIDTH / BINS:.1f}" y="{y:.1f}" '
                        f'width="{WIDTH / BINS:.1f}" height="{size:.1f}" '
                        f'fill="{colour}"/>')
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="exits over time">{"".join(bars)}</svg>')


def highest(exits, begin, end):
    """The largest number of exits in a piece of time."""
    counts = Counter(min(int((r.seconds - begin) / ((end - begin) or 1)
                             * BINS), BINS - 1) for r in exits)
    return max(counts.values(), default=1)


def rows(pairs):
    return "".join(f"<tr><td>{name}</td><td>{a:,}</td><td>{b}</td></tr>"
                   for name, a, b in pairs)


def label(name):
    """The name in a narrow window: a new line may begin after an underscore."""
    return html.escape(name).replace("_", "_<wbr>")


def section(title, records, kinds, scale):
    exits = [r for r in records if r.kind == 0]
    begin = records[0].seconds if records else 0
    end = records[-1].seconds if records else 0
    counts = Counter(kind(r) for r in exits)
    ticks = Counter()
    for r in exits:
        ticks[kind(r)] += r.number
    found = outcomes(records)
    return f"""<section><h2>{html.escape(title)}</h2>
<p>{len(records):,} records, {len(exits):,} exits in {end - begin:.6f} s; the
highest bar of the picture stands for {scale:,} exits.</p>
{picture(exits, kinds, begin, end, scale)}
<table class="exits"><tr><th>exit</th><th>number</th><th>ticks each</th></tr>
{rows((f'<i style="background:{colour}"></i>{label(name)}', counts[name],
       f"{ticks[name] // counts[name]:,}" if counts[name] else "")
      for name, colour in kinds.items())}</table>
<table class="faults"><tr><th>page-fault exits</th><th>number</th>
<th>share</th></tr>
{rows((name, found[name], f"{found[name] / max(sum(found.values()), 1):.1%}")
      for name in OUTCOMES)}</table>
<p>Page faults that go straight to the guest make no exit, so they are in none
of these rows.</p></section>"""


def page(runs):
    """HTML for [(title, records)], side by side where there is room."""
    counts = Counter(kind(r) for _, records in runs for r in records
                     if r.kind == 0)
    kinds = {name: COLOURS[n % len(COLOURS)]
             for n, (name, _) in enumerate(counts.most_common())}
    scale = max((highest([r for r in records if r.kind == 0],
                         records[0].seconds, records[-1].seconds)
                 for _, records in runs if records), default=1)
    body = "".join(section(title, records, kinds, scale)
                   for title, records in runs)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Umbra: a trace</title><style>{STYLE}</style></head>
<body><h1>Umbra: exits and page faults</h1>
<div class="runs">{body}</div></body></html>
"""
