"""What programs expect of PyTorch beside its API: the names under which its files, its builds and
its older types are known, and ``import torch`` itself.
"""
