"""The imports that the server of child processes makes once, so that no child has to.

PyTorch is the slowest import; a run without learned methods leaves it out (``P3MBENCH_NO_TORCH``).
"""

import contextlib
import os

import cv2  # noqa: F401
import numpy  # noqa: F401
import scipy.ndimage  # noqa: F401

if not os.environ.get("P3MBENCH_NO_TORCH"):
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401
