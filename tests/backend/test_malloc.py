"""The C library keeps freed memory, unless told not to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from minitorch_dl.backend import malloc

PROGRAM = """
import resource
import minitorch_dl as torch

def step():
    return [torch.ones(2_000_000) for _ in range(8)]

step(); step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step(); step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(**variables: str) -> int:
    env = {k: v for k, v in os.environ.items() if k not in malloc._OWN_SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**env, **variables}, capture_output=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not malloc._is_glibc(), reason="the settings are glibc's")
def test_steps_reuse_the_memory_of_those_before() -> None:
    kept, returned = _page_faults(), _page_faults(MINITORCH_DL_KEEP_MEMORY="0")
    assert kept < returned / 4


def test_the_users_own_settings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not malloc.keep_freed_memory()
