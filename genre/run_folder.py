"""The files of a training run: what it is made of, the state to go on from, the best weights, the model made of them.

`recipe.json` (what the run is made of), `clips.csv` (what it learns from and what it holds out), `last.pt` (the state
after the last whole epoch), `history.json`, `best.safetensors`, and `exported.txt` (SHA-256 of all weights that were
written as a model). `run.lock` keeps other processes out.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from genre import cards, checkpoints, labels
from genre.errors import ModelError, SettingsError
from genre.labels import Taxonomy
from genre.recipe import Progress, Recipe, changed

COLUMNS = ("path", "label", "group", "split")  # of clips.csv, which datasets.read reads
LOCK = "run.lock"
UNFINISHED = f"{cards.WEIGHTS}.*.part"  # what checkpoints.save leaves where it is killed
BEFORE_A_RUN = {LOCK, "images", "dataset"}  # what there may be in its folder before it is claimed


class RunFolder:
    """One run's files; SettingsError where they cannot be written, are damaged or of another run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe, self.last, self.clips = path / "recipe.json", path / "last.pt", path / "clips.csv"
        self.best, self._exported = path / "best.safetensors", path / "exported.txt"

    def is_free(self) -> bool:
        """Whether the folder holds a run, or nothing that is not of one; OSError where it cannot be looked into."""
        if not self.path.exists():
            return True
        names = {path.name for path in self.path.iterdir() if not path.name.startswith(f"{self.recipe.name}.")}
        return names <= BEFORE_A_RUN or self._identity() is not None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out; to be entered again by the one that is in. The folder is made if need be."""
        try:
            if not self.is_free():
                raise SettingsError(
                    f"{self.path} has something in it already that no run has left there, or its {self.recipe.name} is "
                    "damaged; choose another run folder."
                )
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK, is_singleton=True)
            lock.acquire(blocking=False)
        except Timeout as error:
            raise SettingsError(
                f"Another process is training in {self.path}; wait until it has ended, or choose another run folder."
            ) from error
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be a run folder: {error.strerror or error}.") from error
        try:
            yield
        finally:
            lock.release()

    def claim(self, identity: Mapping[str, Any], clips: Sequence[Sequence[str]]) -> None:
        """Write what the run is made of, or see that the folder's run is made of the same; `clips` are rows of COLUMNS.

        SettingsError: the folder's run is of something else, or the folder has something in it that is no run.
        """
        with self.held():
            begun = self.last.exists()
            if begun and (differences := changed(self._identity() or {}, json.loads(json.dumps(identity)))):
                raise SettingsError(
                    f"{self.path} holds a run of something else ({'; '.join(differences)}). Go on with what it was "
                    "started with, or choose another run folder, or delete this one."
                )
            table = io.StringIO()
            csv.writer(table, lineterminator="\n").writerows([COLUMNS, *clips])
            try:
                if not begun:
                    self.best.unlink(missing_ok=True)
                    cards.write_text(self.recipe, json.dumps(identity, indent=2) + "\n")
                cards.write_text(self.clips, table.getvalue())
            except OSError as error:
                path = error.filename or self.path
                raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error

    def save(self, parts: Mapping[str, Any], history: list[Progress]) -> None:
        """Keep the states of the parts (networks, optimiser, schedule) and the history, in one step."""
        entries = [asdict(entry) for entry in history]
        state = {name: part.state_dict() for name, part in parts.items()}
        temporary = self.path / "last.part"
        try:
            torch.save({**state, "history": entries}, temporary)
            temporary.replace(self.last)
            (self.path / "history.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        except (OSError, RuntimeError) as error:  # torch's own writer raises the latter on a full disk
            raise SettingsError(
                f"{temporary} cannot be written: {error}. Make room, and start again: it goes on after the last epoch "
                "that was kept."
            ) from error

    def resume(self, parts: Mapping[str, Any], device: torch.device) -> list[Progress]:
        """Give the parts the states that were kept, and return the history; nothing changes where there are none."""
        if not self.last.exists():
            return []
        try:
            state = torch.load(self.last, weights_only=True, map_location=device)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            return [Progress(**entry) for entry in state["history"]]
        except Exception as error:  # damaged bytes make torch raise almost anything
            raise self._damaged(self.last, error) from error

    def made(self, model_folder: Path) -> bool:
        """Whether what is in a model folder was written there from this run, or is what a kill left of writing it."""
        weights = model_folder / cards.WEIGHTS
        try:
            if not weights.exists():
                return set(model_folder.iterdir()) <= set(model_folder.glob(UNFINISHED))
            return checkpoints.sha256(weights) in self._exports()
        except (OSError, ValueError):
            return False

    def note_export(self, digest: str) -> None:
        """Remember the SHA-256 of weights that are about to be written as a model, beside those of earlier ones."""
        cards.write_text(self._exported, "\n".join({*self._exports(), digest}) + "\n")

    def _exports(self) -> set[str]:
        return set(self._exported.read_text(encoding="utf-8").split()) if self._exported.exists() else set()

    def _identity(self) -> dict[str, Any] | None:
        """Return what the folder's run is made of; None where nothing says so."""
        try:
            stated = json.loads(self.recipe.read_text(encoding="utf-8"))
            return stated if stated["recipe"]["backbone"] else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _damaged(self, file: Path, error: Exception) -> SettingsError:
        lines = str(error).splitlines() or [type(error).__name__]
        return SettingsError(f"{file} is damaged ({lines[0]}); delete {self.path} and start again.")


