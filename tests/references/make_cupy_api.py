"""What CuPy offers, for the stand-in device: ``python -m tests.references.make_cupy_api``.

Needs CuPy installed, no GPU. Writes one line per public name of each namespace that the package
uses:

    cupy.float32                               a value
    cupy.sum(a, axis=, dtype=)                 a function and its parameters
    cupy.add [at reduce accumulate] ii->i      a ufunc, what it can do, and the dtypes of its loops
    ndarray.sum(axis=)                         a method
"""

from __future__ import annotations

import inspect
import re
from importlib import resources
from pathlib import Path
from typing import Any

NAMESPACES = ("", "linalg", "lib", "lib.stride_tricks", "fft")


def parameters(function: Any) -> str | None:
    """``a, axis=``: the parameters, from the signature or from what Cython wrote in the
    docstring."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        match = re.match(r"[\w.]+\((.*?)\)( ->.*)?$", (function.__doc__ or "").split("\n")[0])
        if match is None:
            return None
        parts = [part.strip() for part in match[1].split(",")]
        return ", ".join(
            [
                re.sub(r"^.*\b(\w+)=.*$", r"\1=", p).split(" ")[-1]
                for p in parts
                if p and p != "self"
            ]
        )
    text, bare = [], False
    for p in found:
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not bare:
            text.append("*")
        bare = bare or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        text.append(f"{star}{p.name}" + ("=" if p.default is not p.empty else ""))
    return ", ".join(text)


def line(name: str, value: Any) -> str:
    import cupy

    if isinstance(value, cupy.ufunc):
        can = [value._scatter_op and "at"]
        if value.name in ("cupy_add", "cupy_multiply"):
            can += ["reduce", "accumulate"]
        if value.name == "cupy_add":
            can.append("reduceat")
        return f"{name} [{' '.join(filter(None, can))}] {' '.join(dict.fromkeys(value.types))}"
    if callable(value) and not isinstance(value, type):
        given = parameters(value)
        if given is not None:
            return f"{name}({given})"
    return name


def lines() -> list[str]:
    import cupy

    found = [f"# What CuPy {cupy.__version__} offers; made by tests/references/make_cupy_api.py."]
    for namespace in NAMESPACES:
        module: Any = cupy
        for part in filter(None, namespace.split(".")):
            module = getattr(module, part)
        prefix = f"cupy.{namespace}".rstrip(".")
        found += [
            line(f"{prefix}.{name}", getattr(module, name))
            for name in sorted(dir(module))
            if not name.startswith("_") and name not in ("annotations", "np", "numpy")
        ]
    found += [
        line(f"ndarray.{name}", getattr(cupy.ndarray, name))
        for name in sorted(dir(cupy.ndarray))
        if not name.startswith("_")
    ]
    return found


if __name__ == "__main__":
    folder = Path(str(resources.files("minitorch_dl.testing")))
    (folder / "cupy_api.txt").write_text("\n".join(lines()) + "\n", encoding="utf-8")
