"""The table in the terminal, and a self-contained HTML page with a bar per workload."""

from __future__ import annotations

import html
import itertools
import math
from typing import Any


def duration(seconds: float) -> str:
    """Seconds with a fitting unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale or unit == "us":
            return f"{seconds / scale:.3g} {unit}"
    raise AssertionError


def table(results: dict[str, Any]) -> str:
    """Lines of: workload, our time, each peer's time over ours with its spread."""
    peers = results["peers"]
    lines = [f"{'workload':36}{'ours':>10}" + "".join(f"{peer:>34}" for peer in peers)]
    for row in results["rows"]:
        line = f"{row['workload']:36}"
        if "error" in row:
            lines.append(line + "  " + row["error"])
            continue
        line += f"{duration(row['ours']):>10}"
        for peer in peers:
            got = row["peers"].get(peer, {})
            if "ratio" in got:
                low, high = got["spread"]
                ratio, spread = f"x{got['ratio']:.2f}", f"({low:.2f}-{high:.2f})"
                text = f"{duration(got['time'])} {ratio:>7} {spread:>14}"
            else:
                text = got.get("error", "-")[:32]
            line += f" {text:>33}"
        lines.append(line)
    for peer in peers:
        mean = geometric_mean(results, peer)
        if mean is not None:
            lines.append(f"geometric mean, {peer}'s time over ours: x{mean:.2f}")
    return "\n".join(lines)


