"""Writes random.json: what PyTorch's CPU generator gives. Run with PyTorch installed:

    python -m tests.references.make_random

A sequence is a seed and calls that are made one after the other from one generator. The exponential
and bernoulli numbers are those of a CPU that is not Intel's (see minitorch_dl/backend/random).
"""

import json
from pathlib import Path

import numpy as np

PATH = Path(__file__).with_name("random.json")
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "bool")


def call(op, shape=None, dtype="float32", **args):
    return {"op": op, "shape": shape, "dtype": dtype, "args": args}


def sequences():
    """The calls, grouped by what they show; every group is one stream."""
    groups = {"init": [call("uniform", [3, 4], low=-0.3, high=0.7), call("normal", [20])]}
    for dtype in FLOATS:
        groups[f"uniform {dtype}"] = [
            call("uniform", [n], dtype, low=low, high=high)
            for n in (0, 1, 17, 1000)
            for low, high in ((0.0, 1.0), (-0.3, 0.7), (1.0, 1.0005), (2.0, 2.0))
        ]
        groups[f"normal {dtype}"] = [
            call("normal", [n], dtype, mean=mean, std=std)
            for n in (1, 7, 15, 16, 17, 31, 32, 1000)
            for mean, std in ((0.0, 1.0), (1.5, 0.7))
        ]
        groups[f"mixed {dtype}"] = [
            call("normal", [3], dtype),
            call("log_normal", [4], dtype, mean=1.0, std=0.5),
            call("uniform", [2], dtype),
            call("normal", [2, 9], dtype),
            call("cauchy", [17], dtype, median=1.0, sigma=2.0),
            call("exponential", [17], dtype, lambd=1.5),
            call("geometric", [17], dtype, p=0.2),
            call("normal", [1], dtype),
            call("strided_normal", [20], dtype, mean=1.5, std=0.7),
            call("bernoulli", [19], dtype, p=0.3),
            call("bernoulli_array", [19], dtype, p=[0.0, 0.25, 0.5, 1.0, *[0.4] * 15]),
            call("poisson", dtype=dtype, rate=[0.0, 0.5, 3.0, 9.5, 10.0, 30.0, 500.0] * 3),
            call("normal", [5], dtype),
        ]
        groups[f"multinomial {dtype}"] = [
            call("multinomial", dtype=dtype, weights=w, num_samples=k, replacement=replace)
            for w in ([1.0, 2.0, 0.5, 4.0, 3.0], [[1.0, 5.0, 2.0], [0.0, 1.0, 3.0]])
            for k, replace in ((1, False), (2, False), (1, True), (12, True))
        ]
    for dtype in ("float32", "float64"):
        groups[f"rejection {dtype}"] = [
            call("gamma", dtype=dtype, concentration=[0.0, 0.1, 0.5, 1.0, 2.5, 40.0] * 3),
            call("normal", [1], dtype),
            call("dirichlet", dtype=dtype, concentration=[[0.5, 1.0, 4.0], [10.0, 0.2, 3.0]]),
            call(
                "binomial",
                dtype=dtype,
                count=[0.0, 5.0, 40.0, 90.0] * 5,
                prob=[0.2, 0.5, 0.7, 1] * 5,
            ),
            call("normal_arrays", [4], dtype, mean=[0.0, 1.0, 2.0, -3.0], std=[1.0, 0.5, 0.0, 2.0]),
            call("normal_arrays", [4], dtype, mean=[0.0, 1.0, 2.0, -3.0], std=0.3),
        ]
    for dtype in (*INTEGERS, *FLOATS):
        groups[f"integers {dtype}"] = calls = [
            call("random_", [19], dtype),
            call("bernoulli", [19], dtype, p=0.6),
            call("randint", [19], dtype, low=0, high=2),
        ]
        if dtype != "bool":
            calls += [call("randint", [19], dtype, low=a, high=b) for a, b in ((5, 100), (3, None))]
            calls += [call("randperm", dtype=dtype, n=n) for n in (0, 1, 2, 100)]
            calls += [call("geometric", [19], dtype, p=0.5)]
        if dtype not in ("bool", "uint8"):
            calls += [call("randint", [19], dtype, low=-5, high=10)]
    groups["wide integers"] = [
        call("randint", [19], dtype, low=a, high=b)
        for dtype, a, b in (
            ("int64", 0, (1 << 28) - 1),
            ("int64", 0, 1 << 28),
            ("int64", -(1 << 40), 1 << 41),
            ("int64", -(1 << 63), (1 << 63) - 1),
            ("int64", -(1 << 63), None),
            ("int32", 0, (1 << 31) - 1),
            ("float64", 0, 1 << 40),
            ("float16", 0, 2050),
            ("uint16", 0, 1 << 16),
            ("uint32", 0, 1 << 32),
        )
    ]
    groups["long permutation"] = [
        call("randperm", dtype="int64", n=5000),
        call("normal", [100, 50]),
    ]
    return [
        {"name": name, "seed": 3 * i - 1, "calls": calls}
        for i, (name, calls) in enumerate(groups.items())
    ]


