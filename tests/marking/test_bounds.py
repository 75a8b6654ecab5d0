"""The grader's own computing on what students return has a limit that nothing swallows."""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys
import time

import pytest

from helpers.grading.marking import bounds

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")


def compute(seconds: float = 20.0) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass
    pytest.fail("nothing has ended this")


@pytest.fixture(autouse=True)
def _sooner(monkeypatch):
    monkeypatch.setattr(bounds, "AGAIN", 0.05)


def swallowing() -> None:
    for _ in range(3):
        with contextlib.suppress(Exception):
            compute()
    compute()


def one_in_another() -> None:
    with contextlib.suppress(bounds.TooLong), bounds.within(0.1):
        compute()
    swallowing()


def test_a_limit_that_somebody_swallows_comes_again():
    """As by a property's own `except Exception`: the next property must not have all the time in the world."""
    with pytest.raises(bounds.TooLong), bounds.bounded(seconds=0.1):
        swallowing()
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_the_outer_limit_goes_on_after_an_inner_one():
    handler = signal.getsignal(signal.SIGPROF)
    with pytest.raises(bounds.TooLong, match=r"0\.3 s"), bounds.within(0.3):
        one_in_another()
    assert signal.getsignal(signal.SIGPROF) is handler
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_all_checks_of_a_submission_have_one_allowance(monkeypatch):
    """Each result just below the limit of a check, thirty times, would hold up a worker for half an hour."""
    monkeypatch.setattr(bounds, "CHECK_SECONDS", 0.3)
    monkeypatch.setattr(bounds, "LEAST_SECONDS", 0.1)
    computing, begun = bounds.Allowance(0.5), time.process_time()
    for _ in range(5):
        with contextlib.suppress(bounds.TooLong), computing.bounded():
            compute()
    assert 0.7 < time.process_time() - begun < 1.5
    with computing.bounded():
        compute_a_little = sum(range(1000))
    assert compute_a_little == 499_500


def test_no_import_is_broken_off(tmp_path, monkeypatch):
    """A table that somebody returns has the grader import pandas: half of it would be there for all after them."""
    (tmp_path / "slow_to_load.py").write_text(
        "import time\nstart = time.process_time()\nwhile time.process_time() - start < 0.4: pass\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(bounds.TooLong), bounds.bounded(seconds=0.1):
        compute(20 if importlib.import_module("slow_to_load") else 0)
    assert sys.modules.pop("slow_to_load").whole
