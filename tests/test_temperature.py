"""A temperature goes into config.json and nowhere else, and never into what is not the user's."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genre import store, temperature
from genre.errors import ModelError
from genre.evaluation import Evaluation
from genre.figures import figures
from genre.labels import CCMUSIC16
from genre.settings import DEFAULT_MODEL, Settings


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree(store.find(DEFAULT_MODEL, Settings()).folder, tmp_path / "models" / "own"))


def overconfident(groups: int = 800) -> Evaluation:
    """Two clips of each group, of two windows that agree, whose logits are twice too large."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1.5, (2 * groups, 16))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (rng.random((2 * groups, 1)) > honest.cumsum(axis=1)).sum(axis=1).clip(0, 15)
    windows = np.repeat(honest**2 / (honest**2).sum(axis=1, keepdims=True), 2, axis=0)
    truths = np.eye(16, dtype=bool)[drawn]
    return Evaluation(CCMUSIC16, windows, np.arange(0, 4 * groups, 2), truths, np.arange(2 * groups) // 2)


def test_a_fit_multiplies_the_temperature_that_the_model_has():
    e = overconfident()
    before = figures(e)
    plain, warm = temperature.fit(e, None, before), temperature.fit(e, 3.0, before)
    assert plain.temperature == pytest.approx(2.0, rel=0.15)
    assert warm.temperature == pytest.approx(3 * plain.temperature)
    assert warm.halves == pytest.approx([3 * half for half in plain.halves])
    assert plain.after.calibration_error < 0.6 * plain.before.calibration_error
    assert plain.after.log_loss < plain.before.log_loss
    assert plain.after.top1.value == before.top1.value  # a temperature changes no answer of windows that agree
    assert plain.to_dict()["after"]["calibration_error"] == plain.after.calibration_error


def test_saving_changes_one_entry_and_leaves_nothing_else(own: Path):
    config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    names = sorted(path.name for path in own.iterdir())
    card = store.find(own, Settings())
    temperature.save(card, 1.25)
    assert json.loads((own / "config.json").read_text(encoding="utf-8")) == {**config, "temperature": 1.25}
    assert store.find(own, Settings()).temperature == 1.25
    assert sorted(path.name for path in own.iterdir()) == names


def test_a_model_that_is_not_the_users_is_left_alone(own: Path):
    embedded = store.find(DEFAULT_MODEL, Settings())
    before = (embedded.folder / "config.json").read_bytes()
    with pytest.raises(ModelError, match=r"embedded.*copy"):
        temperature.save(embedded, 1.25)
    assert (embedded.folder / "config.json").read_bytes() == before
    (own / "config.json").unlink()
    with pytest.raises(ModelError, match=r"has no config\.json"):
        temperature.save(replace(embedded, origin="dropped-in", folder=own), 1.25)


def test_a_folder_that_cannot_be_written_is_told(own: Path):
    card = store.find(own, Settings())
    before = (own / "config.json").read_bytes()
    # A folder where the new file would be prepared: refused to every user, root too.
    (own / f"config.json.{os.getpid()}.part").mkdir()
    with pytest.raises(ModelError, match=r"config\.json cannot be written"):
        temperature.save(card, 1.25)
    assert (own / "config.json").read_bytes() == before
