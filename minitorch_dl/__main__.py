"""``python -m minitorch_dl``: the same as the command ``minitorch-dl``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
