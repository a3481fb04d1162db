"""The samplers against PyTorch's numbers: stored ones, and live where PyTorch is installed."""

import copy
import json
import math
import pickle
import threading

import numpy as np
import pytest

from minitorch_dl.backend import random
from minitorch_dl.backend.random import Generator
from tests.references import make_random

STORED = json.loads(make_random.PATH.read_text())
F32, F64, I64 = np.dtype("f4"), np.dtype("f8"), np.dtype("i8")
# float64 values of these pass through the C library's log, sin, ...: the last bit is the system's
TRANSCENDENTAL = {"normal", "strided_normal", "normal_arrays", "log_normal"}
TRANSCENDENTAL |= {"cauchy", "exponential", "gamma", "dirichlet"}
# float16 can't hold every integer of a wide range: both say so
beyond_float16 = pytest.mark.filterwarnings("ignore:.*2.11:UserWarning")


def numpy_dtype(name):
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


def our_call(c, g):
    d, shape, a = numpy_dtype(c["dtype"]), tuple(c["shape"] or ()), dict(c["args"])
    op = c["op"]
    for name in ("rate", "concentration", "count", "prob", "weights"):
        if name in a:
            a[name] = np.array(a[name]).astype(d)
    if op == "randperm":
        return random.randperm(a["n"], d, g)
    if op == "randint":
        return random.randint(a["low"], a["high"], shape, d, g)
    if op in ("bernoulli", "bernoulli_array"):
        p = a["p"] if op == "bernoulli" else np.array(a["p"]).astype(d)
        return random.bernoulli(p, shape, d, g)
    if op == "normal_arrays":
        a = {k: np.array(v).astype(d) if isinstance(v, list) else v for k, v in a.items()}
        return random.normal(shape, **a, dtype=d, generator=g)
    if op in ("normal", "strided_normal"):
        a = {"mean": 0.0, "std": 1.0, "contiguous": op == "normal", **a}
        return random.normal(shape, **a, dtype=d, generator=g)
    if op == "uniform":
        return random.uniform(shape, **{"low": 0.0, "high": 1.0, **a}, dtype=d, generator=g)
    if op in ("poisson", "gamma", "dirichlet", "binomial", "multinomial"):
        return getattr(random, op)(**a, generator=g)
    return getattr(random, op)(shape, **a, dtype=d, generator=g)


def check(c, ours, expected):
    """Equal, or within rounding where the C library decides."""
    ours = ours.astype(np.float64) if c["dtype"] in make_random.FLOATS else ours
    if c["op"] == "dirichlet" or (c["dtype"] == "float64" and c["op"] in TRANSCENDENTAL):
        rtol = 1e-6 if c["dtype"] == "float32" else 1e-14
        np.testing.assert_allclose(ours, expected, rtol=rtol, atol=1e-15, err_msg=str(c))
    else:
        np.testing.assert_array_equal(ours, expected, err_msg=str(c))


@beyond_float16
@pytest.mark.parametrize("sequence", STORED, ids=lambda s: s["name"])
def test_stored_sequences(sequence):
    g = Generator().manual_seed(sequence["seed"])
    for c in sequence["calls"]:
        ours = our_call(c, g)
        expected = np.array(c["result"]["values"])
        assert list(ours.shape) == c["result"]["shape"]
        assert ours.dtype == (I64 if c["op"] == "multinomial" else numpy_dtype(c["dtype"]))
        check(c, make_random.sampled(ours), expected)
    assert g.get_state().numpy()[:24].tobytes().hex() == sequence["state"]
    np.testing.assert_array_equal(random.random_((4,), np.dtype("i4"), g), sequence["next"])


def test_stored_sequences_are_the_scripts():
    def calls(sequences):
        return [
            [
                s["name"],
                s["seed"],
                *([c["op"], c["shape"], c["dtype"], c["args"]] for c in s["calls"]),
            ]
            for s in sequences
        ]

    assert calls(STORED) == calls(make_random.sequences())