def torch_call(c, generator):
    """One call with PyTorch; the result as float64 or integer values."""
    import torch

    dtype, g, a = getattr(torch, c["dtype"]), generator, c["args"]

    def new():
        return torch.empty(c["shape"], dtype=dtype)

    def array(name):
        return torch.tensor(a[name], dtype=dtype)

    calls = {
        "uniform": lambda: new().uniform_(a.get("low", 0.0), a.get("high", 1.0), generator=g),
        "normal": lambda: new().normal_(a.get("mean", 0.0), a.get("std", 1.0), generator=g),
        "strided_normal": lambda: torch.stack((new(), new()), -1)[:, 0].normal_(**a, generator=g),
        "normal_arrays": lambda: torch.normal(
            array("mean"), array("std") if isinstance(a["std"], list) else a["std"], generator=g
        ),
        "log_normal": lambda: new().log_normal_(**a, generator=g),
        "cauchy": lambda: new().cauchy_(**a, generator=g),
        "exponential": lambda: new().exponential_(**a, generator=g),
        "geometric": lambda: new().geometric_(**a, generator=g),
        "bernoulli": lambda: new().bernoulli_(**a, generator=g),
        "bernoulli_array": lambda: new().bernoulli_(array("p"), generator=g),
        "poisson": lambda: torch.poisson(array("rate"), generator=g),
        "gamma": lambda: torch._standard_gamma(array("concentration"), generator=g),
        "dirichlet": lambda: torch._sample_dirichlet(array("concentration"), generator=g),
        "binomial": lambda: torch.binomial(array("count"), array("prob"), generator=g),
        "multinomial": lambda: torch.multinomial(
            array("weights"), a["num_samples"], a["replacement"], generator=g
        ),
        "random_": lambda: new().random_(generator=g),
        "randint": lambda: new().random_(a["low"], a["high"], generator=g),
        "randperm": lambda: torch.randperm(a["n"], dtype=dtype, generator=g),
    }
    out = calls[c["op"]]()
    return out.double().numpy() if out.is_floating_point() else out.numpy()


def sampled(x):
    """At most about 50 values of an array, evenly spaced."""
    return np.ravel(x)[:: x.size // 50 + 1]


def main():
    import torch

    torch.set_num_threads(1)
    recorded = sequences()
    for s in recorded:
        generator = torch.Generator().manual_seed(s["seed"])
        for c in s["calls"]:
            values = torch_call(c, generator)
            c["result"] = {"shape": list(values.shape), "values": sampled(values).tolist()}
        s["state"] = generator.get_state().numpy()[:24].tobytes().hex()
        s["next"] = torch.empty(4, dtype=torch.int32).random_(generator=generator).tolist()
    lines = ",\n".join(json.dumps(s, separators=(",", ":")) for s in recorded)
    PATH.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
