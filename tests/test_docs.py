"""What the pages in ``docs/`` and the README show is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "docs/how-it-works.md"])
def test_the_programs_print_what_is_shown(page: str) -> None:
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    shown = 0
    for (language, text), (after, expected) in zip(blocks, [*blocks[1:], ("", "")]):
        if language == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, page, "exec"), names)
            if after == "text":
                shown += 1
                assert output.getvalue() == expected
    assert shown > 0


@pytest.mark.parametrize("page", ["README.md", "docs/how-it-works.md"])
def test_the_code_that_is_quoted_is_the_package_s(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    quoted = [code for language, code in BLOCK.findall(text) if language == "py"]
    assert quoted
    source = (ROOT / "minitorch_dl" / "ops" / "trigonometric.py").read_text(encoding="utf-8")
    assert all(code in source for code in quoted)


@pytest.mark.parametrize(
    "page", ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^):#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target
