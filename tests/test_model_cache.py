"""What stays in memory, with models that are only sizes; that networks are released is tested with real ones."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from genre.model_cache import ModelCache


class Model:
    def __init__(self, name: str) -> None:
        self.name = name
        self.nbytes = 0


class Shelf:
    """A cache whose models take their memory at once, unless told otherwise."""

    def __init__(self, bound: int) -> None:
        self.cache: ModelCache[str, Model] = ModelCache()
        self.bound = bound
        self.made: list[str] = []

    def make(self, name: str) -> Model:
        self.made.append(name)
        return Model(name)

    def get(self, name: str, size: int = 1) -> Model:
        model = self.cache.get(name, lambda _: True, lambda: self.make(name), self.bound)
        if not model.nbytes and size:
            self.load(model, size)
        return model

    def load(self, model: Model, size: int) -> None:
        model.nbytes = size
        self.cache.has_loaded(model.name, model, self.bound)

    def kept(self) -> str:
        gc.collect()
        return "".join(sorted(self.cache._kept))


@pytest.mark.parametrize(
    ("bound", "sizes", "kept"),
    [
        (3, {"a": 1, "b": 1, "c": 1}, "abc"),
        (3, {"a": 1, "b": 1, "c": 1, "d": 1}, "bcd"),
        (3, {"a": 1, "b": 1, "c": 2}, "bc"),
        (3, {"a": 1, "b": 1, "c": 3}, "c"),
        (3, {"a": 1, "b": 9}, "b"),  # larger than the bound, alone
        (3, {"a": 9, "b": 1}, "b"),
    ],
)
def test_the_bound_is_kept(bound: int, sizes: dict[str, int], kept: str) -> None:
    shelf = Shelf(bound)
    for name, size in sizes.items():
        shelf.get(name, size)
    assert shelf.kept() == kept


def test_use_counts_and_not_age() -> None:
    shelf = Shelf(2)
    for name in "abac":
        shelf.get(name)
    assert shelf.kept() == "ac"
    assert shelf.made == list("abc")


def test_a_model_that_waits_to_be_loaded_stays_and_takes_nothing() -> None:
    shelf = Shelf(2)
    waiting = shelf.get("w", size=0)
    for name in "abc":
        shelf.get(name)
    assert shelf.kept() == "bcw"
    shelf.load(waiting, 1)  # now it is the most recently used
    assert shelf.kept() == "cw"


def test_one_that_had_to_go_is_found_again_while_somebody_holds_it() -> None:
    shelf = Shelf(1)
    held = shelf.get("a")
    shelf.get("b")
    assert shelf.kept() == "b"
    assert shelf.get("a") is held
    assert shelf.kept() == "a"
    gone = weakref.ref(held)
    shelf.get("b")
    del held
    assert gone() is None
    assert shelf.made == ["a", "b", "b"]


def test_one_that_is_not_current_is_replaced_and_its_late_loading_changes_nothing() -> None:
    shelf = Shelf(2)
    old = shelf.get("a", size=0)
    new = shelf.cache.get("a", lambda model: model is not old, lambda: shelf.make("a"), 2)
    assert new is not old
    shelf.load(new, 1)
    shelf.get("b")
    shelf.load(old, 5)
    assert shelf.kept() == "ab"
    assert shelf.get("a") is new


def test_many_threads_share_one_model_of_a_name() -> None:
    shelf = Shelf(2)
    together = threading.Barrier(8)

    def ask(number: int) -> list[Model]:
        together.wait()
        return [shelf.get("abc"[(number + turn) % 3]) for turn in range(300)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))  # all are held, so that none is made twice
    assert {model.name for answer in answers for model in answer} == {"a", "b", "c"}
    assert len({id(model) for answer in answers for model in answer}) == len(shelf.made) == 3
    assert len(shelf.kept()) == 2
