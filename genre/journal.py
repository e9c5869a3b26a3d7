"""What a model has said of each file so far, on disk, so that stopped work goes on where it was.

JSON lines: first the facts that every answer depends on, then a line per file, written as soon as it is known.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from genre.datasets import stamp
from genre.errors import SettingsError

log = logging.getLogger(__name__)


class Journal:
    """Window probabilities by file; those of other facts or of a file that changed since are forgotten."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Read what is there and open the file for more; SettingsError where it cannot be written."""
        self.path = path
        self._facts = json.dumps(facts, sort_keys=True)
        self._known = self._read()
        part = path.with_name(f"{path.name}.part")
        try:
            # Written anew, in one step: what a kill tore off and what is out of date do not stay.
            lines = [json.dumps({"file": name, **entry}) for name, entry in self._known.items()]
            part.write_text("\n".join([self._facts, *lines, ""]), encoding="utf-8")
            part.replace(path)
            self._file: TextIO = path.open("a", encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, file: Path) -> NDArray[np.float64] | None:
        """Return the probabilities [windows, classes] of a file; None where it is not known as it is now."""
        entry = self._known.get(str(file.resolve()))
        if entry is None or entry["stamp"] != stamp(file):
            return None
        return np.array(entry["windows"], dtype=np.float64)

    def add(self, file: Path, windows: NDArray[np.float64]) -> None:
        """Remember the probabilities of a file, on disk before this returns; SettingsError where there is no room."""
        entry = {"file": str(file.resolve()), "stamp": stamp(file), "windows": windows.tolist()}
        try:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error.strerror or error}.") from error

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            first, *lines = self.path.read_text(encoding="utf-8").splitlines() or [""]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"{self.path} cannot be read: {error}; remove it to begin anew.") from error
        if first != self._facts:
            log.info("%s is of another model or other settings; begun anew", self.path)
            return {}
        known = {}
        for line in lines:
            try:
                entry = json.loads(line)
                known[entry["file"]] = {"stamp": entry["stamp"], "windows": entry["windows"]}
            except (ValueError, KeyError, TypeError):  # cut off by a kill
                continue
        return known
