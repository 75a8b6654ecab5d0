"""A test's random numbers go on from where a student's code has stopped drawing, and from nowhere else."""

from __future__ import annotations

import random

import numpy as np
import pytest

from helpers.grading.sandbox.drawing import drawn_from

DRAWS = (0, 1, 623, 624, 625, 5_000)


def of_python(draws: int):
    rng = random.Random(3)
    before = rng.getstate()
    for _ in range(draws):
        rng.random()
    after = random.Random()
    return before, rng.getstate(), after.setstate, lambda: (rng.random(), after.random())


def of_numpy(draws: int):
    rng, after = np.random.RandomState(3), np.random.RandomState()
    before = rng.get_state()
    rng.random_sample(draws)
    return before, rng.get_state(), after.set_state, lambda: (rng.random_sample(), after.random_sample())


def of_generator(draws: int):
    rng, after = np.random.default_rng(3), np.random.default_rng()
    before = rng.bit_generator.state
    rng.random(draws)

    def take(state):
        after.bit_generator.state = state

    return before, rng.bit_generator.state, take, lambda: (rng.random(), after.random())


def of_torch(draws: int):
    torch = pytest.importorskip("torch")
    rng, after = torch.Generator().manual_seed(3), torch.Generator()
    before = rng.get_state().numpy().copy()
    torch.rand(draws, generator=rng)
    return before, rng.get_state().numpy().copy(), lambda state: after.set_state(torch.from_numpy(state)), lambda: (
        torch.rand(1, generator=rng).item(), torch.rand(1, generator=after).item())


KINDS = {"python": of_python, "numpy": of_numpy, "generator": of_generator, "torch": of_torch}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("draws", DRAWS)
def test_a_state_that_comes_of_drawing_is_gone_on_from(kind, draws):
    before, now, take, both = KINDS[kind](draws)
    take(drawn_from(kind, before, now))
    one, other = both()
    assert one == other


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_somebodys_choice_is_not(kind):
    before, now, _, _ = KINDS[kind](1)
    assert drawn_from(kind, now, before) is None  # back to where it was
    for chosen in (None, 5, "state", {}, (), now[:1] if kind != "generator" else {"bit_generator": "PCG64"}):
        assert drawn_from(kind, before, chosen) is None
    if kind == "torch":
        zeros = np.zeros_like(now)
        zeros[:24] = now[:24]
    elif kind == "generator":
        zeros = {**now, "state": {"state": 0, "inc": now["state"]["inc"]}}
    else:
        zeros = (now[0], (0,) * 624 + (624,), None) if kind == "python" else (
            now[0], np.zeros(624, np.uint32), 624, 0, 0.0)
    assert drawn_from(kind, before, zeros) is None


def test_what_is_kept_for_the_next_draw_is_left_out():
    rng = np.random.RandomState(3)
    before = rng.get_state()
    rng.standard_normal()
    name, key, place, _, _ = rng.get_state()
    assert drawn_from("numpy", before, (name, key, place, 1, 0.0))[3:] == (0, 0.0)
    state = np.random.default_rng(3).bit_generator.state
    assert drawn_from("generator", state, {**state, "has_uint32": 1, "uinteger": 7})["has_uint32"] == 0
