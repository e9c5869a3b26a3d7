"""Which of several layers of one shape is which: told by their place in a file, and by the numbers in their names.

Both sides come as units (a layer, or a bare tensor), ours in the order of the network. Each kind of evidence yields a
whole assignment or none, and none where it contradicts itself: an order that does not give the network's own sequence
of shapes is not the network's order. Whether the two agree is for the caller to see.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Pairs = dict["Unit", "Unit"]  # ours -> theirs
Number = tuple[int, ...]
Family = tuple[tuple[str, ...], str]  # what its members' names begin with, and the numbered part without its digits

PARTS = re.compile(r"[._/]")
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class Unit:
    """Tensors that belong together: those of one layer, or a single one."""

    name: str
    signature: Hashable  # equal for units that could stand for each other
    keys: tuple[str, ...]
    is_bare: bool  # a tensor of its own: where a network keeps it says little about the layers around it

    @cached_property
    def path(self) -> list[str]:
        """The parts of the name."""
        return PARTS.split(self.name)


def stem(part: str) -> str:
    """Return a part of a name without its numbers: what the members of a numbered family have in common."""
    return DIGITS.sub("#", part)


def unlike(ours: Iterable[Unit], theirs: Iterable[Unit]) -> set[Hashable]:
    """Return the signatures that one side has more often than the other."""
    left, right = (Counter(unit.signature for unit in units) for units in (ours, theirs))
    return {signature for signature in left | right if left[signature] != right[signature]}


def by_shape(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs:
    """Pair the units of which there is only one of the signature."""
    count = Counter(unit.signature for unit in ours)
    mine, yours = ({unit.signature: unit for unit in units} for units in (ours, theirs))
    return {mine[signature]: yours[signature] for signature, number in count.items() if number == 1}


def by_place(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    """Pair units in the order of both sides; None where that is not the same sequence of signatures.

    Bare tensors that their shape alone tells apart may stand anywhere.
    """
    alone = {unit for pair in by_shape(ours, theirs).items() for unit in pair if unit.is_bare}
    left, right = ([unit.signature for unit in units if unit not in alone] for units in (ours, theirs))
    return _zipped(ours, theirs) if left == right else None


def by_numbers(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    """Pair units by the numbers in their names; None where these do not tell, or do not follow the network.

    A numbered family (blocks.0, blocks.1, …) is laid along ours member by member, then each member by itself.
    """
    pairs = _solved(ours, theirs)
    if pairs is None:
        return None
    places = {pairs[unit]: place for place, unit in enumerate(ours) if not unit.is_bare}
    return pairs if _follows(places) else None


def _solved(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    if unlike(ours, theirs):
        return None
    pairs = by_shape(ours, theirs)
    ours = [unit for unit in ours if unit not in pairs]
    found = set(pairs.values())
    theirs = [unit for unit in theirs if unit not in found]
    if not theirs:
        return pairs
    for solve in (_cut, _by_family, _by_signature):
        rest = solve(ours, theirs)
        if rest is not None:
            return pairs | rest
    return None


def _cut(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    """Cut ours into the lengths of the members of one numbered family that is all there is."""
    families = _families(theirs)
    if len(families) != 1 or None in families:
        return None
    pairs: Pairs = {}
    begin = 0
    for _, member in sorted(next(iter(families.values())).items()):
        solved = _solved(ours[begin : begin + len(member)], member)
        if solved is None:
            return None
        pairs |= solved
        begin += len(member)
    return pairs


def _by_family(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    """Pair the numbered families whose members hold the same, and then what is left."""
    left, right = (_comparable(_families(units)) for units in (ours, theirs))
    same = [
        content
        for content, families in left.items()
        if len(families) == len(right.get(content, [])) == 1 and len(families[0]) < len(ours)
    ]
    if not same:
        return None
    pairs: Pairs = {}
    for content in same:
        solved = _solved(left[content][0], right[content][0])
        if solved is None:
            return None
        pairs |= solved
    found = set(pairs.values())
    rest = _solved([unit for unit in ours if unit not in pairs], [unit for unit in theirs if unit not in found])
    return None if rest is None else pairs | rest


def _by_signature(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Pairs | None:
    """Pair what has the same signature in the order of its numbers; None where any two cannot be compared."""
    ordered = sorted(theirs, key=lambda unit: [(stem(part), _number(part)) for part in unit.path])
    groups = defaultdict(list)
    for unit in ordered:
        groups[unit.signature].append(unit)
    if not all(_numbered_alike(*pair) for group in groups.values() for pair in pairwise(group)):
        return None
    return _zipped(ours, ordered)


def _zipped(ours: Iterable[Unit], theirs: Iterable[Unit]) -> Pairs:
    """Pair the first of each signature with the first, the second with the second …"""
    waiting = defaultdict(list)
    for unit in theirs:
        waiting[unit.signature].append(unit)
    return {unit: waiting[unit.signature].pop(0) for unit in ours}


def _numbered_alike(first: Unit, second: Unit) -> bool:
    """Whether the first part in which two names differ differs in its numbers alone."""
    a, b = next(((a, b) for a, b in zip(first.path, second.path, strict=False) if a != b), ("", "a"))
    return stem(a) == stem(b)


def _families(units: Iterable[Unit]) -> Mapping[Family | None, dict[Number, list[Unit]]]:
    """Return {family: {number: its units}} by the outermost part in which units differ by number; None: the others."""
    numbers: defaultdict[Family, set[Number]] = defaultdict(set)
    for unit in units:
        for family, number in _memberships(unit):
            numbers[family].add(number)
    families: defaultdict[Family | None, dict[Number, list[Unit]]] = defaultdict(dict)
    for unit in units:
        several = [(family, number) for family, number in _memberships(unit) if len(numbers[family]) > 1]
        outermost: tuple[Family | None, Number] = several[0] if several else (None, ())
        families[outermost[0]].setdefault(outermost[1], []).append(unit)
    return families


def _comparable(families: Mapping[Family | None, dict[Number, list[Unit]]]) -> dict[Hashable, list[list[Unit]]]:
    """Return the units of each family by what its members hold."""
    found: defaultdict[Hashable, list[list[Unit]]] = defaultdict(list)
    for family, members in families.items():
        if family is not None:
            inside = [members[number] for number in sorted(members)]
            content = tuple(frozenset(Counter(unit.signature for unit in member).items()) for member in inside)
            found[content].append([unit for member in inside for unit in member])
    return found


def _follows(places: Mapping[Unit, int]) -> bool:
    """Whether in every numbered family all of a member stands before the next one; places are those of the network."""
    families: defaultdict[Family, defaultdict[Number, list[int]]] = defaultdict(lambda: defaultdict(list))
    for unit, place in places.items():
        for family, number in _memberships(unit):
            families[family][number].append(place)
    return all(
        max(members[first]) < min(members[second])
        for members in families.values()
        for first, second in pairwise(sorted(members))
    )


def _memberships(unit: Unit) -> list[tuple[Family, Number]]:
    path = unit.path
    return [
        ((tuple(path[:index]), stem(part)), _number(part)) for index, part in enumerate(path) if DIGITS.search(part)
    ]


def _number(part: str) -> Number:
    return tuple(map(int, DIGITS.findall(part)))
