"""Compilers: which one takes C++, and what one says of its version."""

import os
import subprocess


def host() -> str:
    """Name of the C++ compiler: that of the environment variable CXX, or g++."""
    return os.environ.get("CXX", "g++")


def version(compiler: str) -> str | None:
    """All that a compiler says of its version; None where it is not there, or says nothing."""
    try:
        done = subprocess.run(
            [compiler, "--version"],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip() or None
