"""Switches of PyTorch's coming defaults: kept, without effect. Modules convert their parameters in
place here, so that an optimizer goes on with them."""

_kept = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Accepted: a converted parameter stays the same object."""
    _kept["overwrite"] = value


def get_overwrite_module_params_on_conversion() -> bool:
    """What ``set_overwrite_module_params_on_conversion`` set."""
    return _kept["overwrite"]


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Accepted: a converted parameter stays the same object."""
    _kept["swap"] = value


def get_swap_module_params_on_conversion() -> bool:
    """What ``set_swap_module_params_on_conversion`` set."""
    return _kept["swap"]
