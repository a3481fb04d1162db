"""Rejection samplers: one value from a stream of uniforms, in PyTorch's order of draws.

Each takes `uniform`, a function that returns the next float64 on [0, 1); `gamma` takes the same for
standard normals, too.
"""

import math
from collections.abc import Callable

import numpy as np

__all__ = ["binomial", "gamma", "poisson"]

Draw = Callable[[], float]

# log(k!) less Stirling's approximation, for k = 0 .. 9
_STIRLING_TAIL = (
    *(0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509),
    *(0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720),
    *(0.00925546218271273, 0.00833056343336287),
)
_THIRD = float(np.float32(1) / np.float32(3))
_SQUEEZE = float(np.float32(0.0331))


def poisson(rate: float, uniform: Draw) -> int:
    """A Poisson count: products of uniforms below rate 10, from there PTRS (Hormann, 1993)."""
    if rate == 0:
        return 0
    if rate < 10:
        count, product, limit = 0, uniform(), math.exp(-rate)
        while product > limit:
            count += 1
            product *= uniform()
        return count
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    log_rate = math.log(rate)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        if us == 0:  # the hat is unbounded here
            continue
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        log_v = math.log(v) if v > 0 else -math.inf
        if log_v + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= (
            k * log_rate - rate - math.lgamma(k + 1)
        ):
            return k


def gamma(concentration: float, uniform: Draw, normal: Draw, real: type[np.floating]) -> float:
    """A gamma variate of rate 1 (Marsaglia and Tsang, 2000); `real` is the precision of
    `concentration`, float32 or float64."""
    if concentration == 0:
        return 0.0
    scale, alpha = 1.0, real(concentration)
    if alpha < 1:  # gamma(a) = gamma(a + 1) u^(1/a), and more candidates for a + 1 are accepted
        scale = (1 - uniform()) ** float(real(1) / alpha)
        alpha += real(1)
    d = float(alpha - real(_THIRD))
    c = 1 / math.sqrt(9 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = normal()
            y = 1 + c * x
        v, u, xx = y * y * y, 1 - uniform(), x * x
        if u < 1 - _SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1 - v + math.log(v)):
            return scale * d * v


def binomial(count: float, prob: float, uniform: Draw) -> float:
    """Successes in `count` trials: waiting times below an expected 10, from there BTRS
    (Hormann, 1993)."""
    if count <= 0 or prob <= 0:
        return 0.0
    if prob >= 1:
        return count
    if prob > 0.5:
        return count - binomial(count, 1 - prob, uniform)
    if count * prob < 10:
        return _binomial_waiting(count, prob, uniform)
    return _binomial_btrs(count, prob, uniform)


def _binomial_waiting(count: float, prob: float, uniform: Draw) -> float:
    log_q, trials, successes = math.log1p(-prob), 0.0, 0
    while True:
        u = uniform()
        trials += math.ceil(math.log(u) / log_q) if u > 0 else math.inf
        if trials > count:
            return float(successes)
        successes += 1


def _stirling_tail(k: float) -> float:
    if k < len(_STIRLING_TAIL):
        return _STIRLING_TAIL[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _binomial_btrs(count: float, prob: float, uniform: Draw) -> float:
    spread = math.sqrt(count * prob * (1 - prob))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * prob
    c = count * prob + 0.5
    v_r = 0.92 - 4.2 / b
    r = prob / (1 - prob)
    alpha = (2.83 + 5.1 / b) * spread
    m = math.floor((count + 1) * prob)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        if us == 0:  # the hat is unbounded here
            continue
        k = math.floor((2 * a / us + b) * u + c)
        if k < 0 or k > count:
            continue
        if us >= 0.07 and v <= v_r:
            return float(k)
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + (_stirling_tail(m) + _stirling_tail(count - m))
            - (_stirling_tail(k) + _stirling_tail(count - k))
        )
        if v == 0 or math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)
