"""The speed suite: the same program on this engine and on its peers, side by side in one run.

python -m benchmarks --help
"""
