"""The files of a training run: what it is made of, the state to go on from, the best weights, the model made of them.

`recipe.json` (what the run is made of), `last.pt` (the state after the last whole epoch), `history.json`,
`best.safetensors`, and `exported.txt` (SHA-256 of the weights that were written as a model).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from genre import cards, checkpoints, labels
from genre.errors import ModelError, SettingsError
from genre.labels import Taxonomy
from genre.recipe import Progress, Recipe, changed


class RunFolder:
    """One run's files; SettingsError where they cannot be written, are damaged or of another run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe, self.last = path / "recipe.json", path / "last.pt"
        self.best, self._exported = path / "best.safetensors", path / "exported.txt"

    def claim(self, identity: Mapping[str, Any]) -> None:
        """Write what the run is made of, or see that the folder's run is made of the same."""
        if not self.last.exists():
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self.best.unlink(missing_ok=True)
                self.recipe.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")
            except OSError as error:
                raise SettingsError(f"{self.recipe} cannot be written: {error.strerror or error}.") from error
            return
        try:
            differences = changed(json.loads(self.recipe.read_text(encoding="utf-8")), json.loads(json.dumps(identity)))
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise self._damaged(self.recipe, error) from error
        if differences:
            raise SettingsError(
                f"{self.path} holds a run of something else ({'; '.join(differences)}). Go on with what it was "
                "started with, or choose another run folder, or delete this one."
            )

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
        """Whether the weights in a model folder are those that were written there from this run."""
        weights = model_folder / cards.WEIGHTS
        try:
            return self._exported.read_text(encoding="utf-8").strip() == checkpoints.sha256(weights)
        except (OSError, ValueError):
            return False

    def note_export(self, digest: str) -> None:
        """Remember the SHA-256 of the weights that were written as a model."""
        self._exported.write_text(digest + "\n", encoding="utf-8")

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
    licence. `keep_temperature` leaves the one that was fitted for the very same weights. ModelError where the run has
    no finished epoch at its final image size, or the folder cannot be written.
    """
    run = RunFolder(run_folder)
    if not run.best.exists():
        raise ModelError(f"{run_folder} has no {run.best.name} yet: the run has not finished an epoch at full size.")
    try:
        model_folder.mkdir(parents=True, exist_ok=True)
        weights = model_folder / cards.WEIGHTS
        digest = checkpoints.save(checkpoints.quantise(checkpoints.read(run.best)), weights)
        run.note_export(digest)
        built_in = labels.TAXONOMIES.get(taxonomy.id) == taxonomy
        config = {
            "format": cards.FORMAT,
            "name": model_folder.name,
            "backbone": recipe.backbone,
            "head": recipe.head,
            "taxonomy": taxonomy.id if built_in else asdict(taxonomy),
            "spectrogram": recipe.spectrogram.to_dict(),
            "weights": {"file": weights.name, "sha256": digest, **facts},
            "temperature": _temperature(model_folder, digest) if keep_temperature else None,
        }
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        (model_folder / cards.CONFIG).write_text(text, encoding="utf-8")
    except OSError as error:
        path = error.filename or model_folder
        raise ModelError(f"{path} cannot be written: {error.strerror or error}.") from error


def _temperature(model_folder: Path, digest: str) -> Any:
    """Return the temperature that config.json has for these weights; None where it has none, or other weights."""
    if not (model_folder / cards.CONFIG).is_file():
        return None
    stated = cards.read_config(model_folder)
    return stated.get("temperature") if stated.get("weights", {}).get("sha256") == digest else None
