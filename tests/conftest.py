"""What every test can ask for: sounds, files, settings of its own.

The fixtures `tone`, `noise`, `write` and `video` are plain functions: a test asks for them by name and calls them.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sound_files import make_noise, make_tone, write_sound, write_video

# What librosa compiles is compiled once for all tests, wherever they keep their other files.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "numba"))


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings and the cache of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("GENRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GENRE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def unreadable() -> Callable[[Path], str]:
    """Make a folder below another that nobody can list, not even root, and return its name."""

    def make(folder: Path) -> str:
        name = "d" * 250
        parent = os.open(folder, os.O_RDONLY)
        for _ in range(17):  # deeper than a path may be long
            os.mkdir(name, dir_fd=parent)
            child = os.open(name, os.O_RDONLY, dir_fd=parent)
            os.close(parent)
            parent = child
        os.close(parent)
        return name

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20_250)


@pytest.fixture(scope="session")
def tone() -> Callable[..., np.ndarray]:
    return make_tone


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    return make_noise


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    return write_sound


@pytest.fixture(scope="session")
def video() -> Callable[..., Path]:
    return write_video
