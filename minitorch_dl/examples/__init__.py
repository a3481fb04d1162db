"""Programs that show the package at work: ``python -m minitorch_dl.examples.gpt --help``.

Each is a single file in the style of a PyTorch script. Its ``main(argv)`` takes the words of the
command line and returns what it measured.
"""
