"""Random generators and samplers that give PyTorch's numbers.

The samplers consume a generator's words in PyTorch's order, so after the same seed a program starts
from the same weights and shuffles the same way. For another device they draw here, from the
generator they are given, and copy; what training needs, a device draws itself (``counter``). A draw
happens in one piece under the generator's lock; a call that raises draws nothing.

Measured against PyTorch 2.13 (CPU, Linux x86-64 with AVX2):

===================================  ==============================================================
random_, randint, randperm           the same
uniform, normal                      the same bits, float16 and bfloat16 to float64
log_normal, cauchy, geometric        the same bits
exponential                          the same bits, see below
bernoulli                            the same, see below
multinomial                          the same, see below; the order of equal ratios is PyTorch's
                                     choice (all but absent outside the 16-bit floats)
poisson, binomial, gamma             the same bits
dirichlet                            the same gammas; their sum may differ in the last bit
===================================  ==============================================================

On Intel CPUs PyTorch takes exponentials, and bernoulli with a number for p, from MKL, whose numbers
depend on that library; here they are those that it draws on other CPUs, AMD's and ARM's.
"""

from .continuous import cauchy, dirichlet, exponential, gamma, log_normal, normal, uniform
from .counter import CounterGenerator
from .discrete import bernoulli, binomial, geometric, multinomial, poisson
from .generator import Generator, default_generator, initial_seed, manual_seed, seed
from .integers import randint, random_, randperm

__all__ = [
    "CounterGenerator", "Generator", "bernoulli", "binomial", "cauchy", "default_generator",
    "dirichlet", "exponential", "gamma", "geometric", "initial_seed", "log_normal", "manual_seed",
    "multinomial", "normal", "poisson", "randint", "random_", "randperm", "seed", "uniform",
]  # fmt: skip
