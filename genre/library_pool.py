"""Processes that prepare recordings side by side, whatever a recording does to the one that has it.

concurrent.futures gives up as a whole when a process dies, cannot stop one that hangs, and takes in all the work at
once. Here a process has one recording at a time: if it dies over it or takes too long, that recording has failed and
another process takes the place. In a Pool a thread hands the recordings out, and no faster than their answers are asked
for; a Solo is one such process for a caller that waits.
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import connection, resource_tracker
from time import monotonic

from genre import audio, remote, spectrogram
from genre.errors import SettingsError
from genre.library_features import Prepared, Recipe, prepare, stamp
from genre.settings import LIBRARY_FILE_SECONDS

START_SECONDS = 300.0  # longest that a process may take to begin: librosa may have to compile first
STARTS_MAX = 3  # processes in a row that die before they begin
NO_START = (
    f"The processes that read recordings cannot be started: {STARTS_MAX} ended before they began, for want of memory, "
    'or because a script does its work outside of `if __name__ == "__main__":`.'
)
WINDOWS_WAITING = 64  # prepared and not yet asked for: a few batches, and at most 10 MB of usual images

Prepare = Callable[[str, Recipe], Prepared]
_CONTEXT = multiprocessing.get_context("spawn")  # to fork a process in which torch has started its threads can hang


class Pool:
    """Iterates over the prepared recordings, as they come. To be entered; a script needs its `__main__` guard."""

    def __init__(
        self,
        sources: Sequence[str],
        recipe: Recipe,
        *,
        workers: int,
        file_seconds: float = LIBRARY_FILE_SECONDS,
        windows_waiting: int = WINDOWS_WAITING,
        prepare: Prepare = prepare,
    ) -> None:
        self._sources, self._recipe, self._prepare = sources, recipe, prepare
        self._file_seconds, self._windows_waiting = file_seconds, windows_waiting
        self._most = min(workers, len(sources))
        self._next = 0  # index of the first source that no process has had
        self._workers: list[_Worker] = []
        self._failed_starts = 0
        self._out: queue.SimpleQueue[Prepared | BaseException | None] = queue.SimpleQueue()
        self._lock, self._waiting = threading.Lock(), 0  # windows in _out
        self._woken, self._waker = _CONTEXT.Pipe(duplex=False)
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="library", daemon=True)

    def __enter__(self) -> "Pool":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._waker.send_bytes(b"stop")
        self._thread.join()
        self._waker.close()
        self._woken.close()

    def __iter__(self) -> Iterator[Prepared]:
        """Yield every recording once; SettingsError where no process can be started."""
        while (item := self._out.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            with self._lock:
                self._waiting -= _weight(item)
            if self._thread.is_alive():  # else nobody would empty the pipe
                self._waker.send_bytes(b"more")
            yield item

    @property
    def waiting(self) -> int:
        """Windows that could be asked for now."""
        with self._lock:
            return self._waiting

    # --- in the thread

    def _serve(self) -> None:
        try:
            # Ctrl-C is the caller's to answer: processes inherit the mask. Starting the tracker would undo it.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self._run()
            self._out.put(None)
        except BaseException as error:
            self._out.put(error)
        finally:
            for worker in self._workers:
                worker.end()

    def _run(self) -> None:
        for _ in range(self._most):
            self._start()
        while not self._stopping:
            for worker in list(self._workers):
                if worker.idle and self._next < len(self._sources) and self.waiting < self._windows_waiting:
                    self._give(worker)
            if self._next == len(self._sources) and all(worker.source is None for worker in self._workers):
                return
            self._wait()

    def _start(self) -> None:
        self._workers.append(_Worker(self._recipe, self._prepare))

    def _give(self, worker: "_Worker") -> None:
        try:
            worker.give(self._sources[self._next], self._file_seconds)
            self._next += 1
        except OSError:  # it has died while it had nothing to do
            self._replace(worker)

    def _wait(self) -> None:
        """Wait until a process has done its work, has died or is late, or there is room for more."""
        by_connection: dict[object, _Worker] = {worker.connection: worker for worker in self._workers}
        soonest = min((worker.deadline for worker in self._workers), default=float("inf"))
        timeout = None if soonest == float("inf") else max(0.0, soonest - monotonic())
        for ready in connection.wait([*(worker.connection for worker in self._workers), self._woken], timeout):
            if ready is self._woken:
                self._woken.recv_bytes()
            else:
                self._hear(by_connection[ready])
        for worker in [worker for worker in self._workers if worker.deadline <= monotonic()]:
            self._lose(worker, _late(self._file_seconds))

    def _hear(self, worker: "_Worker") -> None:
        try:
            done = worker.answer()
        except (EOFError, OSError):
            self._lose(worker, "")
            return
        self._failed_starts = 0
        if done is not None:
            self._deliver(done)

    def _lose(self, worker: "_Worker", reason: str) -> None:
        """Tell that a recording has failed with its process; one that had none may have failed to start."""
        if worker.source is not None:
            self._deliver(worker.lost(worker.source, reason))
        self._replace(worker)

    def _replace(self, worker: "_Worker") -> None:
        worker.end()
        self._workers.remove(worker)
        if worker.source is None:
            self._failed_starts += 1
            if self._failed_starts >= STARTS_MAX:
                raise SettingsError(NO_START)
        if len(self._sources) - self._next > len(self._workers):
            self._start()

    def _deliver(self, prepared: Prepared) -> None:
        with self._lock:
            self._waiting += _weight(prepared)
        self._out.put(prepared)


class Solo:
    """One process that prepares a recording at a time; it ends with the one that made it."""

    def __init__(
        self, recipe: Recipe, *, file_seconds: float = LIBRARY_FILE_SECONDS, prepare: Prepare = prepare
    ) -> None:
        self._recipe, self._file_seconds, self._prepare = recipe, file_seconds, prepare
        self._worker: _Worker | None = None

    def prepare(self, source: str) -> Prepared:
        """Return a recording as `prepare` does, or that it was lost; SettingsError where no process can be started."""
        for _ in range(STARTS_MAX):
            worker = self._worker = self._worker or _Worker(self._recipe, self._prepare)
            try:
                if not worker.idle:
                    worker.answer()  # that it has begun
                worker.give(source, self._file_seconds)
                if (done := worker.answer()) is not None:
                    return done
            except (EOFError, OSError) as error:
                self._worker = None
                if worker.source is not None:
                    return worker.lost(source, _late(self._file_seconds) if isinstance(error, TimeoutError) else "")
                worker.end()
        raise SettingsError(NO_START)


class _Worker:
    """One process, seen from outside."""

    def __init__(self, recipe: Recipe, prepare: Prepare) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(theirs, recipe, prepare), daemon=True)
        self._process.start()
        theirs.close()
        self.source: str | None = None
        self.idle = False  # it is still starting
        self.deadline = monotonic() + START_SECONDS

    def give(self, source: str, seconds: float) -> None:
        """Hand it a recording; OSError where it is not there any more."""
        self.connection.send(source)
        self.source, self.idle, self.deadline = source, False, monotonic() + seconds

    def rest(self) -> None:
        """Note that it has nothing to do."""
        self.source, self.idle, self.deadline = None, True, float("inf")

    def answer(self) -> Prepared | None:
        """Wait for what it says, None for that it has begun; TimeoutError where it is late, OSError where it died."""
        if not self.connection.poll(max(0.0, self.deadline - monotonic())):
            raise TimeoutError
        said: Prepared | None = self.connection.recv()
        self.rest()
        return said

    def lost(self, source: str, reason: str) -> Prepared:
        """End it, and return that its recording has failed; without a reason, because the process died over it."""
        ended = self.end()
        reason = reason or (
            f"it took its process down ({ended}): the file is damaged in a way that its decoder does not survive, "
            "or there was not enough memory. Leave it out, or convert it."
        )
        known = (None, None) if remote.is_remote(source) else stamp(source)  # a place that hangs would hang this too
        return Prepared(source, *known, None, None, f"{audio.shown_name(source, None)}: {reason}")

    def end(self) -> str:
        """End it now, for it keeps nothing, and return how it ended."""
        self.connection.close()
        if self._process.exitcode is None:
            self._process.join(0.1)  # one that has died on its own says how
        self._process.kill()
        self._process.join()
        code = self._process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _work(theirs: "connection.Connection[object, object]", recipe: Recipe, prepare: Prepare) -> None:
    """Do what a process does: prepare what it is given, until nobody gives any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    spectrogram.warm_up(recipe.spec)
    with suppress(EOFError, OSError):
        theirs.send(None)
        while True:
            theirs.send(prepare(str(theirs.recv()), recipe))


def _end_with_parent() -> None:
    """End this process when its parent is killed, whatever it is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _late(seconds: float) -> str:
    return f"it took longer than {seconds:g} s. Allow more, or leave it out."


def _weight(prepared: Prepared) -> int:
    return len(prepared.features.images) if prepared.features else 1
