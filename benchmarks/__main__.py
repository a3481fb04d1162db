"""Compare the speed of this engine with that of PyTorch and other libraries."""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from minitorch_dl.cli.parser import integer, positive

from .machine import describe
from .peers import LIBRARIES
from .report import crossings, curves, page, table
from .workloads import WORKLOADS

OURS = "minitorch_dl"
PEERS = ("torch", *LIBRARIES)


class Peer:
    """A library in a process of its own, with its threads pinned, on one device.

    Args:
        device: "cpu" or "cuda"; followed by "+capture" for steps that are captured, by "+high" for
            float32 products in TF32, or by "+bfloat16" for automatic mixed precision.
        name: in the report.

    Raises:
        RuntimeError: it can't serve the device.
    """

    def __init__(
        self,
        library: str,
        threads: int,
        python: str = sys.executable,
        device: str = "cpu",
        name: str = "",
    ) -> None:
        self.name = name or library
        count = str(threads)
        limits = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), count
        )
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", library, count, device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **limits},
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        answer = self._answer()
        if "error" in answer:
            self.close()
            raise RuntimeError(f"{self.name}: {answer['error']}")
        self.version = answer["version"]

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def measure(self, workload: str, seconds: float) -> dict[str, Any]:
        """The times of one round."""
        assert self.process.stdin is not None
        request = json.dumps({"workload": workload, "seconds": seconds})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def compare(
    ours: Peer, others: list[Peer], workload: str, rounds: int, seconds: float
) -> dict[str, Any]:
    """Rounds in turn, ours and each peer's; the ratio is taken within each round."""
    mine: list[float] = []
    theirs: dict[str, list[float]] = {peer.name: [] for peer in others}
    ratios: dict[str, list[float]] = {peer.name: [] for peer in others}
    errors: dict[str, str] = {}
    for _ in range(rounds):
        got = ours.measure(workload, seconds)
        if "error" in got:
            return {"workload": workload, "error": got["error"]}
        base = statistics.median(got["times"])
        mine.append(base)
        for peer in others:
            got = peer.measure(workload, seconds)
            if "error" in got:
                errors[peer.name] = got["error"]
                continue
            time = statistics.median(got["times"])
            theirs[peer.name].append(time)
            ratios[peer.name].append(time / base)
    row: dict[str, Any] = {
        "workload": workload,
        "curve": WORKLOADS[workload].curve,
        "ours": statistics.median(mine),
        "peers": {},
    }
    for peer in others:
        values = sorted(ratios[peer.name])
        if not values:
            row["peers"][peer.name] = {"error": errors[peer.name]}
            continue
        row["peers"][peer.name] = {
            "time": statistics.median(theirs[peer.name]),
            "ratio": statistics.median(values),
            "spread": [values[len(values) // 4], values[-1 - len(values) // 4]],
        }
    per_step = WORKLOADS[workload].unit_ops
    if per_step:
        row["ours"] /= per_step
        for got in row["peers"].values():
            if "time" in got:
                got["time"] /= per_step
        row["workload"] += " /op"
    return row


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    p.add_argument(
        "patterns", nargs="*", default=["*"], help="workloads, as in 'train/*' (default: all)"
    )
    p.add_argument("--quick", action="store_true", help="a selection in under two minutes")
    p.add_argument("--list", action="store_true", help="print the workloads' names and stop")
    instead = p.add_mutually_exclusive_group()
    instead.add_argument("--scaling", action="store_true", help="time against size, instead")
    instead.add_argument("--memory", action="store_true", help="memory of training steps, instead")
    instead.add_argument(
        "--profile", metavar="WORKLOAD", help="time per op of one workload, instead"
    )
    p.add_argument(
        "--peers",
        nargs="*",
        default=list(PEERS),
        metavar="NAME",
        help=f"libraries to compare with (default: those of {', '.join(PEERS)} that are installed)",
    )
    p.add_argument(
        "--peer-python",
        nargs="*",
        type=_name_and_path,
        default=[],
        metavar="NAME=PATH",
        help="the Python in which a library is installed, if not this one",
    )
    p.add_argument(
        "--devices",
        metavar="NAMES",
        help="two or more, such as cpu,cuda: this engine on the last one, against itself on the "
        "others, against itself with captured steps and against PyTorch on the same device",
    )
    p.add_argument(
        "--precision",
        choices=("highest", "high", "bfloat16"),
        default="highest",
        help="with --devices, on the last one: float32, TF32 in products, or mixed with bfloat16",
    )
    count = integer(1)
    p.add_argument(
        "--threads", type=count, default=2, help="threads of matrix products (default: 2)"
    )
    p.add_argument("--rounds", type=count, help="rounds per workload (default: 5, quick 3)")
    p.add_argument(
        "--seconds", type=positive, help="of a round, each library (default: 0.5, quick 0.2)"
    )
    p.add_argument("--json", type=_new_file, metavar="FILE", help="write the results")
    p.add_argument("--html", type=_new_page, metavar="FILE", help="write a report with pictures")
    return p


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """The arguments, where they fit together; else the program ends, and says why they don't."""
    p = parser()
    args = p.parse_args(arguments)
    for name in (*args.peers, *(name for name, _ in args.peer_python)):
        if name not in PEERS:
            p.error(f"no library is called {name!r} here; there are {', '.join(PEERS)}")
    if args.devices is not None and "," not in args.devices:
        p.error(f"--devices: expected two or more, such as cpu,cuda, got {args.devices!r}")
    if args.precision != "highest" and args.devices is None:
        p.error("--precision is for --devices: say which, such as --devices cpu,cuda")
    if args.html and (args.memory or args.profile is not None):
        p.error("--html shows times: it can't be given with --memory or --profile")
    if args.json and args.profile is not None:
        p.error("--json can't be given with --profile, which prints a table only")
    return args


def _new_file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{str(path.parent)!r} is no directory")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} can't be written to")
    return path


def _new_page(text: str) -> Path:
    if not text.lower().endswith((".html", ".htm")):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a page: expected FILE.html")
    return _new_file(text)


def _name_and_path(text: str) -> tuple[str, str]:
    name, found, path = text.partition("=")
    if not (name and found and path):
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, got {text!r}")
    if shutil.which(path) is None:
        raise argparse.ArgumentTypeError(f"{path!r} is no program")
    return name, path


def main(arguments: list[str] | None = None) -> int:
    """Run the suite; 0 when every workload ran here."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = _parsed(arguments)
    names = _chosen(args)
    if not names:
        asked = args.profile or " ".join(args.patterns)
        hint = "python -m benchmarks --list names them all"
        print(f"python -m benchmarks: no workload matches {asked!r}; {hint}", file=sys.stderr)
        return 2
    if args.list:
        print("\n".join(names))
        return 0
    if args.profile is not None or args.memory:
        return _look_inside(args, names)
    try:
        ours, others = _peers(args)
    except (RuntimeError, OSError) as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 2
    results: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe(),
        "threads": args.threads,
        "command": " ".join(["python -m benchmarks", *arguments]),
        "versions": {peer.name: peer.version for peer in (ours, *others)},
        "peers": [peer.name for peer in others],
    }
    versions = ", ".join(" ".join(pair) for pair in results["versions"].items())
    print(f"{results['machine']}; {args.threads} threads; {versions}", file=sys.stderr)
    results["rows"] = _measured(args, names, ours, others)
    print(table(results))
    if any(row.get("curve") for row in results["rows"]):
        print(curves(results))
    if args.devices:
        print(crossings(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if args.html:
        args.html.write_text(page(results), encoding="utf-8")
    return 1 if any("error" in row for row in results["rows"]) else 0


def _chosen(args: argparse.Namespace) -> list[str]:
    """The names of the workloads to run."""
    if args.profile is not None:
        return [name for name in WORKLOADS if _named(name, args.profile)][:1]
    return [
        name
        for name, w in WORKLOADS.items()
        if any(_named(name, pattern) for pattern in args.patterns)
        and (w.quick or not args.quick)
        and ((w.curve is not None) == args.scaling or args.devices)
        and not (args.devices and name.startswith(("start/", "data/")))
        and (name.startswith("train/") or not args.memory)
    ]


def _named(name: str, pattern: str) -> bool:
    """Whether the pattern is in a workload's name, in upper or lower case."""
    return fnmatch.fnmatchcase(name.lower(), f"*{pattern.lower()}*")


def _peers(args: argparse.Namespace) -> tuple[Peer, list[Peer]]:
    """This engine, and what it is compared with."""
    pythons = dict(args.peer_python)
    present = [
        peer for peer in args.peers if peer in pythons or importlib.util.find_spec(peer) is not None
    ]
    if missing := [peer for peer in args.peers if peer not in present]:
        print(f"not installed, and left out: {', '.join(missing)}", file=sys.stderr)
    if args.devices:
        devices = args.devices.split(",")
        if args.precision != "highest":
            devices[-1] += f"+{args.precision}"
        return _on_devices(devices, args.threads, present)
    others = [Peer(peer, args.threads, pythons.get(peer, sys.executable)) for peer in present]
    return Peer(OURS, args.threads), others


def _measured(
    args: argparse.Namespace, names: list[str], ours: Peer, others: list[Peer]
) -> list[dict[str, Any]]:
    """A row for each workload."""
    rounds = args.rounds or (3 if args.quick else 5)
    seconds = args.seconds or (0.2 if args.quick else 0.5)
    progress = sys.stderr.isatty()
    rows = []
    try:
        for name in names:
            if progress:
                print(f"\r{name:60}", end="", file=sys.stderr, flush=True)
            rows.append(compare(ours, others, name, rounds, seconds))
    finally:
        if progress:
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
        for peer in (ours, *others):
            peer.close()
    return rows


def _on_devices(devices: list[str], threads: int, installed: list[str]) -> tuple[Peer, list[Peer]]:
    """This engine on the last device, and what it is compared with."""
    *before, last = devices
    ours = Peer(OURS, threads, device=last, name=f"{OURS} {last}")
    others = [Peer(OURS, threads, device=d, name=f"{OURS} {d}") for d in before]
    if last.startswith("cuda"):
        others.append(Peer(OURS, threads, device=f"{last}+capture", name=f"{OURS} captured"))
    if "torch" in installed and not last.startswith("fakegpu"):
        try:
            others.append(Peer("torch", threads, device=last, name=f"torch {last}"))
        except RuntimeError as error:
            print(f"left out: {error}", file=sys.stderr)
    return ours, others


def _look_inside(args: argparse.Namespace, names: list[str]) -> int:
    from . import inside

    inside.torch.set_num_threads(args.threads)
    print(f"{describe()}; {args.threads} threads", file=sys.stderr)
    if args.profile is not None:
        print(names[0])
        print(inside.profile_table(names[0]))
        return 0
    rows = inside.memory_table(names, print)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
