"""Whole libraries on many machines: Ray Data hands recordings out and rows back, and gives again what a machine lost.

Every machine of a cluster works as one does alone (`genre.library`): a task per processor prepares, one network answers
in full batches, with all processors or a GPU. So the rows are the same. What a recording does to its decoder is no
matter of Ray's: a task has a process of its own for that. What Ray cannot mend by itself begins anew, with those
recordings that have no row yet: none is lost, and none comes twice. The only room that imports ray.
"""

import json
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genre.errors import SettingsError
from genre.library_features import Prepared, Recipe, prepare
from genre.library_pool import START_SECONDS, Prepare, Solo
from genre.rows import Row
from genre.settings import LIBRARY_BATCH, LIBRARY_FILE_SECONDS, Settings

if TYPE_CHECKING:  # processes that prepare import this room, and need no torch
    from genre.cards import ModelCard

log = logging.getLogger(__name__)

FILES_AT_ONCE = 8  # of a task, with some windows each; what is given again when a machine is lost
WHOLE_FILES_AT_ONCE = 1  # of recordings that are heard whole: up to 320 windows each
FILES_IN_FLIGHT = 100_000  # that Ray is told of at once: its driver keeps some hundred bytes for each
ROUNDS_MAX = 3  # in a row that bring no row
OBJECT_STORE_BYTES = 1 << 30  # of a cluster that is started here; more goes to the disk
AUTH_BYTES = 32
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # a worker that is lost would be told on standard output
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

Batch = dict[str, Any]  # of Ray Data: columns by their names


@dataclass(frozen=True)
class Plan:
    """What every machine is to do."""

    recipe: Recipe  #: what is heard of every recording
    batch_size: int = LIBRARY_BATCH  #: windows that the network gets at once
    file_seconds: float = LIBRARY_FILE_SECONDS  #: longest that one recording may take
    top: int = 5  #: genres of a row
    workers: int | None = None  #: tasks that prepare at once, in all; None: one per processor
    prepare: Prepare = prepare

    @property
    def files(self) -> int:
        """How many recordings a task has."""
        return WHOLE_FILES_AT_ONCE if self.recipe.part == "all" else FILES_AT_ONCE


def check(address: str | None) -> None:
    """Raise SettingsError where Ray is not installed; address None: a cluster is to be started here."""
    if "ray" not in sys.modules:  # it reads these when it is imported
        # Ray listens on every interface, and does what it is told: one that is started here, by who knows its token.
        token = {} if address else {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(AUTH_BYTES)}
        for name, value in (QUIET | token).items():
            os.environ.setdefault(name, value)
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise SettingsError(f"--engine ray needs Ray ({error}): pip install '.[ray]'") from None


def hear(
    card: "ModelCard",
    sources: Sequence[str],
    plan: Plan,
    *,
    address: str | None = None,
    settings: Settings | None = None,
) -> Generator[Row]:
    """Yield a row for every recording, as `library.hear` does, in the order in which they are done.

    `address` is that of a cluster on whose machines genre is installed (host:port, or "auto" for the one that this
    machine belongs to); None starts one here, for as long as this lasts. A path must mean the same on all machines; the
    model's weights travel with the work. SettingsError: there is no Ray, the cluster cannot be reached or gets nowhere;
    ModelError: the network cannot be loaded.
    """
    from genre import store

    if not sources:
        return
    store.load(card)  # here first: what is wrong with it is told at once
    with _cluster(address):
        network = _Sent.of(card, settings or Settings.from_environment())
        rest = iter(sources)
        while missing := dict.fromkeys(islice(rest, FILES_IN_FLIGHT)):  # in their order
            yield from _until_done(missing, plan, network)


def _until_done(missing: dict[str, None], plan: Plan, network: "_Sent") -> Generator[Row]:
    """Yield a row for each, in as many rounds as it takes; SettingsError where rounds bring nothing any more."""
    fruitless = 0
    while missing:
        before, reason = len(missing), "it lost them"
        try:
            for row in _round(list(missing), plan, network):
                if row["source"] in missing:
                    del missing[row["source"]]
                    yield row
        except Exception as error:  # Ray's own, and whatever its workers met
            log.debug("a round of Ray's ended early", exc_info=True)
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        fruitless = 0 if len(missing) < before else fruitless + 1
        if fruitless == ROUNDS_MAX:
            raise SettingsError(
                f"Ray gets nowhere with {len(missing)} recordings ({reason}). The rows so far are kept: look after the "
                "cluster, and run the same command again."
            )


