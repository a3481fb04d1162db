"""Tools for tests: the stand-in GPU."""
