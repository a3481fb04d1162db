"""Linear algebra: solving, factorizations, norms, functions of matrices."""
