"""Which tensor of a foreign checkpoint goes where in a network, without guessing, and why.

In this order, and only where it is certain:
1. By name: the same name, once what wraps them (`module.model.`) is taken off. A numbered family (`features.0`,
   `features.1`, …) counts only if it is there whole and with nothing more in it: a number alone may mean another layer.
2. By shape: tensors whose names begin alike are a layer, in which the ends of the names (weight, bias, running_mean,
   running_var) tell them apart. A layer is found if nothing else has its shapes.
3. By order, where shapes repeat: the numbers in the names, and the order in the file unless that is sorted by name.
   Either has to give the network's own sequence of shapes. If both do and disagree, the file is refused; if neither
   does, it is refused too. So where two layers of one shape have swapped their meaningless names, the place in the file
   decides.
Where no name ends in a kind, tensors are matched one by one, in PyTorch's order within a layer.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from genre import layers, ordering
from genre.layers import OPTIONAL, Tensors
from genre.ordering import Unit

How = Literal["name", "prefix", "shape", "numbers", "order", "made"]
Problem = Literal["missing", "unexpected", "shape", "type", "alike", "contradictory"]
HOWS: tuple[How, ...] = get_args(How)
PROBLEMS: tuple[Problem, ...] = get_args(Problem)
Matched = dict[str, tuple[str, How]]  # name in the network -> name in the file, and how it was found

AVERAGED = "n_averaged"  # a counter that torch.optim.swa_utils.AveragedModel puts beside the network
SHOWN = 3  # candidates named in a row


@dataclass(frozen=True)
class Row:
    """One tensor of the network, of the file, or of both."""

    key: str | None  # in the network
    source: str | None  # in the file
    how: How | None  # it was found; None in a refused file, where it was not looked for to the end
    shape: tuple[int, ...]  # as the network wants it; of what it does not want, as it is
    dtype: torch.dtype
    problem: Problem | None = None
    detail: str = ""  # of the problem


@dataclass(frozen=True)
class Alignment:
    """A row for each tensor of the network, in its order, then one for each of the file that it does not want."""

    rows: tuple[Row, ...]

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows for which the file is refused; none where it fits."""
        return tuple(row for row in self.rows if row.problem)

    @property
    def sources(self) -> dict[str, str]:
        """The file's name of each tensor of the network that is in the file."""
        return {row.key: row.source for row in self.rows if row.key and row.source and row.how}

    def counts(self) -> dict[How, int]:
        """Return how many tensors were found in which way."""
        found = Counter(row.how for row in self.rows)
        return {how: found[how] for how in HOWS if found[how]}


def align(found: Tensors, wanted: Tensors, unused: tuple[str, ...] = ()) -> Alignment:
    """Match the tensors of a file, in its order, with a network's; of values nothing is looked at.

    Counters of training steps may be missing, and what has values in `wanted` already (the rest is on the meta device).
    `unused` are beginnings of names that a file may have beyond the network's.
    """
    prefix = _prefix(found, wanted)
    names = {key: key.removeprefix(prefix) for key in found if not _is_beside(key, key.removeprefix(prefix), unused)}
    matched: Matched = {
        key: (source, "name" if source == key else "prefix") for key, source in _by_name(names, found, wanted).items()
    }
    taken = {source for source, _ in matched.values()}
    rest = {key: found[key] for key in names if key not in taken}
    kinds = {(tensor.shape, layers.type_of(tensor)) for tensor in rest.values()}
    left = {
        key: tensor
        for key, tensor in wanted.items()
        if key not in matched and ((tensor.shape, layers.type_of(tensor)) in kinds or not _is_optional(key, tensor))
    }
    ordered, problems = _by_order(left, rest, prefix, is_sorted=list(found) == sorted(found))
    matched |= ordered
    if any(row.problem in ("missing", "unexpected") for row in problems):
        problems = _by_names(names, found, wanted) or problems
    rows = {row.key: row for row in problems if row.key}
    for key, tensor in wanted.items():
        how: How | None = "made" if _is_optional(key, tensor) else None
        source, how = matched.get(key, (None, how))
        rows.setdefault(key, Row(key, source, how, tuple(tensor.shape), tensor.dtype))
    return Alignment((*(rows[key] for key in wanted), *(row for row in problems if not row.key)))


def convertible(found: torch.dtype, wanted: torch.dtype) -> bool:
    """Whether a tensor may be read as one of the other type."""
    return found == wanted or (found.is_floating_point and wanted.is_floating_point)


def _is_beside(key: str, name: str, unused: tuple[str, ...]) -> bool:
    return name.startswith(unused) or key.rpartition(".")[2] == AVERAGED


def _is_optional(key: str, tensor: Tensor) -> bool:
    return key.endswith(OPTIONAL) or not tensor.is_meta


def _fits(found: Tensor, wanted: Tensor) -> bool:
    return found.shape == wanted.shape and convertible(found.dtype, wanted.dtype)


# by name


def _prefix(found: Tensors, wanted: Tensors) -> str:
    """Return what stands before the network's names in the file: before all of them, or before most of the network."""
    counts: Counter[str] = Counter()
    for key, tensor in found.items():
        for begin in (0, *(dot.end() for dot in re.finditer(r"\.", key))):
            if key[begin:] in wanted and _fits(tensor, wanted[key[begin:]]):
                counts[key[:begin]] += 1
    for prefix, count in counts.most_common():
        if count > len(wanted) / 2 or all(key.startswith(prefix) for key in found):
            return prefix
    return ""


