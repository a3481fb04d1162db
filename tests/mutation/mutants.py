"""The ways to break a formula, and how a broken one is put in the place of the right one."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minitorch_dl.autograd.primitive import PRIMITIVES, Primitive


@dataclass(frozen=True)
class Mutant:
    """One broken formula.

    Attributes:
        primitive: whose.
        formula: the input whose derivative it is, "joint" or "backward".
        change: what was changed, as ``kind: before -> after``.
        broken: the function.
        part: the function that is broken, if it is not the formula itself but one that it calls.
    """

    primitive: str
    formula: str
    change: str
    broken: Callable[..., Any]
    part: Callable[..., Any] | None = None

    @property
    def concerned(self) -> list[str]:
        """The primitives whose derivatives it breaks."""
        if self.part is None:
            return [self.primitive]
        return list(dict.fromkeys(name for name, _ in users_of_parts()[self.part]))

    def __str__(self) -> str:
        where = self.formula if self.part is None else f"{self.formula}: {self.part.__name__}"
        return f"{self.primitive} [{where}] {self.change}"


def formulas(p: Primitive) -> dict[str, Callable[..., Any]]:
    """The primitive's formulas by the name that their vjps know them by."""
    if p.backward is not None:
        return {"backward": p.backward}
    if p.joint is not None:
        return {"joint": p.joint}
    return dict(p.formulas)


def mutants(p: Primitive) -> Iterator[Mutant]:
    """Every broken version of every formula of the primitive."""
    for name, formula in formulas(p).items():
        if _is_zero(formula):
            continue
        for change, broken in _results_changed(formula):
            yield Mutant(p.name, name, change, broken)
        for change, broken in _source_changed(formula):
            yield Mutant(p.name, name, change, broken)
        for part in _parts(formula):
            if users_of_parts()[part][0] == (p.name, name):  # once, where several share a part
                for change, broken in _source_changed(part):
                    yield Mutant(p.name, name, change, broken, part)


def _is_zero(formula: Callable[..., Any]) -> bool:
    """Whether the derivative is zero everywhere: that of a piecewise constant function."""
    names = formula.__code__.co_names
    return formula.__name__ == "<lambda>" and names == ("zero",)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Run with the broken formula in place of the right one."""
    if mutant.part is not None:
        holders = [
            (module, name)
            for module in _modules()
            for name, value in vars(module).items()
            if value is mutant.part
        ]
        for module, name in holders:
            setattr(module, name, mutant.broken)
        try:
            yield
        finally:
            for module, name in holders:
                setattr(module, name, mutant.part)
        return
    p = PRIMITIVES[mutant.primitive]
    right = formulas(p)[mutant.formula]
    _use(p, mutant.formula, mutant.broken)
    try:
        yield
    finally:
        _use(p, mutant.formula, right)


def _use(p: Primitive, name: str, formula: Callable[..., Any]) -> None:
    if name in ("joint", "backward"):
        setattr(p, name, formula)
        key = name
    else:
        p.formulas[name] = formula
        key = f"d_{name}"
    for scope in _scopes(p):  # the quick calls keep vjps, so these are changed as they stand
        if key in scope:
            scope[key] = formula


def _scopes(p: Primitive) -> Iterator[dict[str, Any]]:
    """The namespaces of the compiled rules of all vjps, those inside wrappers too."""
    vjps = list(p._vjps.values())
    while vjps:
        vjp = vjps.pop()
        vjps += vjp._pruned.values()
        functions = [
            vjp.on_arrays,
            inspect.unwrap(getattr(vjp.on_tensors, "__func__", vjp.on_tensors)),
        ]
        while functions:
            function = functions.pop()
            yield function.__globals__
            inside = [cell.cell_contents for cell in function.__closure__ or ()]
            functions += [f for f in inside if isinstance(f, types.FunctionType)]


# -- the functions that formulas call --------------------------------------------------------------


def _modules() -> list[types.ModuleType]:
    """Where derivatives are computed."""
    return [m for name, m in list(sys.modules.items()) if name.startswith(_COMPUTES)]


_COMPUTES = ("minitorch_dl.ops", "minitorch_dl.backend")
_NO_MATHEMATICS = ("minitorch_dl.backend.devices", "minitorch_dl.backend.dtypes")


def _called(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The functions of this package that one calls by name, or as ``module.name``."""
    names = _names(function.__code__)
    for value in [function.__globals__.get(name) for name in names]:
        if isinstance(value, types.ModuleType) and value.__name__.startswith(_COMPUTES):
            yield from (vars(value)[name] for name in names if name in vars(value))
        else:
            yield value


