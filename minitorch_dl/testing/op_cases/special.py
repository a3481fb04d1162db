"""Rows of ``ops/special.py``."""

from __future__ import annotations

from . import B, F, I, Row, S


def _wide(name, low, high, **options):
    """Values of every branch of the algorithm."""
    return Row(
        name,
        S(F(40, low=low, high=high)),
        S(F(3, 4)) if low < 0 else S(F(3, low=0.1, high=0.9)),
        S(F(0, 2)),
        **options,
    )


ROWS = [
    _wide("sigmoid", -40, 40, drawn="unary", complex=True),
    Row(
        "logit",
        S(F(3, 4, low=0, high=1)),
        S(F(3, 4, low=-0.2, high=1.2), eps=0.1),
        S(B(3, 4), eps=0.1),
        drawn="unary",
        domain=(0.05, 0.95),
    ),
    _wide("erf", -6, 6, drawn="unary"),
    _wide("erfc", -6, 12, drawn="unary"),
    _wide("special.erfcx", -4, 20, drawn="unary"),
    Row("erfinv", S(F(40, low=-1, high=1)), S(F()), S(F(0, 2)), domain=(-0.9, 0.9), drawn="unary"),
    _wide("special.ndtr", -8, 8, drawn="unary"),
    _wide("special.log_ndtr", -30, 8, drawn="unary"),
    Row(
        "special.ndtri",
        S(F(40, low=0.02, high=0.98)),
        S(F(0, 2)),
        domain=(0.05, 0.95),
        drawn="unary",
    ),
    Row(
        "lgamma",
        S(F(40, low=0.1, high=12)),
        S(F(20, low=-4, high=4)),
        S(F(0, 2)),
        S(I(3, low=1)),
        drawn="unary",
        domain=(0.2, 4),
    ),
    Row(
        "digamma",
        S(F(40, low=0.1, high=12)),
        S(F(20, low=-0.9, high=-0.1)),
        S(F(0, 2)),
        drawn="unary",
        domain=(0.2, 4),
    ),
    *(
        Row(
            f"polygamma_{n}",
            S(n, F(20, low=0.2, high=12)),
            S(n, F(low=0.5, high=2)),
            S(n, F(0, 2)),
            call=lambda torch, n, x: torch.polygamma(n, x),
        )
        for n in (0, 1, 2, 3)
    ),
    Row("Tensor.polygamma", S(F(3, low=0.5, high=2), 1)),
    Row("mvlgamma", S(F(3, 4, low=2, high=5), 3), S(F(low=1, high=2), 1)),
    Row(
        "special.zeta",
        S(F(3, 4, low=1.5, high=9), F(4, low=0.2, high=9)),
        S(F(3, low=1.5, high=9), 1.0),
        grad=False,
    ),
    Row(
        "zeta_of_other",
        S(F(3, 4, low=0.5, high=4)),
        call=lambda torch, x: torch.special.zeta(
            torch.linspace(1.5, 9, 4, dtype=x.dtype, device=x.device), x
        ),
    ),
    _wide("i0", -40, 40, drawn="unary"),
    _wide("special.i0e", -40, 40, drawn="unary", kinks=(0,)),
    _wide("special.i1", -40, 40, drawn="unary"),
    _wide("special.i1e", -40, 40, drawn="unary", kinks=(0,)),
    _wide("sinc", -6, 6, complex=True),
    Row(
        "sinc_at_zero",
        S(F(3)),
        call=lambda torch, x: torch.sinc(x - x.detach()),
        numeric=False,
        why="only at one point",
    ),
    Row(
        "xlogy",
        S(F(3, low=0, high=0), F(3, low=0.5, high=2)),
        S(F(3, 4), F(4, low=0.1, high=2)),
        S(F(3), 2.0),
        S(2.0, F(3, low=0.1, high=2)),
        S(I(3, high=2), F(3, low=0.1, high=2)),
    ),
    Row(
        "special.xlog1py",
        S(F(3, low=0, high=0), F(3, low=-0.5, high=2)),
        S(F(3, 4), F(4, low=-0.9, high=2)),
        S(F(3), 2.0),
        S(B(3), True),
        S(2.0, F(3, low=0.1, high=2)),
    ),
    Row("special.entr", S(F(3, 4, low=0.1, high=2)), S(F(low=0.1, high=1))),
    Row("special.expit"),
    Row("special.gammaln", S(F(3, low=0.5, high=4))),
    Row("special.psi", S(F(3, low=0.5, high=4))),
    Row("special.multigammaln", S(F(3, low=2, high=4), 2)),
]
