"""Counts what a step of a workload asks of NumPy: calls, and large new arrays.

``python -m tests.benchmarks.numpy_calls WORKLOAD...`` prints ``{workload: [calls, arrays]}``.

No hook of Python's sees ``a * b`` on arrays, so the package is imported with its source rewritten:
what may be a call of NumPy (an operator, a call of an attribute, an assignment to a part) is
followed by a look at the result. So the counts are the same for every Python and NumPy.
"""

from __future__ import annotations

import ast
import builtins
import json
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder, SourceFileLoader
from typing import Any

import numpy as np

LARGE = 1 << 16
"""Bytes of a large array."""
PACKAGE = "minitorch_dl"

calls = arrays = 0


def _count(result: Any, is_new: bool) -> None:
    global calls, arrays
    calls += 1
    if is_new and type(result) is np.ndarray and result.base is None and result.nbytes >= LARGE:
        arrays += 1


def computed(result: Any) -> Any:
    """After an operator."""
    if isinstance(result, (np.ndarray, np.generic)):
        _count(result, True)
    return result


def picked(result: Any) -> Any:
    """After an index: a view costs nothing."""
    if type(result) is np.ndarray and result.base is None:
        _count(result, True)
    return result


def written(target: Any) -> None:
    """After ``a += b`` or ``a[i] = b``."""
    if isinstance(target, np.ndarray):
        _count(target, False)


def watched(function: Any) -> Any:
    """In the place of a function that is called: itself, unless it is one of NumPy's."""
    owner = getattr(function, "__self__", None)
    is_numpy = isinstance(function, np.ufunc) or isinstance(owner, (np.ndarray, np.ufunc))
    if not is_numpy and not str(getattr(function, "__module__", "")).startswith("numpy"):
        return function
    if isinstance(function, type):  # a dtype
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        given = (*args, *kwargs.values())
        _count(result, not any(result is one for one in given))
        return result

    return call


LOOKS = (computed, picked, written, watched)


def _followed_by(look: Callable[..., Any], value: ast.expr) -> ast.expr:
    name = ast.Name(f"_look_{look.__name__}", ast.Load())
    return ast.copy_location(ast.Call(name, [value], []), value)


class _Rewriter(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return _followed_by(computed, self.generic_visit(node))  # type: ignore[arg-type]

    visit_UnaryOp = visit_Compare = visit_BinOp  # type: ignore[assignment]

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        return _followed_by(picked, node) if isinstance(node.ctx, ast.Load) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            node.func = _followed_by(watched, node.func)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        targets = self._looks([node.target])
        return [self.generic_visit(node), *targets]

    def visit_Assign(self, node: ast.Assign) -> Any:
        parts = [t.value for t in node.targets if isinstance(t, ast.Subscript)]
        return [self.generic_visit(node), *self._looks(parts)]

    def _looks(self, targets: list[Any]) -> list[ast.stmt]:
        """A look at each target that can be named again without a call."""
        simple = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.Slice)
        looks = []
        for target in targets:
            parts = [n for n in ast.walk(target) if isinstance(n, ast.expr)]
            if all(isinstance(n, simple) for n in parts):
                again = ast.parse(ast.unparse(target), mode="eval").body
                looks.append(ast.copy_location(ast.Expr(_followed_by(written, again)), target))
        return looks

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return node  # an annotation computes nothing

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        node.body = [self.visit(one) for one in node.body]
        return node


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        tree = _Rewriter().visit(ast.parse(self.get_data(path)))
        return compile(ast.fix_missing_locations(tree), path, "exec")


class _Finder(PathFinder):
    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] != PACKAGE:
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def main(names: list[str]) -> None:
    """Count a step of each workload, after two that make what stays."""
    global calls, arrays
    for look in LOOKS:
        setattr(builtins, f"_look_{look.__name__}", look)
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]

    import minitorch_dl as torch
    from benchmarks.workloads import WORKLOADS

    torch.set_num_threads(1)
    found = {}
    for name in names:
        torch.manual_seed(0)
        step = WORKLOADS[name].build(torch)
        step()
        step()
        calls = arrays = 0
        step()
        found[name] = [calls, arrays]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
