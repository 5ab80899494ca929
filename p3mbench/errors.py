"""The errors p3mbench raises for its users.

Every message says what is wrong, where, and how to mend it. The command line prints it as one line.
"""


class P3MBenchError(Exception):
    """Base of every error that a user can cause and mend."""


class OptionError(P3MBenchError):
    """Choices do not go together, or one that is needed was not made; a matter of usage."""


class DataError(P3MBenchError):
    """A data set, image, alpha or trimap is missing, damaged or inconsistent."""


class ChangedError(P3MBenchError):
    """Data or code is not what it was when the run was planned; nothing is known of the image."""


class BenchmarkError(P3MBenchError):
    """A benchmark definition is unknown or malformed."""


class MethodError(P3MBenchError):
    """A method or plugin is unknown, broken, or given a wrong option."""


class WeightsError(P3MBenchError):
    """A checkpoint is missing, unreadable, unsafe to read, or of another network."""


class PredictionError(P3MBenchError):
    """A method returned something that is not an alpha matte of its image."""


class RunError(P3MBenchError):
    """A run cannot go on: what it runs on has failed, and no method is to blame."""


class StoreError(P3MBenchError):
    """A results store is missing, damaged, or written by another version."""


class DataWarning(UserWarning):
    """Something odd in the data that was mended or taken in the only sensible way.

    ``flag`` is a name in `p3mbench.flags.WORDS` that the row of the image gets; "" for none.
    """

    def __init__(self, message: str, flag: str = "") -> None:
        super().__init__(message)
        self.flag = flag
