"""The package's imports go down its list of layers, and never round in a circle.

Every import statement of the package is read from its source, also those inside functions. Only
``if TYPE_CHECKING:`` blocks are left out, since nothing in them runs.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "minitorch_dl"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE

# From the bottom to the top: each imports only from itself and from those before it.
LAYERS = [
    "version",
    "torch_version",
    "__future__",
    "futures",
    "compat",
    "compat.module_map",
    "compat.dispatch_keys",
    "compat.names",
    "backend",
    "autograd",
    "size",
    "immutable_collections",
    "ops",
    "tensor",
    "types",
    "compat.legacy_types",
    "special",
    "signal",
    "quasirandom",
    "fft",
    "linalg",
    "overrides",
    "sparse",
    "masked",
    "amp",
    "cuda",
    "cpu",
    "accelerator",
    "compat.absent_devices",
    "backends",
    "settings",
    "compat.build",
    "onnx",
    "profiler",
    "multiprocessing",
    "random",
    "distributed",
    "nn",
    "nested",
    "compat.aten",
    "ao",
    "compat.symbolic",
    "fx",
    "library",
    "foreach",
    "distributions",
    "metrics",
    "optim",
    "utils",
    "compat.alias",
    "compat.for_children",
    "control_flow",
    "batching",
    "func",
    "functorch",
    "compiler",
    "serialization",
    "jit",
    "hub",
    "export",
    "graph",
    "vision",
    "train",
    "testing",
    "cli",
    "__init__",
    "examples",
    "__main__",
]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def executed_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from executed_nodes(other)
            continue
        yield child
        yield from executed_nodes(child)


def imports(module: str, source: str, is_package: bool) -> Iterator[str]:
    """Yield the absolute names of the modules that ``source`` imports.

    ``from a import b`` is an import of the module a.b where there is one, else of a.
    """
    parts = module.split(".")
    package = parts if is_package else parts[:-1]
    for node in executed_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
            for alias in node.names:
                inner = f"{name}.{alias.name}"
                yield inner if inner in SOURCES else name
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            target = node.args[0]
            if isinstance(target, ast.Constant) and not target.value.startswith("."):
                yield target.value


@functools.cache
def imports_of(module: str) -> set[str]:
    path = SOURCES[module]
    return set(imports(module, path.read_text(encoding="utf-8"), path.name == "__init__.py"))


def layer(module: str) -> int:
    name = module.partition(".")[2] or "__init__"
    while name not in LAYERS:
        assert name, f"give {module} its place in LAYERS of tests/test_imports.py"
        name = name.rpartition(".")[0]
    return LAYERS.index(name)


def inside(module: str) -> bool:
    return module.split(".")[0] == PACKAGE


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_down(module: str) -> None:
    upward = [name for name in imports_of(module) if inside(name) and layer(name) > layer(module)]
    assert not upward, f"{module} imports from a layer above its own: {upward}"


def test_no_import_circles() -> None:
    graph = {name: {n for n in imports_of(name) if inside(n) and n != name} for name in SOURCES}
    while free := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in free:
            del graph[name]
    circles = {name: sorted(targets & graph.keys()) for name, targets in graph.items()}
    assert not circles, f"imports go round in a circle among these: {circles}"


@pytest.mark.parametrize("module", SOURCES)
def test_imports_stay_inside_the_package(module: str) -> None:
    missing = [name for name in imports_of(module) if inside(name) and name not in SOURCES]
    assert not missing, f"{module} imports modules that do not exist: {missing}"


@pytest.mark.parametrize("module", SOURCES)
def test_only_the_backend_imports_cupy_and_nothing_imports_torch(module: str) -> None:
    outside = {name.split(".")[0] for name in imports_of(module)}
    assert "torch" not in outside
    if module.split(".")[1:2] != ["backend"]:
        assert not outside & {"cupy", "cupyx"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy as np", {"numpy"}),
        ("def f():\n    from ..tensor import Tensor", {f"{PACKAGE}.tensor"}),
        ("from . import functional", {f"{PACKAGE}.nn"}),
        ("from .. import backend", {f"{PACKAGE}.backend"}),
        ("from ..backend.dtypes import float32", {f"{PACKAGE}.backend.dtypes"}),
        ("import importlib\nimportlib.import_module('cupy')", {"importlib", "cupy"}),
        ("if TYPE_CHECKING:\n    import torch\nelse:\n    import math", {"math"}),
    ],
)
def test_reader_of_imports(
    source: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SOURCES", {f"{PACKAGE}.backend": ROOT})
    assert set(imports(f"{PACKAGE}.nn.linear", source, is_package=False)) == expected
