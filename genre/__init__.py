"""Tell which musical genre a recording is, and show why.

`genre.predict("song.mp3")` is the whole product in one call. Importing this package loads no heavy library;
the rooms (`genre.audio`, `genre.spectrogram`, …) are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from genre.errors import AudioError, GenreError, ModelError, SettingsError

if TYPE_CHECKING:
    from genre.classifier import predict
    from genre.prediction import Prediction

__version__ = "0.1.0"
__all__ = ["AudioError", "GenreError", "ModelError", "Prediction", "SettingsError", "predict"]

_ROOMS = frozenset(
    {"audio", "backbones", "checkpoints", "classifier", "comparison", "datasets", "evaluation", "figures"}
    | {"finetuning", "images", "labels", "library", "library_features", "library_ray", "live", "microphone"}
    | {"musicality", "preview", "similarity", "similarity_index", "spectrogram", "store", "tagging", "tags"}
    | {"timeline", "training"}
)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"genre.{name}")
    if name in ("predict", "Prediction"):
        return getattr(importlib.import_module("genre.classifier"), name)
    raise AttributeError(f"module 'genre' has no attribute {name!r}")
