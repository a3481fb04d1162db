"""NumPy takes other code paths, with other roundings, on processors without AVX-512; the bounds
hold there too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core import _multiarray_umath as umath

ROOT = Path(__file__).resolve().parents[2]
AVX512 = "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
RUN = """
import sys
import pytest
from numpy._core import _multiarray_umath as umath
left = [name for name in sys.argv[1].split() if umath.__cpu_features__[name]]
sys.exit(f"still switched on: {left}" if left else pytest.main(sys.argv[2:]))
"""


@pytest.mark.slow
def test_ops_and_modules_without_avx512() -> None:
    """Values and gradients against PyTorch's, in float64 and in float32."""
    features = [
        name
        for name in AVX512.split()
        if umath.__cpu_features__.get(name) and name in umath.__cpu_dispatch__
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, " ".join(features), "-q", "-p", "no:cacheprovider",
         "tests/ops/test_op_table.py", "tests/nn/test_module_table.py",
         "-k", "pytorchs or stays_float32"],
        cwd=ROOT,
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(features)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
