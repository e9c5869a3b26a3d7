"""What the tests let the tasks of a cluster do. Light: every process that does one of these imports this file."""

import os
import signal
import time
from pathlib import Path

from genre import library_features
from genre.library_features import Prepared, Recipe


def slow(source: str, recipe: Recipe) -> Prepared:
    """Prepare a recording, and take a second for it."""
    time.sleep(1)
    return library_features.prepare(source, recipe)


def hard(source: str, recipe: Recipe) -> Prepared:
    """Prepare a recording, or do what its name says."""
    name = Path(source).name
    if name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("hang"):
        time.sleep(600)
    return library_features.prepare(source, recipe)
