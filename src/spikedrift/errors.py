"""The one exception for input that a user can mend."""


class InputError(ValueError):
    """Bad input from a user: one line that names the file, key or trial, and what to do.

    Scripts print it without a traceback and exit with code 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
