"""Rows of ``ops/complex_numbers.py``."""

from __future__ import annotations

from . import C, F, Row, S


def _message(function, x):
    """What an error says."""
    try:
        function(x)
    except RuntimeError as error:
        return str(error)
    return "no error"


def _isreal(torch, x):
    return torch.isreal(torch.cat([x, x.real.to(x.dtype)]))


def _written(z, a, b):
    """Both parts of a complex tensor, written through their views."""
    z = z * 1
    z.real.mul_(a)
    z.imag[1:] = b[1:]
    return z * z


def _with_numbers(torch, x):
    return x * (1 + 2j), 2j - x, x / 1j, torch.add(x * 1j, x, alpha=2 - 1j), (x * 1j) ** 2


def _network(torch, z, w):
    """Holomorphic steps, then a real loss."""
    y = torch.tanh(z @ w).exp() / (2 + z[:, :2] * 1j)
    return (y - y.conj() * 0.5).abs() + torch.real(y) * torch.imag(y)


ROWS = [
    Row("complex", S(F(3, 4), F(4)), S(F(), F()), S(F(0, 2), F(2))),
    Row("polar", S(F(3, 4, low=0.1), F(4)), S(F(low=0.1), F()), S(F(0, 2), F(2))),
    Row("view_as_real", S(C(3, 4)), S(C()), S(C(0, 2))),
    Row(
        "view_as_complex",
        S(F(3, 4, 2)),
        S(F(2)),
        call=lambda torch, x: torch.view_as_complex(x.contiguous()),
    ),
    *(
        Row(name, S(F(3, 4)), S(C(3, 4)), S(C()), S(C(0, 2)))
        for name in ("real", "conj", "conj_physical", "resolve_conj", "resolve_neg", "angle")
    ),
    Row("imag", S(C(3, 4)), S(C()), S(C(0, 2))),
    Row("angle_at_0", S(C(2, 3)), call=lambda torch, z: torch.angle(z * 0)),
    Row("imag_of_reals", S(F(2)), call=lambda torch, x: _message(torch.imag, x), grad=False),
    *(Row(name, S(F(2)), grad=False) for name in ("is_conj", "is_neg")),
    Row("isreal", S(F(3, 4)), S(C(3)), call=_isreal, grad=False),
    Row("parts_written", S(C(3), F(3), F(3)), call=lambda torch, z, a, b: _written(z, a, b)),
    Row("complex_scalars", S(F(3)), S(C(3)), call=_with_numbers),
    Row(
        "pow_of_complex_number",
        S(F(3)),
        S(C(3)),
        call=lambda torch, x: torch.pow(0.5 + 1j, x),
    ),
    Row("promotion", S(F(3), C(3)), S(C(), F(3)), call=lambda torch, a, b: (a * b, a - b, b / a)),
    Row("holomorphic", S(C(2, 3), C(3, 2)), call=_network),
]
