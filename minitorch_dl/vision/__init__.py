"""Data sets of images, and what detectors do with boxes."""

from .deformable import deform_conv2d
from .digits import Digits, load_digits_arrays
from .regions import nms, ps_roi_align, ps_roi_pool, roi_align, roi_pool

__all__ = [
    "Digits", "deform_conv2d", "load_digits_arrays", "nms", "ps_roi_align", "ps_roi_pool",
    "roi_align", "roi_pool",
]  # fmt: skip
