"""What was heard is found again, unless the model, the settings or the file are other ones now."""

import os
from pathlib import Path

import numpy as np
import pytest

from genre.errors import SettingsError
from genre.journal import Journal

FACTS = {"sha256": "a", "clip_seconds": 30.0}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "名\udcff.wav"  # bytes that are not UTF-8
    path.write_bytes(b"sound")
    return path


def test_probabilities_come_back_as_they_were(tmp_path: Path, sound: Path, rng: np.random.Generator):
    windows = rng.dirichlet(np.ones(16), 3)
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is None
        journal.add(sound, windows)
        on_disk = (tmp_path / "j").read_text().splitlines()  # before it is closed
    assert len(on_disk) == 2
    with Journal(tmp_path / "j", FACTS) as journal:
        assert (journal.get(sound) == windows).all()
        assert journal.get(tmp_path / "other.wav") is None


def test_other_facts_or_a_changed_file_are_forgotten(tmp_path: Path, sound: Path):
    with Journal(tmp_path / "j", FACTS) as journal:
        journal.add(sound, np.ones((1, 2)))
    sound.write_bytes(b"other sound")
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is None
    sound.write_bytes(b"sound")
    os.utime(sound, ns=(1, 1))
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is None
        journal.add(sound, np.ones((1, 2)))
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is not None  # the newer line counts
    with Journal(tmp_path / "j", {**FACTS, "sha256": "b"}) as journal:
        assert journal.get(sound) is None
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is None


def test_a_line_that_a_kill_cut_off_costs_only_itself(tmp_path: Path, sound: Path):
    other = tmp_path / "other.wav"
    other.write_bytes(b"sound")
    with Journal(tmp_path / "j", FACTS) as journal:
        journal.add(sound, np.ones((1, 2)))
        journal.add(other, np.ones((1, 2)))
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[:-20])
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is not None
        assert journal.get(other) is None
        journal.add(other, np.ones((1, 2)))
    assert (tmp_path / "j").read_bytes() == whole


def test_a_file_that_is_something_else_is_begun_anew_or_refused(tmp_path: Path, sound: Path):
    (tmp_path / "j").write_text("{}\n[]\nnull\n")
    with Journal(tmp_path / "j", FACTS) as journal:
        assert journal.get(sound) is None
    (tmp_path / "j").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="remove it"):
        Journal(tmp_path / "j", FACTS)
    with pytest.raises(SettingsError, match="cannot be"):
        Journal(tmp_path / "absent" / "j", FACTS)
