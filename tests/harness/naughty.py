"""A method that misbehaves on the images it is told to, and is good on all others."""

import contextlib
import os
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from p3mbench.method import Kind, MethodInfo

HELD = []


class Silent(Exception):
    """Has no words."""

    def __str__(self):
        raise RuntimeError("no words")


@dataclass(frozen=True)
class Naughty:
    """``how`` says what it does on every image whose first pixel is dark enough."""

    how: str = "good"
    mark: str = ""
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

    def exit_255(self):
        os._exit(255)

    def sys_exit(self):
        sys.exit("enough")

    def surrogate(self):
        raise ValueError("caf\udce9 \x1b[31mred\x1b]0;title\x07")

    def no_words(self):
        raise Silent

    def garbage(self):
        """Write into whatever is open, as code that has mixed up its descriptors does."""
        for number in range(3, 40):
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.write(number, b"garbage!")

    def children(self):
        """Children of every kind, as a method may leave behind."""
        sleep = [sys.executable, "-c", f"import time; time.sleep(300)  # {self.mark}"]
        subprocess.Popen(sleep)
        subprocess.Popen(sleep, start_new_session=True)
        if not os.fork():  # a daemon: its parent is gone
            os.setsid()
            subprocess.Popen(sleep)
            os._exit(0)

    def children_and_hang(self):
        self.children()
        time.sleep(600)

    def children_and_die(self):
        self.children()
        os.abort()

    def child_eats(self):
        code = "import time; x = b'x' * (5 << 27); time.sleep(300)"
        subprocess.run([sys.executable, "-c", code])
