"""``python -m minitorch_dl.examples``: what the examples are."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    """Print each example's name and the first line of its docstring."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    width = max(len(file.stem) for file in files)
    for file in files:
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        print(f"{file.stem:{width}}  {text.splitlines()[0]}")
    print("\nTo run one: python -m minitorch_dl.examples.NAME (and --help for its options)")


if __name__ == "__main__":
    main()
