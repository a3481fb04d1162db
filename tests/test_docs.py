"""What the README and the pages in ``docs/`` show is what happens."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from minitorch_dl.autograd import engine
from minitorch_dl.testing import CheckFailure

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def readme_blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [code for kind, code in BLOCK.findall(text) if kind == language]


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


def test_a_debugger_shows_what_the_page_shows(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    (shown,) = [text for language, text in BLOCK.findall(page) if language == "pdb"]
    lines, first = inspect.getsourcelines(engine._descend)
    call = first + [line.strip() for line in lines].index("results = vjp.on_arrays(g, saved)")
    script = tmp_path / "tanh.py"
    script.write_text(
        "import minitorch_dl as torch\n"
        "y = torch.ones(2, requires_grad=True).tanh()\n"
        "breakpoint()\n"
        "y.backward(torch.ones(2))\n"
    )
    commands = [f"break {engine.__file__}:{call}", "continue"]
    commands += [line.removeprefix("(Pdb) ") for line in shown.splitlines() if "(Pdb)" in line]
    result = subprocess.run(
        [sys.executable, str(script)], input="\n".join([*commands, "quit", ""]),
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    printed = iter(result.stdout.replace("(Pdb) ", "").splitlines())
    for line in shown.splitlines():
        if not line.startswith("(Pdb)"):
            assert line in printed, f"{line!r} is not shown, or not in this order"  # goes on there


def test_the_report_of_a_wrong_derivative(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "gradient-checks.md").read_text(encoding="utf-8"))
    (_, program), (_, report), *_ = blocks
    script = tmp_path / "swish.py"
    script.write_text(program, encoding="utf-8")
    with pytest.raises(CheckFailure) as failure:
        runpy.run_path(str(script), run_name="__main__")
    assert str(failure.value).replace(str(script), script.name) == report.rstrip("\n")


def test_the_readme_has_two_set_up_commands_of_one_line() -> None:
    training, tests = readme_blocks("sh")
    for command in (training, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert command.count("\n") == 1
    assert training.endswith("minitorch-dl train digits\n")
    assert "pytest" in tests.split("&&")[-1]


def test_the_readme_s_tour_prints_what_its_comments_say() -> None:
    tour, _ = readme_blocks("python")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(tour, "README.md", "exec"), {})
    comments = re.findall(r"^print\(.*\)  # (.*)$", tour, re.MULTILINE)
    printed = output.getvalue().splitlines()
    assert len(printed) == tour.count("print(") == len(comments)
    for line, comment in zip(printed, comments):
        assert comment.split(",  ")[0].startswith(line)


@pytest.mark.parametrize(
    "page", [str(p.relative_to(ROOT)) for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^):#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target
    for name in re.findall(r"`(\w+\.md|(?:minitorch_dl|tests|docs|benchmarks)/[\w/.]+)`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.slow
def test_one_file_s_examples_run_as_contributing_says() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules"]
    run = subprocess.run(
        [*command, "minitorch_dl/ops/slicing.py", "minitorch_dl/ops/padding.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