@pytest.mark.parity
@beyond_float16
@pytest.mark.parametrize("name", [s["name"] for s in STORED])
@pytest.mark.parametrize("seed", [7, 2**40 + 1, -(2**63)])
def test_live(name, seed):
    torch = pytest.importorskip("torch")
    sequence = next(s for s in make_random.sequences() if s["name"] == name)
    theirs, ours = torch.Generator().manual_seed(seed), Generator().manual_seed(seed)
    exact = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    for c in sequence["calls"]:
        if uses_mkl(torch) and c["op"] in ("bernoulli", "exponential", "multinomial"):
            continue
        expected, got = make_random.torch_call(c, theirs), our_call(c, ours)
        if not exact and c["op"] == "normal":  # another logarithm and sine
            np.testing.assert_allclose(got.astype(np.float64), expected, rtol=1e-2, atol=1e-5)
        elif c["op"] == "multinomial" and c["dtype"] in ("float16", "bfloat16"):
            assert got.shape == expected.shape  # equal ratios have no order
        else:
            check(c, got, expected)
        assert (
            ours.get_state().numpy()[:5016].tobytes() == theirs.get_state().numpy()[:5016].tobytes()
        )
    other = torch.Generator()
    other.set_state(torch.from_numpy(ours.get_state().numpy()))
    ours.set_state(other.get_state().numpy())
    np.testing.assert_array_equal(
        torch.rand(9, generator=other).numpy(), random.uniform((9,), 0, 1, F32, ours)
    )


def uses_mkl(torch):
    """PyTorch on an Intel CPU draws a single word for bernoulli_(p) and leaves the rest to MKL."""
    g = torch.Generator().manual_seed(0)
    torch.empty(4).bernoulli_(0.5, generator=g)
    return int(g.get_state().numpy()[16:24].view(np.uint64)[0]) == 1


def draws(g):
    return (
        random.normal((3,), 0, 1, F64, g).tolist(),
        random.uniform((5,), 0, 1, F32, g).tolist(),
        random.randperm(30, I64, g).tolist(),
        random.normal((40,), 0, 1, F32, g).tolist(),
    )


@pytest.mark.parametrize("prepare", range(4))
def test_state_round_trip(prepare):
    g = Generator().manual_seed(4)
    if prepare:
        random.normal((prepare,), 0, 1, F32, g)  # an odd number keeps a normal
    if prepare == 3:
        random.randint(0, 9, (624 - 8,), I64, g)  # the block of words is used up
    state = g.get_state()
    before = state.clone()
    expected = draws(g)
    np.testing.assert_array_equal(state, before)
    copies = [g.clone_state() for _ in range(2)]
    assert draws(copies[0]) == draws(copies[1]) != expected
    for restored in (Generator(), g):
        restored.set_state(state)
        assert restored.initial_seed() == 4
        np.testing.assert_array_equal(restored.get_state(), state)
        assert draws(restored) == expected
    g.set_state(state)
    for other in (pickle.loads(pickle.dumps(g)), copy.deepcopy(g)):
        assert draws(other) == expected


SIZES = np.random.default_rng(0).permutation([*range(40), 500, 1023, 1024, 1025, 3000] * 4)


@pytest.mark.parametrize("draw", ["words", "words64", "uniforms", "normal"])
def test_many_draws_are_one_stream(draw):
    def drawn(g, n):
        if draw == "normal":  # in whole rows each is a function of its own words
            return random.normal((16 * n,), 0.5, 2.0, F32, g)
        return getattr(g, draw)(n, *([np.float32] if draw == "uniforms" else []))

    g, other = Generator(), Generator()
    parts = [drawn(g, int(n)).copy() for n in SIZES]
    np.testing.assert_array_equal(np.concatenate(parts), drawn(other, int(sum(SIZES))))
    np.testing.assert_array_equal(g.get_state(), other.get_state())


def test_states_between_draws():
    g, steady = Generator(), Generator()
    for n in SIZES:
        continued = g.clone_state()
        x = g.words(int(n))
        np.testing.assert_array_equal(x, continued.words(int(n)))
        np.testing.assert_array_equal(x, steady.words(int(n)))


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (np.zeros(10, np.uint8), RuntimeError),
        (np.zeros(5056, np.uint8), RuntimeError),
        (np.full(5056, 255, np.uint8), RuntimeError),
        (np.zeros(5056, np.float32), TypeError),
        ([1, 2], TypeError),
    ],
)
def test_wrong_state_changes_nothing(state, error):
    g = Generator().manual_seed(5)
    random.normal((1,), 0, 1, F32, g)
    before = g.get_state()
    with pytest.raises(error):
        g.set_state(state)
    np.testing.assert_array_equal(g.get_state(), before)


