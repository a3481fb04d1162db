"""PyTorch's version as programs compare it."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["TorchVersion"]

API_VERSION = "2.13.0"
"""The PyTorch release whose API this package follows; what ``torch.__version__`` says to a
program."""


class TorchVersion(str):
    """A version that compares by its numbers, with strings and with tuples.

    >>> from minitorch_dl.torch_version import TorchVersion
    >>> TorchVersion("2.1.0") < "2.10", TorchVersion("1.13.1+cu117") >= (1, 13)
    (True, True)
    """

    __slots__ = ()

    @staticmethod
    def _key(version: Any) -> tuple[int, ...]:
        if isinstance(version, str):
            version = re.match(r"[\d.]*", version).group().strip(".").split(".")  # type: ignore[union-attr]
        numbers = [int(part) for part in version if str(part).isdigit()]
        while numbers and not numbers[-1]:
            numbers.pop()  # 2.1 is 2.1.0
        return tuple(numbers)

    def __lt__(self, other: Any) -> bool:
        return self._key(self) < self._key(other)

    def __le__(self, other: Any) -> bool:
        return self._key(self) <= self._key(other)

    def __gt__(self, other: Any) -> bool:
        return self._key(self) > self._key(other)

    def __ge__(self, other: Any) -> bool:
        return self._key(self) >= self._key(other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (str, tuple, list)):
            return NotImplemented
        return self._key(self) == self._key(other)

    __hash__ = str.__hash__


__version__ = TorchVersion(API_VERSION)
