"""Words over a beat: espeak-ng reads lines of everyday words where a rapper's part has notes."""

import io
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, sosfilt

from corpus.score import Note
from corpus.synth import SAMPLE_RATE

VOICES = ("en-us", "en-gb", "en-us+m3", "en-us+m7", "en-us+f2", "en-gb+m2", "fr", "de", "es", "pt-br", "it")
LINES = """
    money time city street light night run back up down again never stop the rhythm hold it now tell them what you
    see me be free to the top drop that beat on my own mind shine grind real deal feel heat rise eyes lies paper
    later player maker break take it all wall call ball fall small talk walk clock rock block
"""


def rap(notes: Sequence[Note], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Speak through every stretch of notes; float32 mono [n] at SAMPLE_RATE. RuntimeError: espeak-ng is missing."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise RuntimeError("espeak-ng is missing: install Debian's package espeak-ng.")
    out = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    voice, pace = str(rng.choice(VOICES)), int(rng.integers(190, 290))  # words a minute
    text = " ".join(str(word) for word in rng.choice(LINES.split(), size=round(seconds * pace / 60)))
    command = [program, "--stdout", "-v", voice, "-s", str(pace), "-p", str(int(rng.integers(20, 65))), "--", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    sound, rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
    sound = soxr.resample(sound, rate, SAMPLE_RATE)
    body = butter(2, 110, "highpass", fs=SAMPLE_RATE, output="sos")
    sound = np.asarray(sosfilt(body, np.resize(sound, len(out))), np.float32)
    talking = np.zeros(len(out), np.float32)
    for note in notes:
        talking[round(note.start * SAMPLE_RATE) : round((note.end + 0.4) * SAMPLE_RATE)] = 1
    return sound * talking * np.float32(0.1 / max(1e-6, float(sound.std())))
