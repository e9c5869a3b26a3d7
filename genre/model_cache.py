"""Which loaded models stay in memory: as many as a bound holds, the least recently used goes first.

A model counts from when it is loaded, by the bytes it says it takes. Who still works with one that had to go can go on;
its memory is released when nobody holds it any more, and until then it is found again instead of being loaded twice.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary


class Loadable(Protocol):
    """What can be kept."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes; 0 until it is loaded."""


Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model", bound=Loadable)


class ModelCache(Generic[Key, Model]):
    """Models by key, for many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Model] = OrderedDict()  # the most recently used last
        self._alive: WeakValueDictionary[Key, Model] = WeakValueDictionary()
        self._lock = threading.Lock()

    def get(self, key: Key, is_current: Callable[[Model], bool], make: Callable[[], Model], bound: int) -> Model:
        """Return the model of that key if it is still current, else make another; `bound` is in bytes."""
        with self._lock:
            model = self._alive.get(key)
            if model is None or not is_current(model):
                model = make()
            self._keep(key, model, bound)
            return model

    def has_loaded(self, key: Key, model: Model, bound: int) -> None:
        """Make room for a model that takes its memory from now on; one larger than the bound stays alone."""
        with self._lock:
            if self._alive.get(key) is model:  # else another one has taken its place
                self._keep(key, model, bound)

    def _keep(self, key: Key, model: Model, bound: int) -> None:
        self._kept[key] = self._alive[key] = model
        self._kept.move_to_end(key)
        taken = sum(kept.nbytes for kept in self._kept.values())
        for oldest, kept in list(self._kept.items())[:-1]:
            if taken <= bound:
                break
            if kept.nbytes:  # one that is still to be loaded frees nothing
                taken -= kept.nbytes
                del self._kept[oldest]
