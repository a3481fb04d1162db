"""The results of the gradient suite as JSON, and as one self-contained HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from .picture import Curve, svg
from .suite import Result

_STYLE = """
:root { --ink: #1c2430; --soft: #5d6878; --line: #d5dae1; --paper: #fff; --bad: #b3261e;
        --value: #8a94a3; --slope: #1769aa; --dots: #d9730d; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #39424f; --paper: #14181e; --bad: #ff8a80;
          --value: #76808e; --slope: #6cb6f2; --dots: #ffab52; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
         vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; text-align: right; }
th.number { text-align: right; }
tr.failed td { color: var(--bad); }
a { color: inherit; }
section { margin: 1.2rem 0; border-top: 1px solid var(--line); padding-top: .6rem; }
h2 { font-size: 1.05rem; margin: 0; } h2 small { color: var(--soft); font-weight: normal; }
pre { white-space: pre-wrap; color: var(--bad); }
p { margin: .3rem 0; color: var(--soft); overflow-wrap: anywhere; }
svg { width: 100%; height: auto; max-width: 800px; }
svg text { font: 9px system-ui, sans-serif; fill: var(--soft); }
svg path { fill: none; stroke-width: 1.4; } .axis, .zero { stroke: var(--line); }
.value { stroke: var(--value); } .analytical { stroke: var(--slope); }
.numerical { fill: var(--dots); } .difference { stroke: var(--bad); }
.key b { font-weight: 600; } .key .v { color: var(--value); } .key .a { color: var(--slope); }
.key .n { color: var(--dots); } .key .d { color: var(--bad); }
"""


def as_json(results: Sequence[Result], settings: dict[str, Any]) -> str:
    """The settings of the run, its totals, and one object per op or module."""
    return json.dumps(
        {**settings, **totals(results), "results": [asdict(r) for r in results]}, indent=1
    )


def totals(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "checked": len(results),
        "ops": sum(r.kind == "op" for r in results),
        "modules": sum(r.kind == "module" for r in results),
        "failed": sum(bool(r.failure) for r in results),
        "points": sum(r.points for r in results),
        "kinks": sum(r.kinks for r in results),
        "seconds": round(sum(r.seconds for r in results), 2),
    }


def counted(sums: dict[str, Any]) -> str:
    """How many ops, modules and points there were, and how many failed."""
    kinds = [(sums[f"{kind}s"], kind) for kind in ("op", "module") if sums[f"{kind}s"]]
    parts = [f"{n} {kind}{'s' * (n != 1)}" for n, kind in (*kinds, (sums["points"], "point"))]
    return f"{', '.join(parts)}, {sums['failed']} failed"


def error(value: float | None) -> str:
    """An error in two digits, or a dash where there is none."""
    return "-" if value is None else f"{value:.1e}"


def as_html(
    results: Sequence[Result], curves: dict[str, Curve | None], settings: dict[str, Any]
) -> str:
    """One page without outside parts: a table of all, then a section and picture for each."""
    sums = totals(results)
    ordered = sorted(results, key=lambda r: (not r.failure, r.kind != "op", r.family, r.name))
    given = ", ".join(f"{name} {value}" for name, value in settings.items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gradient check: {sums["failed"]} of {sums["checked"]} failed</title>
<style>{_STYLE}</style></head><body>
<h1>Gradient check</h1>
<p>{counted(sums)}. {escape(given)}.</p>
<p>An error is the greatest |analytical − numerical| / max(1, |numerical|) of a directional
derivative; the numerical one is a central difference extrapolated to step 0, in float64.</p>
<p>A point is a call with drawn values: F(3, 4) stands for a float tensor of that shape, C for a
complex one, I for integers, B for bools, S(...) for the arguments.</p>
<p class="key">In the pictures: <b class="v">the function</b>, <b class="a">its derivative</b>,
<b class="n">the numerical derivative</b> (dots), and on the right <b class="d">the difference</b>
of the two derivatives.</p>
<table><tr><th>op or module</th><th class="number">first order</th>
<th class="number">second order</th><th class="number">points</th><th>worst point</th></tr>
{"".join(_line(r) for r in ordered)}</table>
{"".join(_section(r, curves.get(r.name)) for r in ordered)}
</body></html>
"""


def _line(r: Result) -> str:
    numbers = (error(r.first_error), error(r.second_error), str(r.points))
    cells = "".join(f'<td class="number">{text}</td>' for text in numbers)
    name = f'<td><a href="#{escape(r.name)}">{escape(r.name)}</a></td>'
    worst = f"<td>{escape(shortened(('failed at ' if r.failure else '') + r.worst))}</td>"
    return f'<tr class="{"failed" if r.failure else "passed"}">{name}{cells}{worst}</tr>\n'


def _section(r: Result, found: Curve | None) -> str:
    picture = "<p>No picture: it takes no floats.</p>" if found is None else svg(found, r.name)
    failure = f"<pre>{escape(r.verdict)}\n{escape(r.failure)}</pre>" if r.failure else ""
    return (
        f'<section id="{escape(r.name)}">'
        f"<h2>{escape(r.name)} <small>{r.kind}, {escape(r.family)}</small></h2>"
        f"{failure}{picture}<p>Worst point: {escape(r.worst)}</p></section>\n"
    )


def shortened(text: str, width: int = 70) -> str:
    """The text, or its beginning."""
    return text if len(text) <= width else text[: width - 1] + "…"
