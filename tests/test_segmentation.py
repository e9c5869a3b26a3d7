"""The likeliest path against trying out all of them, and what becomes of runs that are too short."""

import itertools
import math
from time import perf_counter

import numpy as np
import pytest

from genre.segmentation import Run, absorbed, likeliest, runs


def score(path: tuple[int, ...], evidence: np.ndarray, step: float, smoothing: float) -> float:
    """The log-probability of a path, from the definition: every state lasts, or goes over into any other alike."""
    stay = math.exp(-step / smoothing)
    go = (1 - stay) / (evidence.shape[1] - 1)
    moves = sum(math.log(stay if before == after else go) for before, after in itertools.pairwise(path))
    return moves + float(evidence[range(len(path)), path].sum())


@pytest.mark.parametrize("smoothing", [2.0, 5.0, 30.0])
@pytest.mark.parametrize("states", [2, 3])
def test_no_path_is_likelier(rng: np.random.Generator, states: int, smoothing: float):
    for _ in range(5):
        evidence = np.log(rng.dirichlet(np.ones(states), 7))
        found = score(tuple(likeliest(evidence, 1.0, smoothing)), evidence, 1.0, smoothing)
        best = max(score(path, evidence, 1.0, smoothing) for path in itertools.product(range(states), repeat=7))
        assert found == pytest.approx(best)


def test_without_smoothing_every_step_is_on_its_own(rng: np.random.Generator):
    evidence = np.log(rng.dirichlet(np.ones(4), 50))
    np.testing.assert_array_equal(likeliest(evidence, 1.0, 0.0), evidence.argmax(axis=1))


def test_a_moment_is_smoothed_away_and_a_while_is_not():
    evidence = np.log(np.full((60, 2), [0.8, 0.2]))
    evidence[20:22] = np.log([0.2, 0.8])
    assert runs(likeliest(evidence, 1.0, 30.0)) == [Run(0, 60, 0)]
    evidence[20:40] = np.log([0.2, 0.8])
    assert runs(likeliest(evidence, 1.0, 30.0)) == [Run(0, 20, 0), Run(20, 40, 1), Run(40, 60, 0)]


def test_more_smoothing_makes_no_more_runs(rng: np.random.Generator):
    evidence = np.log(rng.dirichlet(np.ones(5), 200))
    counts = [len(runs(likeliest(evidence, 1.0, smoothing))) for smoothing in (0, 1, 3, 10, 100, 3_600)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_one_state_and_one_step():
    assert runs(likeliest(np.zeros((5, 1)), 1.0, 30.0)) == [Run(0, 5, 0)]
    assert runs(likeliest(np.log([[0.1, 0.9]]), 1.0, 30.0)) == [Run(0, 1, 1)]


def test_short_runs_go_to_the_longer_neighbour():
    path = np.repeat([0, 1, 0, 1], [10, 2, 20, 6])
    assert absorbed(runs(path), {0: 5, 1: 5}, (0, 1)) == [Run(0, 32, 0), Run(32, 38, 1)]
    assert absorbed(runs(path[9:]), {0: 5, 1: 5}, (0, 1)) == [Run(0, 23, 0), Run(23, 29, 1)]


def test_some_states_are_given_nothing():
    found = runs(np.repeat([2, 0, 2, 1, 0, 2, 1], [9, 3, 1, 2, 8, 1, 9]))
    assert absorbed(found, {0: 5, 1: 5}, (0, 1)) == runs(np.repeat([2, 0, 2, 0, 2, 1], [9, 3, 1, 10, 1, 9]))
    assert absorbed(found, {0: 2, 1: 5, 2: 2}, (0, 1)) == [Run(0, 9, 2), Run(9, 23, 0), Run(23, 33, 1)]
    assert absorbed([Run(0, 2, 0)], {0: 5}, (0, 1)) == [Run(0, 2, 0)]


def absorbed_one_by_one(path: np.ndarray, shortest: dict[int, int], takers: tuple[int, ...]) -> list[Run]:
    """What `absorbed` says that it does, on a path of steps, looking at everything again after every change."""
    path = path.copy()
    while True:
        found = runs(path)
        short = []
        for place, run in enumerate(found):
            beside = [other for other in found[max(0, place - 1) : place + 2] if other is not run]
            willing = [other for other in beside if other.state in takers]
            if run.end - run.begin < shortest.get(run.state, 0) and willing:
                longest = max(willing, key=lambda other: other.end - other.begin)
                short.append((run.end - run.begin, run.begin, run.end, longest.state))
        if not short:
            return found
        _, begin, end, state = min(short)
        path[begin:end] = state


def test_the_shortest_run_goes_first(rng: np.random.Generator):
    for _ in range(200):
        states = int(rng.integers(1, 5))
        path = np.repeat(rng.integers(0, states, 30), rng.integers(1, 8, 30))
        shortest = {state: int(rng.integers(0, 9)) for state in range(states) if rng.random() < 0.8}
        takers = tuple(state for state in range(states) if rng.random() < 0.6)
        assert absorbed(runs(path), shortest, takers) == absorbed_one_by_one(path, shortest, takers)


def test_a_day_that_nothing_smooths_is_no_long_work(rng: np.random.Generator):
    """A window every half second; looked at again after every change, it would take hours."""
    path = rng.integers(0, 16, 24 * 3_600 * 2)
    begun = perf_counter()
    found = absorbed(runs(path), dict.fromkeys(range(16), 10), range(16))
    assert perf_counter() - begun < 60
    assert min(run.end - run.begin for run in found) >= 10
    assert (found[0].begin, found[-1].end) == (0, len(path))
