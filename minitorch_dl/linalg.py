"""Linear algebra under the names of ``torch.linalg``."""

from .ops.linalg.cholesky import linalg_cholesky as cholesky
from .ops.linalg.factorizations import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
    linalg_qr as qr,
    linalg_svd as svd,
    svdvals,
)
from .ops.linalg.householder import householder_product
from .ops.linalg.ldl import ldl_factor, ldl_factor_ex, ldl_solve
from .ops.linalg.lu import (
    cholesky_ex,
    inv_ex,
    linalg_lu as lu,
    linalg_lu_solve as lu_solve,
    lu_factor,
    lu_factor_ex,
    solve_ex,
)
from .ops.linalg.matrix_functions import (
    cond,
    linalg_cross as cross,
    linalg_diagonal as diagonal,
    linalg_vander as vander,
    lstsq,
    matrix_exp,
    matrix_power,
    matrix_rank,
    pinv,
    tensorinv,
    tensorsolve,
    vecdot,
)
from .ops.linalg.norms import linalg_norm as norm, matrix_norm, vector_norm
from .ops.linalg.solving import (
    LinAlgError,
    det,
    inv,
    linalg_slogdet as slogdet,
    solve,
    solve_triangular,
)
from .ops.matmul import matmul, multi_dot

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex",
    "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power",
    "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex",
    "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot",
    "vector_norm",
]  # fmt: skip
