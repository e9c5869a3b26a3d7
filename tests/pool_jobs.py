"""What the tests let the processes of a library do. Light: every process that does one of these imports this file."""

import os
import signal
import sys
import time

from genre.library_features import Prepared, Recipe


def misbehave(source: str, recipe: Recipe) -> Prepared:
    """Do what the name of a source says."""
    if "crash" in source:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in source:
        time.sleep(600)
    if "exit" in source:
        os._exit(7)
    return Prepared(source, os.getpid(), None, None, None, "fine")


def torch_is_loaded(path: str) -> str:
    """Return a tag that says whether this process has imported torch."""
    return str("torch" in sys.modules)
