"""What surrounds each program here: its log, one-line errors, one thread, no accelerator.

The programs run in the environment of BayesFlow and know nothing of spikedrift. What a user can do
something about ends in exit code 1 and one line on standard error, the last.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable

# Before Keras and JAX are imported: one thread and the CPU, so that one seed gives the same bits.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

logger = logging.getLogger("bayesflow-program")


class Failure(Exception):
    """What went wrong, in one line that says what to do."""


def run(main: Callable[[], None]) -> None:
    """Run a program; a `Failure` becomes its one line and exit code 1."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logger.setLevel(logging.INFO)
    warnings.simplefilter("ignore")
    try:
        main()
    except Failure as error:
        # In one write: other jobs say lines on the same standard error.
        sys.stderr.write(f"bayesflow: {' '.join(str(error).split())}\n")
        raise SystemExit(1) from None
