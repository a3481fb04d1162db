"""The named tuples that ops with several results return, as in ``torch.return_types``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _named(name: str, fields: str) -> Any:
    """A named tuple that is also made of one sequence, as PyTorch's are: ``max((values,
    indices))``."""
    base: Any = namedtuple(name, fields)  # type: ignore[misc]
    size = len(base._fields)

    def new(cls: Any, *values: Any) -> Any:
        if len(values) == size:
            return tuple.__new__(cls, values)
        if len(values) != 1:
            raise TypeError("constructor requires a sequence")
        values = tuple(values[0])
        if len(values) != size:
            raise TypeError(
                f"torch.return_types.{name}() takes a {size}-sequence ({len(values)}-sequence "
                "given)"
            )
        return tuple.__new__(cls, values)

    def text(self: Any) -> str:
        parts = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self))
        return f"torch.return_types.{name}(\n{parts})"

    counts = {"n_fields": size, "n_sequence_fields": size, "n_unnamed_fields": 0}
    own = {"__slots__": (), "__module__": "torch.return_types", "__new__": new, "__repr__": text}
    return type(name, (base,), own | counts)


max, min, median, nanmedian, mode, sort, topk, kthvalue, cummax, cummin = (
    _named(name, "values indices")
    for name in (
        "max",
        "min",
        "median",
        "nanmedian",
        "mode",
        "sort",
        "topk",
        "kthvalue",
        "cummax",
        "cummin",
    )
)
aminmax = _named("aminmax", "min max")
frexp = _named("frexp", "mantissa exponent")
histogram = _named("histogram", "hist bin_edges")
histogramdd = _named("histogramdd", "hist bin_edges")
triangular_solve = _named("triangular_solve", "solution cloned_coefficient")
geqrf = _named("geqrf", "a tau")
qr = _named("qr", "Q R")
linalg_qr = _named("linalg_qr", "Q R")
svd = _named("svd", "U S V")
linalg_svd = _named("linalg_svd", "U S Vh")
linalg_eigh = _named("linalg_eigh", "eigenvalues eigenvectors")
linalg_eig = _named("linalg_eig", "eigenvalues eigenvectors")
linalg_lstsq = _named("linalg_lstsq", "solution residuals rank singular_values")
slogdet = _named("slogdet", "sign logabsdet")
linalg_slogdet = _named("linalg_slogdet", "sign logabsdet")
linalg_lu_factor = _named("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _named("linalg_lu_factor_ex", "LU pivots info")
_lu_with_info = _named("_lu_with_info", "LU pivots info")
linalg_ldl_factor = _named("linalg_ldl_factor", "LD pivots")
linalg_ldl_factor_ex = _named("linalg_ldl_factor_ex", "LD pivots info")
linalg_lu, lu_unpack = _named("linalg_lu", "P L U"), _named("lu_unpack", "P L U")
linalg_inv_ex = _named("linalg_inv_ex", "inverse info")
linalg_solve_ex = _named("linalg_solve_ex", "result info")
linalg_cholesky_ex = _named("linalg_cholesky_ex", "L info")
