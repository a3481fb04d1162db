"""A damped oscillation fitted to noisy measurements by L-BFGS, and by gradient descent.

Shows: free parameters outside a module, a closure, the strong-Wolfe line search, float64, a
Hessian for the error bars.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import minitorch_dl as torch
from minitorch_dl.cli.parser import integer, positive

TRUE = {"amplitude": 2.0, "decay": 0.35, "frequency": 1.7, "phase": 0.6, "offset": -0.4}
START = {"amplitude": 1.0, "decay": 0.1, "frequency": 1.5, "phase": 0.0, "offset": 0.0}


def curve(p: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """``a exp(-d t) cos(2 pi f t + phase) + offset``."""
    amplitude, decay, frequency, phase, offset = p
    return (
        amplitude * torch.exp(-decay * t) * torch.cos(2 * math.pi * frequency * t + phase) + offset
    )


def main(argv: Sequence[str] | None = None) -> tuple[dict[str, float], float, float]:
    """Returns the fit, its loss, and that of gradient descent after as many evaluations."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--points", type=integer(10), default=200, help="number of measurements")
    parser.add_argument("--noise", type=positive, default=0.05, help="its standard deviation")
    parser.add_argument("--iterations", type=integer(1), default=50, help="steps of each method")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    t = torch.linspace(0, 4, args.points, dtype=torch.float64)
    y = curve(torch.tensor(list(TRUE.values()), dtype=torch.float64), t)
    y = y + args.noise * torch.randn_like(y)

    def loss_of(p: torch.Tensor) -> torch.Tensor:
        return (curve(p, t) - y).square().mean()

    p = torch.tensor(list(START.values()), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([p], max_iter=args.iterations, line_search_fn="strong_wolfe")
    evaluations = 0

    def closure() -> torch.Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        loss = loss_of(p)
        loss.backward()
        return loss

    print(f"loss at the start: {loss_of(p).item():.6f}")
    optimizer.step(closure)
    fitted = loss_of(p).item()
    print(f"L-BFGS, {evaluations} evaluations: {fitted:.6f}")

    q = torch.tensor(list(START.values()), dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([q], lr=0.01, momentum=0.9)
    for _ in range(evaluations):
        descent.zero_grad()
        loss_of(q).backward()
        descent.step()
    plain = loss_of(q).item()
    print(f"gradient descent, as many: {plain:.6f}")

    hessian = torch.autograd.functional.hessian(loss_of, p.detach())
    covariance = torch.linalg.inv(hessian) * 2 * fitted / args.points
    for (name, true), value, error in zip(TRUE.items(), p.tolist(), covariance.diagonal().sqrt()):
        print(f"{name:>10}: {value:8.4f} +- {error.item():.4f}   true {true}")
    return dict(zip(TRUE, p.tolist())), fitted, plain


if __name__ == "__main__":
    main()
