"""Writes views.json: what PyTorch makes of the programs in tests/autograd/view_programs.py. Run
with PyTorch installed:

python -m tests.references.make_views
"""

import json
import warnings
from pathlib import Path

PATH = Path(__file__).with_name("views.json")


def main():
    import torch

    from tests.autograd.view_programs import PROGRAMS, run

    warnings.simplefilter("ignore")
    results = {name: run(torch, program) for name, program in PROGRAMS.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(result)}" for name, result in results.items()]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
