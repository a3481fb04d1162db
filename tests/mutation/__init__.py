"""Proof that the tests see a wrong derivative: each formula is broken in turn.

    python -m tests.mutation [PATTERN ...] [--jobs N]

breaks every formula of every primitive and fused op in every way of ``mutants.py``, one at a time,
and runs the checks of the op table on the rows that use it. A mutant that no check notices is a
survivor; the exit status is 1 if one is left that ``equivalent.py`` doesn't explain.
"""