def _names(code: types.CodeType) -> list[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return [*code.co_names, *(name for c in inner for name in _names(c))]


def _reached(function: Callable[..., Any]) -> dict[Callable[..., Any], None]:
    """The kernels and private functions that a function ends up calling, in order; not the ops,
    which have formulas of their own."""
    found: dict[Callable[..., Any], None] = {}
    waiting = [inspect.unwrap(function)]
    while waiting:
        for value in _called(waiting.pop()):
            ours = isinstance(value, types.FunctionType) and value.__module__.startswith(_COMPUTES)
            if not ours or value in found or value.__module__ in _NO_MATHEMATICS:
                continue
            if value.__module__.startswith("minitorch_dl.backend") or value.__name__[0] == "_":
                found[value] = None
                waiting.append(value)
    return found


@functools.cache
def _forward_parts() -> set[Callable[..., Any]]:
    """What forward passes call, too: the checks of values are there for these."""
    return {part for p in PRIMITIVES.values() for part in _reached(p.kernel)}


def _parts(formula: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The functions that this formula calls and that serve derivatives only."""
    if not isinstance(inspect.unwrap(formula), types.FunctionType):
        return []
    return [part for part in _reached(formula) if part not in _forward_parts()]


@functools.cache
def users_of_parts() -> dict[Callable[..., Any], list[tuple[str, str]]]:
    """The primitives and formulas that call each part."""
    found: dict[Callable[..., Any], list[tuple[str, str]]] = {}
    for p in PRIMITIVES.values():
        for name, formula in formulas(p).items():
            for part in _parts(formula):
                found.setdefault(part, []).append((p.name, name))
    return found


# -- by changing results ---------------------------------------------------------------------------


def _results_changed(formula: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    def broken(change: Callable[[Any], Any]) -> Callable[..., Any]:
        @functools.wraps(formula)
        def call(*args: Any) -> Any:
            found = formula(*args)
            if isinstance(found, (tuple, list)):
                return tuple(None if g is None else change(g) for g in found)
            return None if found is None else change(found)

        return call

    yield "sign: result -> -result", broken(lambda g: -g)
    yield "factor: result -> 1.5 * result", broken(lambda g: g * 1.5)
    yield "wrong axis: result -> its elements in another order", broken(_turned)


def _turned(g: Any) -> Any:
    """The last dim of more than one element from the back."""
    for dim in reversed(range(len(g.shape))):
        if g.shape[dim] > 1:
            if hasattr(g, "array"):
                return g.flip(dim)
            return g[tuple(slice(None, None, -1 if d == dim else 1) for d in range(g.ndim))] * 1
    return g * -1.5


# -- by changing the source ------------------------------------------------------------------------


@functools.cache
def _tree(path: str) -> ast.Module:
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def _node_of(formula: Callable[..., Any]) -> ast.AST | None:
    """The lambda or function definition that made this function."""
    code = formula.__code__
    found = []
    for node in ast.walk(_tree(code.co_filename)):
        if isinstance(node, ast.Lambda) and formula.__name__ == "<lambda>":
            if (
                node.lineno == code.co_firstlineno
                and _arguments(node) == code.co_varnames[: code.co_argcount]
            ):
                found.append(node)
        elif isinstance(node, ast.FunctionDef) and node.name == formula.__name__:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                found.append(node)
    if len(found) > 1:  # several on one line
        found = [node for node in found if _is_written_in(node, formula)]
    return found[0] if found else None


def _is_written_in(node: Any, formula: Callable[..., Any]) -> bool:
    """Whether this lambda, of several with the same arguments on its line, made the function."""
    code = formula.__code__
    if not hasattr(code, "co_positions"):  # before Python 3.11
        made = _compiled(node, formula).__code__
        return (made.co_code, made.co_consts) == (code.co_code, code.co_consts)
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return all(
        start <= (line, column) < end
        for line, _, column, last in code.co_positions()
        if column != last  # the entry into the function has no width
    )


def _arguments(node: ast.Lambda) -> tuple[str, ...]:
    return tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))


def _compiled(node: Any, formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of this syntax in the place of ``formula``: same globals, same free variables."""
    node = copy.deepcopy(node)
    if isinstance(node, ast.FunctionDef):
        node.decorator_list, node.name = [], "broken"
        node.args.defaults = []
        node.args.kw_defaults = [None] * len(node.args.kwonlyargs)
        body: list[ast.stmt] = [node]
    else:
        body = [ast.Assign(targets=[ast.Name("broken", ast.Store())], value=node)]
    free = formula.__code__.co_freevars
    outer = ast.FunctionDef(
        name="make",
        args=ast.arguments([], [ast.arg(name) for name in free], None, [], [], None, []),
        body=[*body, ast.Return(ast.Name("broken", ast.Load()))],
        decorator_list=[],
        type_params=[],
    )
    module = ast.fix_missing_locations(ast.Module([outer], []))
    flags = __future__.annotations.compiler_flag
    code = compile(module, formula.__code__.co_filename, "exec", flags, dont_inherit=True)
    scope: dict[str, Any] = {}
    exec(code, formula.__globals__, scope)
    cells = formula.__closure__ or ()
    made = scope["make"](*(cell.cell_contents for cell in cells))
    broken = types.FunctionType(
        made.__code__, formula.__globals__, formula.__name__, formula.__defaults__, made.__closure__
    )
    broken.__kwdefaults__ = formula.__kwdefaults__
    return broken


def _source_changed(formula: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    formula = inspect.unwrap(formula)
    if not isinstance(formula, types.FunctionType):
        return
    node = _node_of(formula)
    if node is None:
        return
    body = node.body if isinstance(node, ast.FunctionDef) else [node.body]  # type: ignore[attr-defined]
    spots = [inner for statement in body for inner in ast.walk(statement)]
    for position, spot in enumerate(spots):
        for kind, after in _changes(spot):
            changed = copy.deepcopy(node)
            inner = changed.body if isinstance(changed, ast.FunctionDef) else [changed.body]  # type: ignore[attr-defined]
            target = [n for statement in inner for n in ast.walk(statement)][position]
            _replace(changed, target, after)
            text = f"{kind}: {ast.unparse(spot)} -> {ast.unparse(after)}"
            yield text, _compiled(changed, formula)


def _replace(root: ast.AST, target: ast.AST, after: ast.AST) -> None:
    for parent in ast.walk(root):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, after)
            elif isinstance(value, list):
                value[:] = [after if item is target else item for item in value]


_OTHERS = {"add": "subtract", "subtract": "add", "multiply": "add", "divide": "multiply"}
"""Array functions, and what is called in their place."""


_SYMMETRIC = ("keep", "max", "min", "swapaxes")
"""Functions of which the order of two arguments is free; keep is a product with a mask."""


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What else could stand in this place."""
    if isinstance(node, ast.BinOp):
        a, b = node.left, node.right
        if isinstance(node.op, (ast.Add, ast.Sub)):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "sign", ast.BinOp(a, other, b)
            yield "missing term", a
            yield "missing term", b
        elif isinstance(node.op, ast.Mult):
            yield "missing factor", a
            yield "missing factor", b
        elif isinstance(node.op, ast.Div):
            yield "factor", ast.BinOp(a, ast.Mult(), b)
            yield "missing factor", a
        elif isinstance(node.op, ast.MatMult):
            yield "swapped inputs", ast.BinOp(b, node.op, a)
        for constant, other in ((a, b), (b, a)):
            if isinstance(constant, ast.Constant) and type(constant.value) in (int, float):
                changed = ast.Constant(constant.value * 2 + 1)
                pair = (changed, other) if constant is a else (other, changed)
                yield "factor", ast.BinOp(pair[0], node.op, pair[1])
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "sign", ast.AugAssign(node.target, other, node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Mult, ast.Div)):
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        yield "factor", ast.AugAssign(node.target, other, node.value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
        made = opposite.get(type(node.ops[0]))
        if made is not None:
            yield "wrong side", ast.Compare(node.left, [made()], node.comparators)
    elif isinstance(node, ast.Attribute) and node.attr in _OTHERS:
        yield "another function", ast.Attribute(node.value, _OTHERS[node.attr], node.ctx)
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords:
        called = ast.unparse(node.func).split(".")[-1]
        if called not in _SYMMETRIC and not any(
            isinstance(a, (ast.Constant, ast.Starred)) for a in node.args
        ):
            yield "swapped inputs", ast.Call(node.func, node.args[::-1], [])
