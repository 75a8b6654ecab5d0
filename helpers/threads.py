"""How many threads a notebook computes with.

The matrices of this course are small: a second thread saves little on an idle machine, and on one whose cores are busy,
as a hub is in a class, threads that wait for each other make a notebook several times slower.
"""

import os
import sys

from threadpoolctl import threadpool_limits

__all__ = ["limit"]

# Read by libraries when they are loaded: OpenBLAS, MKL, whatever uses OpenMP (scikit-learn, torch).
VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def limit(threads: int = 1) -> None:
    """Let matrix products, scikit-learn and torch use `threads` threads each, from now on, loaded already or not.

    Raises:
        ValueError: for less than one thread.
    """
    if threads < 1:
        raise ValueError(f"{threads} threads compute nothing: ask for 1 or more")
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    threadpool_limits(limits=threads)
    torch = sys.modules.get("torch")  # never imported for this
    if torch is not None:
        torch.set_num_threads(threads)