def _by_name(names: Mapping[str, str], found: Tensors, wanted: Tensors) -> dict[str, str]:
    """Return {name in the network: name in the file} of the parts that are there whole; names: {in the file: bare}."""
    often = Counter(names.values())
    sources = {name: key for key, name in names.items() if often[name] == 1}
    parts: defaultdict[str, set[str]] = defaultdict(set)  # that follow each beginning of a name in the file
    for name in sources:
        for dot in re.finditer(r"\.|$", name):
            begin, _, part = name[: dot.start()].rpartition(".")
            parts[begin].add(part)

    def is_there(key: str) -> bool:
        if key not in sources:
            return _is_optional(key, wanted[key])
        return _fits(found[sources[key]], wanted[key])

    def search(begin: str, keys: Iterable[str]) -> dict[str, str]:
        families: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key in keys:
            part = key[len(begin) + bool(begin) :].split(".")[0]
            families[ordering.stem(part)][part].append(key)
        same: dict[str, str] = {}
        for stem, members in families.items():
            inside = [key for member in members.values() for key in member]
            theirs = {part for part in parts[begin] if ordering.stem(part) == stem}
            if theirs == set(members) and all(map(is_there, inside)):
                same |= {key: sources[key] for key in inside if key in sources}
            elif stem in members and f"{begin}.{stem}".lstrip(".") not in inside:
                same |= search(f"{begin}.{stem}".lstrip("."), inside)
        return same

    return search("", wanted)


def _by_names(names: Mapping[str, str], found: Tensors, wanted: Tensors) -> list[Row]:
    """Return what is wrong name by name; nothing where most names are not the network's."""
    sources = {name: key for key, name in names.items()}
    if sum(key in sources for key in wanted) <= len(wanted) / 2:
        return []
    problems = [
        _refused(key, wanted[key], "missing")
        for key, tensor in wanted.items()
        if key not in sources and not _is_optional(key, tensor)
    ]
    for key, tensor in wanted.items():
        other = found[sources[key]] if key in sources else tensor
        if other.shape != tensor.shape:
            detail = f"is {list(other.shape)}, not {list(tensor.shape)}"
            problems.append(_refused(key, tensor, "shape", detail, sources[key]))
        elif not convertible(other.dtype, tensor.dtype):
            detail = f"is {plain(other.dtype)}, not {plain(tensor.dtype)}"
            problems.append(_refused(key, tensor, "type", detail, sources[key]))
    unexpected = [key for name, key in sources.items() if name not in wanted]
    return problems + [_refused(None, found[key], "unexpected", source=key) for key in unexpected]


def plain(dtype: torch.dtype) -> str:
    """Return the name of a type as a message has it."""
    return str(dtype).removeprefix("torch.")


def _refused(key: str | None, tensor: Tensor, problem: Problem, detail: str = "", source: str | None = None) -> Row:
    return Row(key, source, None, tuple(tensor.shape), tensor.dtype, problem, detail)


# by shape and order


def _by_order(left: Tensors, rest: Tensors, prefix: str, *, is_sorted: bool) -> tuple[Matched, list[Row]]:
    """Match what names alone do not, or return the rows that this fails for."""
    split = layers.together if any(layers.parted(name)[1] for name in rest) else layers.singly
    our_layers, their_layers = split(left), split(rest)
    our_layers = {name: kinds for name, kinds in our_layers.items() if set(kinds) != {OPTIONAL}}
    ours, theirs = layers.units(our_layers, left), layers.units(their_layers, rest)
    if unlike := ordering.unlike(ours, theirs):
        missing = [key for unit in ours if unit.signature in unlike for key in unit.keys]
        unexpected = [key for unit in theirs if unit.signature in unlike for key in unit.keys]
        return {}, [
            *(_refused(key, left[key], "missing") for key in missing),
            *(_refused(None, rest[key], "unexpected", source=key) for key in unexpected),
        ]
    alone = ordering.by_shape(ours, theirs)
    place = None if is_sorted else ordering.by_place(ours, theirs)
    numbers = ordering.by_numbers(ours, theirs)
    called = {(unit.name.removeprefix(prefix), unit.signature): unit for unit in theirs}
    names = numbers or {unit: called[key] for unit in ours if (key := (unit.name, unit.signature)) in called}
    if place and (torn := [unit for unit in ours if names.get(unit, place[unit]) is not place[unit]]):
        return {}, [
            _refused(key, left[key], "contradictory", f"{by_name} by name, {by_place} by its place in the file")
            for unit in torn
            for key, by_name, by_place in zip(unit.keys, names[unit].keys, place[unit].keys, strict=True)
        ]
    pairs = alone if len(alone) == len(ours) else place or numbers
    if pairs is None:
        return {}, [row for unit in ours if unit not in alone for row in _alike(unit, theirs, left)]
    matched: Matched = {}
    for our, their in pairs.items():
        how: How = "shape" if our in alone else "order" if place else "numbers"
        matched |= {key: (source, how) for key, source in zip(our.keys, their.keys, strict=True)}
        counters = our_layers[our.name].get(OPTIONAL), their_layers[their.name].get(OPTIONAL)
        if counters[0] and counters[1]:
            matched[counters[0]] = (counters[1], how)
    return matched, []


def _alike(unit: Unit, theirs: Iterable[Unit], left: Tensors) -> list[Row]:
    """Return the rows of a unit that could be any of several."""
    others = [other for other in theirs if other.signature == unit.signature]
    rows = []
    for index, key in enumerate(unit.keys):
        names = ", ".join(other.keys[index] for other in others[:SHOWN])
        more = ", …" if len(others) > SHOWN else ""
        rows.append(_refused(key, left[key], "alike", f"any of {len(others)}: {names}{more}"))
    return rows
