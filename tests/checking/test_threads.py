"""A notebook's first cell limits the threads of everything that computes, loaded before it or after it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import threads
from helpers.grading.notebooks.master import read

pytestmark = pytest.mark.slow

MASTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("ps*.py"))
PROGRAM = """
import json, os
import numpy
{before}
from helpers import threads
threads.limit(1)
{after}
from threadpoolctl import threadpool_info
print(json.dumps([pool["num_threads"] for pool in threadpool_info()]))
"""


def pools(before: str, after: str) -> list[int]:
    program = PROGRAM.format(before=before, after=after)
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True,
                          env=environment, cwd=MASTERS[0].parents[1])
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("before", "after"), [("import scipy.linalg", ""), ("", "import scipy.linalg, sklearn.svm")])
def test_libraries_loaded_before_and_after_compute_with_one_thread(before, after):
    found = pools(before, after)
    assert len(found) >= 2
    assert set(found) == {1}


def test_no_thread_at_all_is_refused():
    with pytest.raises(ValueError, match="ask for 1 or more"):
        threads.limit(0)


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_every_master_says_it_once(path):
    code = [cell.source for cell in read(path).cells if cell.kind == "code" and not cell.author_only]
    assert sum(source.count("threads.limit(1)") for source in code) == 1
    assert "threads.limit(1)" in next(source for source in code if "from helpers import" in source)
