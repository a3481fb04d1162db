"""Switches of PyTorch's coming defaults: what converting a module, and loading its state, does with
its parameters. By default they keep their places with other data, so that an optimizer goes on with
them."""

_kept = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether a module is converted to new parameters, by which others that hold the old ones keep
    them."""
    _kept["overwrite"] = value


def get_overwrite_module_params_on_conversion() -> bool:
    """What ``set_overwrite_module_params_on_conversion`` set."""
    return _kept["overwrite"]


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether converting and loading swap parameters with new ones, which may be of another class:
    those that ``Tensor.module_load`` makes of what is loaded."""
    _kept["swap"] = value


def get_swap_module_params_on_conversion() -> bool:
    """What ``set_swap_module_params_on_conversion`` set."""
    return _kept["swap"]