def _round(sources: list[str], plan: Plan, network: "_Sent") -> Iterator[Row]:
    """Send recordings through the cluster once."""
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = context.enable_auto_log_stats = False
    context.execution_no_progress_timeout_s = START_SECONDS + plan.files * plan.file_seconds
    gpus = int(ray.cluster_resources().get("GPU", 0))
    machines = sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())
    data: Any = ray.data.from_items(
        [{"source": os.fsencode(source)} for source in sources],  # a name need not be Unicode
        override_num_blocks=-(-len(sources) // plan.files),
    )
    data = data.map_batches(_prepare, batch_size=None, fn_kwargs={"plan": plan}, num_cpus=1, concurrency=plan.workers)
    data = data.map_batches(
        _Network,
        fn_constructor_kwargs={"sent": network, "plan": plan},
        batch_size=max(plan.files, 2 * plan.batch_size),  # the last of their windows do not fill a batch
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, gpus or machines)),
        # On processors it has no share of its own: it works while others wait, and can start on any machine left.
        num_cpus=0,
        num_gpus=1 if gpus else 0,
    )
    for batch in data.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
        yield from map(json.loads, batch["row"])


def _prepare(batch: Batch, plan: Plan) -> Batch:
    """Prepare recordings, in a task of Ray's."""
    solo = _solo(plan)
    found = np.empty(len(batch["source"]), object)
    for number, source in enumerate(batch["source"]):
        found[number] = solo.prepare(os.fsdecode(source))
    return {"prepared": found}


@cache
def _solo(plan: Plan) -> Solo:
    """Return the process of this worker, which outlives its tasks."""
    return Solo(plan.recipe, file_seconds=plan.file_seconds, prepare=plan.prepare)


@dataclass(frozen=True)
class _Sent:
    """A model on its way to other machines."""

    card: "ModelCard"
    weights: Any  # reference to the bytes of the file in Ray's store
    settings: Settings

    @classmethod
    def of(cls, card: "ModelCard", settings: Settings) -> "_Sent":
        import ray

        return cls(card, ray.put(card.weights.read_bytes()), settings)


class _Network:
    """The network, in an actor of Ray's."""

    def __init__(self, sent: _Sent, plan: Plan) -> None:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `genre batch` does
        import ray
        import torch

        from genre import library
        from genre.classifier import Classifier

        torch.set_num_threads(library.cores())  # Ray says one, and the digits of sums depend on it
        self._plan = plan
        with tempfile.TemporaryDirectory(prefix="genre-") as folder:  # what is loaded outlasts it
            weights = Path(folder) / sent.card.weights.name
            weights.write_bytes(ray.get(sent.weights))
            card = replace(sent.card, weights=weights, digests=weights.with_name("digests.json"))
            log.debug("the weights are %s", card.sha256)  # and the card remembers that
            self._judge = Classifier(card, device=sent.settings.device, precision=sent.settings.precision).load()

    def __call__(self, batch: Batch) -> Batch:
        from genre import library

        plan = self._plan
        prepared: list[Prepared] = list(batch["prepared"])
        rows = library.answered(self._judge, prepared, batch_size=plan.batch_size, top=plan.top)
        return {"row": np.array([json.dumps(row) for row in rows], object)}


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Join a cluster, or start one here and end it at last; one that this process belongs to already is used."""
    check(address)
    import ray

    from genre.library import cores

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"address": address}
    if not address:
        options = {"address": "local", "num_cpus": cores(), "object_store_memory": OBJECT_STORE_BYTES}
        options["include_dashboard"] = False
    try:
        with _hushed():
            ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # of many kinds
        ray.shutdown()
        if address:
            raise SettingsError(
                f"The cluster at {address} cannot be reached ({error}). Check that it runs, and has the same Ray and "
                "Python."
            ) from None
        raise SettingsError(f"Ray cannot be started here ({error}).") from None
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what Ray's C++ says while it starts, whatever its level, from the terminal."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