def test_seeds():
    g = Generator()
    assert g.initial_seed() == random.Generator().initial_seed() == 67280421310721
    assert g.manual_seed(-1) is g
    assert g.initial_seed() == 2**64 - 1
    assert g.manual_seed(np.int64(3)).initial_seed() == 3
    low, high = Generator().manual_seed(6), Generator().manual_seed(6 + 2**32)
    assert draws(low) == draws(high)
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="2\\^64"):
            g.manual_seed(seed)
    for seed in (1.5, "3", True):
        with pytest.raises(RuntimeError, match="integer"):
            g.manual_seed(seed)
    assert g.initial_seed() == 3
    chosen = g.seed()
    assert g.initial_seed() == chosen
    assert draws(g) == draws(Generator().manual_seed(chosen))


def test_default_generators():
    cpu, cuda = random.default_generator(), random.default_generator("cuda")
    assert cpu is random.default_generator("cpu") is not cuda
    assert (cpu.device.type, cuda.device.type) == ("cpu", "cuda")
    assert random.manual_seed(8) is cpu
    assert random.initial_seed() == cuda.initial_seed() == 8
    first = draws(cpu)
    chosen = random.seed()
    assert random.initial_seed() == cuda.initial_seed() == chosen
    random.manual_seed(8.9)  # as int() takes it
    assert draws(cpu) == first


class OtherModule:
    """Stands for an array module of another device."""

    @staticmethod
    def asarray(x):
        return ("moved", x)


class OtherArray:
    def __init__(self, array):
        self.array = array

    def get(self):
        return self.array


def test_the_cpus_generator_serves_another_device():
    a, b = Generator().manual_seed(1), Generator().manual_seed(1)
    rate, p = np.array([1.0, 20.0]), np.array([0.2, 0.9])
    for where, x in (
        (random.uniform((4,), 0, 1, F32, b, xp=OtherModule), random.uniform((4,), 0, 1, F32, a)),
        (random.poisson(OtherArray(rate), b, OtherModule), random.poisson(rate, a)),
        (
            random.bernoulli(OtherArray(p), (2,), F32, b, OtherModule),
            random.bernoulli(p, (2,), F32, a),
        ),
        (
            random.multinomial(OtherArray(p), 1, False, b, OtherModule),
            random.multinomial(p, 1, False, a),
        ),
        (
            random.normal((2,), OtherArray(rate), OtherArray(p), F64, b, OtherModule),
            random.normal((2,), rate, p, F64, a),
        ),
    ):
        assert where[0] == "moved"
        np.testing.assert_array_equal(where[1], x)


def array(*values):
    return np.array(values, np.float32)


