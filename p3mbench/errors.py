"""The errors that p3mbench raises for its users.

Every message says what is wrong, where, and how to fix it. The command line prints one line.
"""


class P3MBenchError(Exception):
    """Base of every error that a user can cause and fix."""


class OptionError(P3MBenchError):
    """Options contradict each other, or one is missing; an error of usage."""


class DataError(P3MBenchError):
    """A data set, image, alpha or trimap is missing, damaged or inconsistent."""


class ChangedError(P3MBenchError):
    """Data or code has changed since the run was planned; the image has no result."""


class BenchmarkError(P3MBenchError):
    """A benchmark definition is unknown or malformed."""


class MethodError(P3MBenchError):
    """A method or plugin is unknown, broken, or given a wrong option."""


class WeightsError(P3MBenchError):
    """A checkpoint is missing, unreadable, unsafe to read, or belongs to another network."""


class PredictionError(P3MBenchError):
    """A method returned something that is not an alpha matte of its image."""


class RunError(P3MBenchError):
    """A run cannot continue because its machine or cluster failed; no method is the cause."""


class StoreError(P3MBenchError):
    """A results store is missing, damaged, or written by another version."""


class DataWarning(UserWarning):
    """Something odd in the data that was repaired or read in the only sensible way.

    The row of the image gets ``flag``, a name in `p3mbench.flags.WORDS`; "" for none.
    """

    def __init__(self, message: str, flag: str = "") -> None:
        super().__init__(message)
        self.flag = flag
