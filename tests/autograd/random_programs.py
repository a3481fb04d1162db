"""Random programs of ops, views, in-place writes, modes and gradients, for this package and for
PyTorch to run."""

from __future__ import annotations

from typing import Any

import numpy as np

# Of stored programs; `Run.step` says what each does, and knows views, too.
KINDS = ("unary", "binary", "write", "no_grad", "hook", "retain")
Program = list[tuple[str, int, int, int]]
"""Steps: the kind, which of that kind, and the places in the pool of its two operands."""

UNARY = [
    lambda t, a: a.tanh(),
    lambda t, a: a.sin(),
    lambda t, a: a * 0.5,
    lambda t, a: a + 1,
    lambda t, a: -a,
    lambda t, a: a.t(),
    lambda t, a: a.reshape(4).view(2, 2),
    lambda t, a: a[0] + a,
    lambda t, a: a[:, 1:] * a,
    lambda t, a: a.sum(0) * a,
    lambda t, a: a.mean(1, keepdim=True) - a,
    lambda t, a: a.detach() + a,
    lambda t, a: a.clone(),
    lambda t, a: t.softmax(a, 1),
    lambda t, a: a.max(0)[0] + a,
    lambda t, a: a[t.tensor([1, 1])],
    lambda t, a: t.stack(a.unbind(0)[::-1]),
    lambda t, a: a.expand(2, 2, 2).sum(0),
    lambda t, a: a.diagonal() * a,
    lambda t, a: a.sigmoid().log(),
]
BINARY = [
    lambda t, a, b: a + b,
    lambda t, a, b: a - b,
    lambda t, a, b: a * b,
    lambda t, a, b: (b * b + 1).reciprocal() * a,
    lambda t, a, b: a @ b * 0.3,
    lambda t, a, b: t.where(a > b, a, b * 2),
    lambda t, a, b: t.cat([a, b])[1:3],
    lambda t, a, b: t.stack([a, b]).mean(0),
]
WRITES = [
    lambda t, a, b: a.mul_(b * 1),
    lambda t, a, b: a.add_(b * 1),
    lambda t, a, b: a.tanh_(),
    lambda t, a, b: a[0].mul_(2),
    lambda t, a, b: a.t().add_(b * 1),
    lambda t, a, b: a.view(4)[1:3].mul_(0.5),
    lambda t, a, b: a.__setitem__(0, b[1] * 1),
    lambda t, a, b: a.__setitem__((slice(None), 1), 0.5),
    lambda t, a, b: a.copy_(b),
    lambda t, a, b: a.fill_(0.3),
]
VIEWS = [
    lambda a: a.t(),
    lambda a: a.view(4).view(2, 2),
    lambda a: a.unsqueeze(1)[:, 0],
    lambda a: a[:, :],
    lambda a: a.narrow(0, 0, 2),
    lambda a: a.as_strided((2, 2), (1, 2)),
    lambda a: a.expand(1, 2, 2)[0],
]


class Run:
    """A program in the making, in one of the two libraries.

    Attributes:
        pool: the tensors that there are so far; the first two are leaves that require grad.
        refused: the steps that raised.
        aside: whether memory was written through a detached tensor, whereupon PyTorch attaches the
            views of that memory anew.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        rng = np.random.default_rng(0)
        leaves = [torch.tensor(rng.uniform(-1, 1, (2, 2)), requires_grad=True) for _ in range(2)]
        self.leaves = leaves
        self.pool = [*leaves, torch.tensor(rng.uniform(-1, 1, (2, 2)))]
        self.refused: list[Any] = []
        self.hooked: list[Any] = []
        self.detached: list[Any] = []
        self.aside = False

    def step(self, kind: str, which: int, i: int, j: int) -> None:
        torch, pool = self.torch, self.pool
        a, b = pool[i % len(pool)], pool[j % len(pool)]
        try:
            if kind == "unary":
                pool.append(UNARY[which % len(UNARY)](torch, a))
            elif kind == "binary":
                pool.append(BINARY[which % len(BINARY)](torch, a, b))
            elif kind == "view":
                pool.append(VIEWS[which % len(VIEWS)](a))
            elif kind == "detach":
                self.detached.append(a.detach())
                pool.append(self.detached[-1])
            elif kind == "write":
                root = a._base if a._is_view() else a
                self.aside = self.aside or any(root is d for d in self.detached)
                WRITES[which % len(WRITES)](torch, a, b)
            elif kind == "no_grad":
                with torch.no_grad():
                    pool.append(UNARY[which % len(UNARY)](torch, a) + 0)
            elif kind == "hook":
                a.register_hook(lambda g: g * 1.5)
                self.hooked.append(a)
            elif a.requires_grad:
                a.retain_grad()
        except RuntimeError:
            self.refused.append(("raised", kind))

    def values(self) -> list[Any]:
        """The numbers of every tensor, and what it says of itself."""
        seen: list[Any] = [t.detach().numpy().copy() for t in self.pool]
        return seen + [("needs", t.requires_grad, t.is_leaf, t._version > 0) for t in self.pool]

    def derivatives(self, order: int, retain_graph: bool = False) -> list[Any]:
        """The gradients of a weighted sum of all tensors, or their gradients as well."""
        torch, pool = self.torch, self.pool
        asked = [t for t in pool if not (self.aside and t._is_view())]
        loss = sum((t * (k + 1)).sum() for k, t in enumerate(pool))
        try:
            if order == 1:
                loss.backward(retain_graph=retain_graph)
                kept = [t for t in asked if t.is_leaf or t.retains_grad]
                return [None if t.grad is None else t.grad.numpy() for t in kept]
            # Whether PyTorch hands out a hooked result's gradient before or after the hook depends
            # on what else is asked for.
            wanted = [
                t
                for t in asked
                if t.requires_grad and (t.is_leaf or not any(t is h for h in self.hooked))
            ]
            grads = torch.autograd.grad(loss, wanted, create_graph=True, allow_unused=True)
            seen = [None if g is None else g.detach().numpy() for g in grads]
            second = sum((g * g).sum() for g in grads if g is not None and g.requires_grad)
            if not isinstance(second, int):
                more = torch.autograd.grad(
                    second, self.leaves, allow_unused=True, retain_graph=retain_graph
                )
                seen += [None if g is None else g.numpy() for g in more]
            return seen
        except RuntimeError:
            return ["raised in backward"]


def run(torch: Any, program: Program, order: int) -> list[Any]:
    """Everything that can be seen of a run: values, gradients, what raised."""
    made = Run(torch)
    for step in program:
        made.step(*step)
    return made.refused + made.values() + made.derivatives(order)


def agree(ours: list[Any], theirs: list[Any], rtol: float = 1e-9) -> bool:
    """Whether the two runs saw the same; True also where this package does more than PyTorch."""
    if theirs and isinstance(theirs[-1], str):
        return True  # PyTorch saves what an in-place op wrote, then refuses; here a copy is kept
    if refusals(ours) < refusals(theirs):
        return True  # an overlapping copy, or a view of a transposed clone, which are fine here
    return len(ours) == len(theirs) and all(_same(a, b, rtol) for a, b in zip(ours, theirs))


def refusals(seen: list[Any]) -> int:
    """How many writes raised."""
    return sum(tuple(s) == ("raised", "write") for s in seen if isinstance(s, (tuple, list)))


def _same(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=rtol, equal_nan=True)
    if isinstance(a, tuple) and not isinstance(b, np.ndarray):
        return list(a) == list(b)
    return (a is None and b is None) or (isinstance(a, str) and a == b)
