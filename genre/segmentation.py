"""From what each moment sounds like to a few stretches: the likeliest sequence of states, and the runs in it.

Plain arrays in and out; the states may be genres or anything else.
"""

import heapq
import itertools
import math
from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """Neighbouring steps in the same state."""

    begin: int
    end: int  # step after the last
    state: int


def likeliest(evidence: Floats, step: float, smoothing: float) -> NDArray[np.intp]:
    """Return the likeliest state of every step, [steps].

    evidence: log-likelihood of each state at each step, [steps, states]. A state is expected to last `smoothing`
    seconds, that is to outlive a step of `step` seconds with probability exp(-step / smoothing), and to be followed by
    any other alike; with 0 every step is on its own. The path is found by dynamic programming: Viterbi (1967), "Error
    bounds for convolutional codes"; Rabiner (1989), "A tutorial on hidden Markov models", section III B.
    """
    steps, states = evidence.shape
    if smoothing <= 0 or states == 1 or steps == 1:
        alone: NDArray[np.intp] = evidence.argmax(axis=1)
        return alone
    stay = -step / smoothing
    leave = math.log(-math.expm1(stay) / (states - 1))  # for one certain other state
    price = max(0.0, stay - leave)  # of a change, in nats
    came_from = np.empty((steps, states), np.intp)
    best = evidence[0].copy()
    for index in range(1, steps):
        leader = int(best.argmax())
        moved = best[leader] - price
        came_from[index] = np.where(best >= moved, np.arange(states), leader)
        best = np.maximum(best, moved) + evidence[index]
    path = np.empty(steps, np.intp)
    path[-1] = best.argmax()
    for index in range(steps - 1, 0, -1):
        path[index - 1] = came_from[index, path[index]]
    return path


def runs(path: NDArray[np.intp]) -> list[Run]:
    """Return the runs of a path [steps], at least one, in order."""
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    return [Run(begin, end, int(path[begin])) for begin, end in itertools.pairwise(edges)]


def absorbed(found: list[Run], shortest: Mapping[int, int], takers: Container[int]) -> list[Run]:
    """Give runs of fewer steps than `shortest` says of their state to their longer neighbours, the shortest run first.

    Only neighbours in a state of `takers` are given any; of two as long as each other it is the first. What a run has
    joined is one run. In n log n steps for n runs: a day that nothing smooths has a hundred thousand.
    """
    begins, ends = {run.begin: run for run in found}, {run.end: run for run in found}
    waiting = [(run.end - run.begin, run.begin) for run in found]
    heapq.heapify(waiting)
    while waiting:
        steps, begin = heapq.heappop(waiting)
        run = begins.get(begin)
        if run is None or run.end - begin != steps or steps >= shortest.get(run.state, 0):
            continue  # it has grown since, or is long enough
        beside = [other for other in (ends.get(begin), begins.get(run.end)) if other]
        if not (willing := [other for other in beside if other.state in takers]):
            continue
        state = max(willing, key=lambda other: other.end - other.begin).state
        parts = [run, *(other for other in beside if other.state == state)]
        for part in parts:
            del begins[part.begin], ends[part.end]
        whole = Run(min(part.begin for part in parts), max(part.end for part in parts), state)
        begins[whole.begin] = ends[whole.end] = whole
        for changed in (whole, ends.get(whole.begin), begins.get(whole.end)):  # its neighbours may now find a taker
            if changed:
                heapq.heappush(waiting, (changed.end - changed.begin, changed.begin))
    return [begins[begin] for begin in sorted(begins)]