def exponent(points: list[tuple[float, float]]) -> float:
    """The slope of log time over log size, by least squares."""
    xs, ys = ([math.log(v) for v in values] for values in zip(*points))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def points(results: dict[str, Any]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Per scaling curve and library: (size, seconds)."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in results["rows"]:
        if row.get("curve") and "error" not in row:
            name, size = row["curve"]
            lines = found.setdefault(name, {})
            lines.setdefault("ours", []).append((size, row["ours"]))
            for peer, got in row["peers"].items():
                if "time" in got:
                    lines.setdefault(peer, []).append((size, got["time"]))
    return found


def curves(results: dict[str, Any]) -> str:
    """Per scaling curve the exponent of each library: over all sizes, and between the last two."""
    lines = [f"{'time ~ size^e':20}{'library':>16}{'e':>8}{'last two':>10}"]
    for name, by_library in points(results).items():
        for library, measured in by_library.items():
            if len(measured) > 1:
                e, last = exponent(measured), exponent(measured[-2:])
                lines.append(f"{name:20}{library:>16}{e:8.2f}{last:10.2f}")
    return "\n".join(lines)


def crossings(results: dict[str, Any]) -> str:
    """Per scaling curve the size from which on we are faster than each peer."""
    lines = [f"{'we are faster than':20}{'':26}{'from size':>10}"]
    for name, by_library in points(results).items():
        mine = dict(by_library.get("ours", []))
        for library, theirs in by_library.items():
            if library != "ours":
                ratios = [(size, time / mine[size]) for size, time in theirs if size in mine]
                lines.append(f"{name:20}{library:>26}{crossing(ratios):>10}")
    return "\n".join(lines)


def crossing(ratios: list[tuple[float, float]]) -> str:
    """Where ratios over sizes pass 1 for good, between two sizes on logarithmic axes."""
    size, ratio = ratios[-1]
    if ratio < 1:
        return "never"
    for before, at in reversed(ratios[:-1]):
        if at < 1:
            share = math.log(1 / at) / math.log(ratio / at)
            return f"{before * (size / before) ** share:.0f}"
        size, ratio = before, at
    return f"<= {size:g}"


def geometric_mean(results: dict[str, Any], peer: str) -> float | None:
    """Of the ratios over all workloads that both ran."""
    ratios = [
        row["peers"][peer]["ratio"]
        for row in results["rows"]
        if "ratio" in row.get("peers", {}).get(peer, {})
    ]
    if not ratios:
        return None
    return math.exp(sum(math.log(r) for r in ratios) / len(ratios))


def page(results: dict[str, Any]) -> str:
    """The report as one HTML file: per workload a bar from 1 on a logarithmic axis."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    setting = html.escape(
        f"{results['date']}. {results['machine']}; {results['threads']} threads; {versions}"
    )
    sections = [
        f"<h2>{html.escape(peer)}'s time over ours</h2>{_bars(results, peer)}"
        for peer in results["peers"]
    ]
    sections += [
        f"<h2>{html.escape(n)}</h2>{_curve(lines)}" for n, lines in points(results).items()
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        "<title>minitorch_dl benchmarks</title>"
        "<style>body{font:15px system-ui;max-width:64rem;margin:2rem auto;padding:0 1rem;"
        "color:#222;background:#fff}svg text{font:12px system-ui;fill:#222}"
        "pre{overflow:auto}</style>"
        f"<h1>minitorch_dl benchmarks</h1><p>{setting}<br>"
        f"<code>{html.escape(results['command'])}</code></p>"
        "<p>The libraries take turns, each in its own process. A time is that of one step, the "
        "median of its times in a round, then of the rounds. A ratio is taken within each round. "
        "Right of the line: this engine is faster. Bars are medians of the rounds' ratios, "
        f"whiskers their quartiles.</p>{''.join(sections)}"
        f"<h2>Times</h2><pre>{html.escape(table(results))}</pre></html>"
    )


def _bars(results: dict[str, Any], peer: str) -> str:
    rows = [r for r in results["rows"] if "ratio" in r.get("peers", {}).get(peer, {})]
    if not rows:
        return "<p>not measured</p>"
    left, width, height = 320, 620, 22
    ratios = [v for r in rows for v in (r["peers"][peer]["ratio"], *r["peers"][peer]["spread"])]
    reach = max(2.0, *ratios, *(1 / v for v in ratios))

    def x(ratio: float) -> float:
        return left + width / 2 * (1 + math.log(ratio) / math.log(reach))

    total = height * len(rows) + 30
    parts = [f'<svg role="img" viewBox="0 0 {left + width + 60} {total}" width="100%">']
    for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        if 1 / reach <= tick <= reach:
            color = "#444" if tick == 1 else "#ddd"
            parts.append(
                f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="0" y2="{total - 20}" '
                f'stroke="{color}"/>'
                f'<text x="{x(tick):.1f}" y="{total - 6}" text-anchor="middle">x{tick:g}</text>'
            )
    for i, row in enumerate(rows):
        got = row["peers"][peer]
        y, a, b = i * height + 4, x(1), x(got["ratio"])
        low, high = (x(v) for v in got["spread"])
        color = "#2a7" if got["ratio"] >= 1 else "#c63"
        name = html.escape(row["workload"])
        parts.append(
            f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{name}</text>'
            f'<rect x="{min(a, b):.1f}" y="{y}" width="{abs(a - b):.1f}" height="14" '
            f'fill="{color}"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 7}" y2="{y + 7}" stroke="#222"/>'
            f'<text x="{left + width + 6}" y="{y + 11}">x{got["ratio"]:.2f}</text>'
        )
    return "".join([*parts, "</svg>"])


def _curve(lines: dict[str, list[tuple[float, float]]]) -> str:
    """Time over size, both logarithmic, a line per library with its exponent."""
    width, height, left, low = 560, 240, 70, 30
    every = [point for line in lines.values() for point in line]
    (x0, x1), (y0, y1) = (
        (min(math.log(p[i]) for p in every), max(math.log(p[i]) for p in every)) for i in (0, 1)
    )

    def at(size: float, seconds: float) -> tuple[float, float]:
        x = left + (width - left - 160) * (math.log(size) - x0) / ((x1 - x0) or 1)
        y = height - low - (height - low - 15) * (math.log(seconds) - y0) / ((y1 - y0) or 1)
        return x, y

    parts = [f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}">']
    for size in sorted({size for size, _ in every}):
        x, _ = at(size, math.exp(y0))
        parts.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{size:g}</text>')
    for seconds in (math.exp(y0), math.exp((y0 + y1) / 2), math.exp(y1)):
        _, y = at(math.exp(x0), seconds)
        parts.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{duration(seconds)}</text>'
            f'<line x1="{left}" x2="{width - 160}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        )
    colors = dict(zip(lines, itertools.cycle(("#06c", "#c63", "#2a7", "#808", "#a60", "#555"))))
    last = -math.inf
    for library, line in sorted(lines.items(), key=lambda item: at(*item[1][-1])[1]):
        color = colors[library]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*p) for p in line))
        x, y = at(*line[-1])
        last = max(y + 4, last + 14)  # labels never overlap
        slope = f" ~ size^{exponent(line):.2f}" if len(line) > 1 else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
            f'<text x="{x + 6:.1f}" y="{last:.1f}" fill="{color}">'
            f"{html.escape(library)}{slope}</text>"
        )
    return "".join([*parts, "</svg>"])