def export(
    run_folder: Path,
    model_folder: Path,
    recipe: Recipe,
    taxonomy: Taxonomy,
    facts: Mapping[str, Any],
    *,
    keep_temperature: bool = False,
) -> None:
    """Store the best epoch of a run, 8 bits per weight, as a model folder.

    `facts` are the entries of config.json's "weights" that only the caller knows: trained_on, accuracy, measured_on,
    licence. `keep_temperature` leaves the one that was fitted for the very same weights, and their threshold for unsure
    answers. ModelError where the run has no finished epoch at its final image size, or the folder cannot be written.
    """
    run = RunFolder(run_folder)
    if not run.best.exists():
        raise ModelError(f"{run_folder} has no {run.best.name} yet: the run has not finished an epoch at full size.")
    try:
        model_folder.mkdir(parents=True, exist_ok=True)
        weights, state = model_folder / cards.WEIGHTS, checkpoints.quantise(checkpoints.read(run.best))
        # Noted before it is there: a model folder that a kill left half written is still known for this run's.
        staged = run_folder / "export.safetensors"
        run.note_export(checkpoints.save(state, staged))
        digest = checkpoints.save(state, weights)
        for path in (staged, *model_folder.glob(UNFINISHED)):
            path.unlink()
        kept = _stated(model_folder, digest) if keep_temperature else {}
        built_in = labels.TAXONOMIES.get(taxonomy.id) == taxonomy
        config = {
            "format": cards.FORMAT,
            "name": model_folder.name,
            "backbone": recipe.backbone,
            "head": recipe.head,
            "taxonomy": taxonomy.id if built_in else asdict(taxonomy),
            "spectrogram": recipe.spectrogram.to_dict(),
            "weights": {"file": weights.name, "sha256": digest, **facts},
            "temperature": kept.get("temperature"),
            "unsure_below": kept.get("unsure_below"),
        }
        cards.write_config(model_folder, config)
    except OSError as error:
        path = error.filename or model_folder
        raise ModelError(f"{path} cannot be written: {error.strerror or error}.") from error


def _stated(model_folder: Path, digest: str) -> Mapping[str, Any]:
    """Return what config.json has for these weights; nothing where it is not there, or of other weights."""
    if not (model_folder / cards.CONFIG).is_file():
        return {}
    stated = cards.read_config(model_folder)
    return stated if stated.get("weights", {}).get("sha256") == digest else {}
