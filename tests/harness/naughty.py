"""A method that misbehaves on the images it is told to, and is good on all others."""

import os
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from p3mbench.method import Kind, MethodInfo

HELD = []


@dataclass(frozen=True)
class Naughty:
    """``how`` says what it does on every image whose first pixel is dark enough."""

    how: str = "good"
    pause: float = 0.0
    info: ClassVar[MethodInfo] = MethodInfo(
        name="naughty", title="Naughty", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody"
    )

    def load(self, device, weights):
        if self.how == "load-dies":
            os.abort()
        return self

    def predict(self, image, trimap=None):
        time.sleep(self.pause)
        if image[..., 0].mean() % 2 < 1 or self.how == "leak":
            getattr(self, self.how.replace("-", "_"), lambda: None)()
        return np.full(image.shape[:2], 0.5, np.float32)

    def hang(self):
        sys.stderr.write("about to hang\n")
        time.sleep(600)

    def segfault(self):
        import ctypes

        ctypes.string_at(0)

    def eat(self):
        HELD.append(np.ones((4 << 30) // 8))

    def leak(self):
        HELD.append(np.ones((64 << 20) // 8))

    def memory_error(self):
        raise MemoryError

    def exit(self):
        os._exit(0)
