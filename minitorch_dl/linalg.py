"""Linear algebra under the names of ``torch.linalg``."""

from .ops.cholesky import linalg_cholesky as cholesky
from .ops.factorizations import eig, eigh, eigvals, eigvalsh, svdvals
from .ops.factorizations import linalg_qr as qr
from .ops.factorizations import linalg_svd as svd
from .ops.householder import householder_product
from .ops.ldl import ldl_factor, ldl_factor_ex, ldl_solve
from .ops.lu import cholesky_ex, inv_ex, lu_factor, lu_factor_ex, solve_ex
from .ops.lu import linalg_lu as lu
from .ops.lu import linalg_lu_solve as lu_solve
from .ops.matmul import matmul, multi_dot
from .ops.matrix_functions import (
    cond,
    lstsq,
    matrix_exp,
    matrix_power,
    matrix_rank,
    pinv,
    tensorinv,
    tensorsolve,
    vecdot,
)
from .ops.matrix_functions import linalg_cross as cross
from .ops.matrix_functions import linalg_diagonal as diagonal
from .ops.matrix_functions import linalg_vander as vander
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.solving import LinAlgError, det, inv, solve, solve_triangular
from .ops.solving import linalg_slogdet as slogdet

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex",
    "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power",
    "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex",
    "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot",
    "vector_norm",
]  # fmt: skip