RAISING = {
    "uniform order": (RuntimeError, lambda g: random.uniform((3,), 1, 0, F32, g)),
    "uniform bound": (RuntimeError, lambda g: random.uniform((3,), 0, 1e39, F32, g)),
    "uniform width": (RuntimeError, lambda g: random.uniform((3,), -3e38, 3e38, F32, g)),
    "uniform nan": (RuntimeError, lambda g: random.uniform((3,), math.nan, 1, F32, g)),
    "uniform dtype": (NotImplementedError, lambda g: random.uniform((3,), 0, 1, I64, g)),
    "normal dtype": (NotImplementedError, lambda g: random.normal((3,), 0, 1, I64, g)),
    "normal std": (RuntimeError, lambda g: random.normal((3,), 0, -1, F32, g)),
    "normal stds": (RuntimeError, lambda g: random.normal((2,), 0, array(1, -1), F32, g)),
    "log_normal": (RuntimeError, lambda g: random.log_normal((3,), 0, 0, F32, g)),
    "exponential": (RuntimeError, lambda g: random.exponential((3,), 0, F32, g)),
    "cauchy": (RuntimeError, lambda g: random.cauchy((3,), 0, 0, F32, g)),
    "geometric 0": (RuntimeError, lambda g: random.geometric((3,), 0, F32, g)),
    "geometric 1": (RuntimeError, lambda g: random.geometric((3,), 1, F32, g)),
    "bernoulli": (RuntimeError, lambda g: random.bernoulli(1.5, (3,), F32, g)),
    "bernoullis": (RuntimeError, lambda g: random.bernoulli(array(math.nan), (1,), F32, g)),
    "randint empty": (RuntimeError, lambda g: random.randint(3, 3, (2,), I64, g)),
    "randint uint8": (RuntimeError, lambda g: random.randint(0, 300, (2,), np.dtype("u1"), g)),
    "randint bool": (RuntimeError, lambda g: random.randint(-5, 1, (2,), np.dtype("?"), g)),
    "randint half": (RuntimeError, lambda g: random.randint(0, 70000, (2,), np.dtype("f2"), g)),
    "random_ dtype": (NotImplementedError, lambda g: random.random_((2,), np.dtype("u4"), g)),
    "randperm": (RuntimeError, lambda g: random.randperm(-1, I64, g)),
    "randperm uint8": (RuntimeError, lambda g: random.randperm(257, np.dtype("u1"), g)),
    "randperm half": (RuntimeError, lambda g: random.randperm(3000, np.dtype("f2"), g)),
    "randperm bool": (NotImplementedError, lambda g: random.randperm(2, np.dtype("?"), g)),
    "poisson": (RuntimeError, lambda g: random.poisson(array(1, -1), g)),
    "poisson nan": (RuntimeError, lambda g: random.poisson(array(math.nan), g)),
    "poisson dtype": (NotImplementedError, lambda g: random.poisson(np.array([1]), g)),
    "gamma": (RuntimeError, lambda g: random.gamma(array(-1), g)),
    "binomial": (RuntimeError, lambda g: random.binomial(array(3), array(2), g)),
    "multinomial dtype": (RuntimeError, lambda g: random.multinomial(np.array([1]), 1, True, g)),
    "multinomial ndim": (RuntimeError, lambda g: random.multinomial(np.array(1.0), 1, True, g)),
    "multinomial none": (RuntimeError, lambda g: random.multinomial(array(1), 0, True, g)),
    "multinomial many": (RuntimeError, lambda g: random.multinomial(array(1, 2), 3, False, g)),
    "multinomial sign": (RuntimeError, lambda g: random.multinomial(array(-1, 2), 1, True, g)),
    "multinomial inf": (
        RuntimeError,
        lambda g: random.multinomial(array(1, math.inf), 1, False, g),
    ),
    "multinomial zero": (RuntimeError, lambda g: random.multinomial(array(0, 0), 2, True, g)),
}


@pytest.mark.parametrize("case", RAISING)
def test_errors_draw_nothing(case):
    error, attempt = RAISING[case]
    g = Generator().manual_seed(2)
    before = g.get_state()
    with pytest.raises(error):
        attempt(g)
    np.testing.assert_array_equal(g.get_state(), before)


def test_rounding_to_a_bound_stays_inside():
    g = Generator().manual_seed(0)
    x = random.uniform((5000,), 0, 1, np.dtype("f2"), g)
    assert x.min() >= 0
    assert x.max() < 1
    with pytest.warns(UserWarning, match="holds every integer"):
        x = random.randint(0, 65504, (5000,), np.dtype("f2"), g)
    assert x.max() < 65504


@pytest.mark.filterwarnings("error")
def test_no_numeric_warnings_on_overflow():
    g = Generator().manual_seed(0)
    assert np.isinf(random.log_normal((4,), 1000.0, 1.0, F64, g)).all()
    assert np.isinf(random.normal((20,), 1e6, 1.0, np.dtype("f2"), g)).all()


def test_threads_share_a_generator():
    g, results = Generator().manual_seed(0), []
    threads = [
        threading.Thread(target=lambda: results.append(random.uniform((2000,), 0, 1, F32, g)))
        for _ in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expected = random.uniform((16000,), 0, 1, F32, Generator().manual_seed(0)).reshape(8, -1)
    assert sorted(r.tolist() for r in results) == sorted(expected.tolist())


def test_a_marked_place_is_found_again() -> None:
    g = Generator().manual_seed(3)
    for before in (0, 3, 700, 5000):
        for drawn in (0, 1, 2, 20, 3000, 9000):
            g.normals(before)
            mark, state = g.mark(), g.get_state()
            expected = g.normals(5).tolist()
            g.set_state(state)
            mark = g.mark() if drawn % 2 else mark
            g.uniforms(drawn, np.float32)
            assert g.has_drawn_since(mark) == (drawn > 0)
            g.go_back(mark)
            assert not g.has_drawn_since(mark)
            assert g.normals(5).tolist() == expected
