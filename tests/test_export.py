"""``torch.export``: a module with the inputs that it is to take."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_dl as mt


def model(torch: Any) -> Any:
    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("shift", torch.ones(3), persistent=False)
            self.register_buffer("calls", torch.zeros(1))
            self.linear = torch.nn.Linear(4, 3)
            self.drop = torch.nn.Dropout()

        def forward(self, x: Any, pair: Any = None, *, scale: float = 2.0) -> dict[str, Any]:
            y = self.drop(self.linear(x)) * scale + self.shift
            return {"y": y if pair is None else y + pair[0] * pair[1]}

    return Scaled().eval()


def test_a_program_runs_the_module_for_inputs_like_the_example(torch: Any) -> None:
    module = model(torch)
    batch = torch.export.Dim("batch", min=1, max=8)
    program = torch.export.export(
        module, (torch.ones(2, 4),), {"scale": 3.0}, dynamic_shapes={"x": {0: batch}, "scale": None}
    )
    run = program.module()
    x = torch.linspace(0, 1, 20).reshape(5, 4)
    assert torch.equal(run(x, scale=3.0)["y"], module(x, scale=3.0)["y"])
    with pytest.raises(AssertionError, match=r"x.size\(\)\[1\] == 4"):
        run(torch.ones(5, 3), scale=3.0)
    with pytest.raises(AssertionError, match=r"x.size\(\)\[0\] <= 8"):
        run(torch.ones(9, 4), scale=3.0)
    with pytest.raises(ValueError, match=r"structure|flatten|mismatch"):
        run(x)
    with pytest.raises(RuntimeError, match="module"):
        program(x, scale=3.0)
    for mode in (run.train, run.eval):
        with pytest.raises(NotImplementedError, match="not supported"):
            mode()


def test_a_program_shares_the_modules_tensors(torch: Any) -> None:
    module = model(torch)
    program = torch.export.export(module, (torch.ones(2, 4),))
    assert list(program.state_dict) == ["linear.weight", "linear.bias", "calls"]
    assert program.state_dict["linear.weight"] is module.linear.weight
    assert list(program.constants) == ["shift"]
    signature = program.graph_signature
    assert tuple(signature.parameters) == ("linear.weight", "linear.bias")
    assert set(signature.buffers) == {"shift", "calls"}
    assert tuple(signature.user_inputs) == ("x",)
    assert [name for name, _ in program.named_parameters()] == ["linear.weight", "linear.bias"]
    assert torch.equal(program.example_inputs[0][0], torch.ones(2, 4))
    before = program.module()(torch.ones(2, 4))["y"]
    with torch.no_grad():
        module.linear.bias += 1
    assert torch.allclose(program.module()(torch.ones(2, 4))["y"], before + 2)


def test_the_mode_is_that_of_the_export() -> None:
    module = model(mt)
    program = mt.export.export(module, (mt.ones(2, 4),))
    module.train()
    run = program.module()
    assert not run.training
    assert mt.equal(run(mt.ones(2, 4))["y"], module.eval()(mt.ones(2, 4))["y"])


def test_sizes_of_inputs_in_containers() -> None:
    n, auto = mt.export.Dim("n"), mt.export.Dim.AUTO
    shapes = ({0: n}, ((n, mt.export.Dim.STATIC), {0: auto}), auto)
    given = (mt.ones(2, 4), (mt.ones(2, 3), mt.ones(1)))
    program = mt.export.export(model(mt), given, {"scale": 2.0}, dynamic_shapes=shapes)
    assert program.graph_signature.user_inputs == ("x", "pair[0]", "pair[1]", "scale")
    assert list(program.range_constraints) == ["n"]
    run = program.module()
    assert run(mt.ones(5, 4), (mt.ones(5, 3), mt.ones(3)), scale=1.0)["y"].shape == (5, 3)
    with pytest.raises(AssertionError, match=r"pair\[0\].size\(\)\[0\] == n, which is 5, got 4"):
        run(mt.ones(5, 4), (mt.ones(4, 3), mt.ones(1)), scale=1.0)
    with pytest.raises(AssertionError, match=r"pair\[1\] is a tensor of 1 dims"):
        run(mt.ones(5, 4), (mt.ones(5, 3), 2.0), scale=1.0)


def test_other_values_than_the_examples() -> None:
    run = mt.export.export(model(mt), (mt.ones(2, 4), None), {"scale": 2.0}).module()
    with pytest.raises(AssertionError, match=r"scale == 2.0, got 1.0"):
        run(mt.ones(2, 4), None, scale=1.0)

    class Sum(mt.nn.Module):
        def forward(self, *terms: Any, **named: Any) -> Any:
            return sum(terms) + named["a"] - named["b"]

    x = mt.ones(2)
    program = mt.export.export(Sum(), (x, x), {"a": x, "b": 2 * x})
    assert program.graph_signature.user_inputs == ("terms_0", "terms_1", "a", "b")
    assert program.module()(x, x, b=x, a=3 * x).tolist() == [4.0, 4.0]


def test_wrong_calls(torch: Any) -> None:
    x = torch.ones(2, 4)
    with pytest.raises(ValueError, match=r"Expected `mod` to be an instance of `torch.nn.Module`"):
        torch.export.export(lambda x: x, (x,))
    with pytest.raises(Exception, match="Expecting `args` to be a tuple"):
        torch.export.export(model(torch), x)
    with pytest.raises(Exception, match="top-level keys must be the arg names"):
        torch.export.export(model(torch), (x,), dynamic_shapes={"z": None})
    with pytest.raises(AssertionError, match="inconsistent"):
        torch.export.Dim("n", min=3, max=2)
    with pytest.raises(AssertionError, match="identifier"):
        torch.export.Dim("2n")


def test_files(tmp_path: Any) -> None:
    program = mt.export.export(
        mt.nn.Linear(2, 3), (mt.ones(4, 2),), dynamic_shapes=({0: mt.export.Dim("n")},)
    )
    path = tmp_path / "linear.pt2"
    mt.export.save(program, path)
    loaded = mt.export.load(path)
    x = mt.ones(5, 2)
    assert mt.equal(loaded.module()(x), program.module()(x))
    assert mt.equal(mt.export.unflatten(loaded)(x), program.run_decompositions().module()(x))
    with pytest.raises(AssertionError, match="== 2"):
        loaded.module()(mt.ones(4, 3))
    mt.save({}, path)
    with pytest.raises(ValueError, match="holds no ExportedProgram"):
        mt.export.load(path)
    with pytest.raises(TypeError, match="ExportedProgram"):
        mt.export.save(mt.nn.ReLU(), path)


def test_what_a_program_shows() -> None:
    program = mt.export.export(model(mt), (mt.ones(2, 4),))
    shown = str(program)
    assert shown.startswith("ExportedProgram:\n    Scaled(\n      (linear): Linear(")
    assert shown.endswith("Inputs: x")
    x = mt.ones(2, 4)
    assert mt.equal(program.graph_module(x)["y"], program.module()(x)["y"])
    assert len(list(program.parameters())) == len(list(program.buffers())) == 2
    assert repr(mt.export.dims("a", "b", max=4)) == "(Dim('a', max=4), Dim('b', max=4))"
    assert repr(mt.export.Dim.AUTO) == "DimHint(AUTO)"
