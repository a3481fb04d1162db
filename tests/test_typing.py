"""What type checkers and editors find of the package: PEP 484 wants names that a package exports to
be defined in it, listed in ``__all__``, imported by ``*``, or imported as themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import minitorch_dl
from tests.typing import program

ROOT = Path(minitorch_dl.__file__).parent
NAMESPACES = [
    "__init__.py", "distributions/__init__.py", "nn/__init__.py", "nn/functional.py",
    "nn/utils/__init__.py", "utils/__init__.py", "utils/data/__init__.py",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMESPACES)
def test_imported_names_are_exported(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    hidden = [
        alias.name
        for node in imported
        for alias in node.names
        if not alias.name.startswith("_") and alias.name != "*" and alias.asname is None
    ]
    assert imported
    assert not hidden, f"import them as themselves: {hidden}"


def test_a_program_with_type_hints_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program.main()
    assert "torch.Size([1, 2, 16])" in capsys.readouterr().out
