"""FluidSynth as a function from parts to samples; the library is called directly so that a SoundFont loads once."""

import ctypes
import ctypes.util
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corpus.score import DRUM_CHANNEL, Part

SAMPLE_RATE = 44_100  # the SoundFonts' own; FluidSynth does not band-limit when it plays samples at a lower rate
CHANNELS = 64
WARNING = 2  # FluidSynth's log level
GAIN = 0.25
BEND_RANGE = 2.0  # semitones either way, the General MIDI default
SWELL_STEP = 0.1  # seconds between two values of the expression controller
MODULATION, EXPRESSION, SUSTAIN = 1, 11, 64


class Synth:
    """One SoundFont, ready to play."""

    def __init__(self, font: Path) -> None:
        name = ctypes.util.find_library("fluidsynth")
        if name is None:
            raise RuntimeError("FluidSynth's library is missing: install Debian's package fluidsynth.")
        self._lib = ctypes.CDLL(name)
        self._lib.fluid_set_log_function(WARNING, None, None)  # it warns of every channel while it has no font
        for function in ("new_fluid_settings", "new_fluid_synth", "fluid_synth_get_sfont"):
            getattr(self._lib, function).restype = ctypes.c_void_p
        self._settings = ctypes.c_void_p(self._lib.new_fluid_settings())
        self._set("synth.sample-rate", float(SAMPLE_RATE))
        self._set("synth.gain", GAIN)
        self._set("synth.midi-channels", CHANNELS)
        self._set("synth.polyphony", 400)
        for effect in ("synth.reverb.active", "synth.chorus.active"):
            self._set(effect, 0)
        self._owner = ctypes.c_void_p(self._lib.new_fluid_synth(self._settings))
        if self._lib.fluid_synth_sfload(self._owner, str(font).encode(), 1) < 0:
            raise RuntimeError(f"FluidSynth cannot load the SoundFont {font}.")
        self._font = ctypes.c_void_p(self._lib.fluid_synth_get_sfont(self._owner, 0))

    def _set(self, key: str, value: float | int) -> None:
        if isinstance(value, float):
            self._lib.fluid_settings_setnum(self._settings, key.encode(), ctypes.c_double(value))
        else:
            self._lib.fluid_settings_setint(self._settings, key.encode(), value)

    def render(self, parts: Sequence[Part], seconds: float) -> np.ndarray:
        """Play the parts; float32 mono [n] at SAMPLE_RATE."""
        lib = self._lib
        synth = ctypes.c_void_p(lib.new_fluid_synth(self._settings))  # a used one remembers: its reset is not complete
        lib.fluid_synth_add_sfont(synth, self._font)
        lib.fluid_synth_system_reset(synth)
        total = math.ceil(seconds * SAMPLE_RATE)
        left = np.zeros(total, np.float32)
        right = np.zeros(total, np.float32)

        def play(begin: int, end: int) -> None:
            lib.fluid_synth_write_float(
                synth, end - begin, left.ctypes.data_as(ctypes.c_void_p), begin, 1,
                right.ctypes.data_as(ctypes.c_void_p), begin, 1,
            )  # fmt: skip

        at = 0
        for time, _, name, arguments in event_list(parts):
            until = min(total, round(time * SAMPLE_RATE))
            if until > at:
                play(at, until)
                at = until
            getattr(lib, name)(synth, *arguments)
        play(at, total)
        lib.fluid_synth_remove_sfont(synth, self._font)
        lib.delete_fluid_synth(synth)
        return (left + right) * np.float32(0.5)


def event_list(parts: Sequence[Part]) -> list[tuple[float, int, str, tuple[int, ...]]]:
    """Return (seconds, rank, library function, arguments) in order; at one moment endings come before beginnings."""
    melodic = [channel for channel in range(CHANNELS) if channel % 16 != DRUM_CHANNEL]
    percussive = [channel for channel in range(CHANNELS) if channel % 16 == DRUM_CHANNEL]
    events: list[tuple[float, int, str, tuple[int, ...]]] = []
    for number, part in enumerate(parts):
        channel = (percussive if part.drums else melodic).pop(0)
        events.append((0.0, 0, "fluid_synth_program_change", (channel, part.program)))
        bend = round(8192 * (1 + part.cents / 100 / BEND_RANGE))
        events.append((0.0, 0, "fluid_synth_pitch_bend", (channel, bend)))
        events.append((0.0, 0, "fluid_synth_cc", (channel, MODULATION, part.vibrato)))
        if part.sustain:
            events.extend(_pedal(part, channel))
        if part.swell and part.notes:
            period = 4.0 + 0.7 * number
            for step in range(int(part.notes[-1].end / SWELL_STEP)):
                wave = 0.5 + 0.5 * math.sin(2 * math.pi * step * SWELL_STEP / period + number)
                value = round(127 * (1 - part.swell * wave))
                events.append((step * SWELL_STEP, 1, "fluid_synth_cc", (channel, EXPRESSION, value)))
        for note in part.notes:
            events.append((note.start, 3, "fluid_synth_noteon", (channel, note.pitch, note.velocity)))
            events.append((note.end, 2, "fluid_synth_noteoff", (channel, note.pitch)))
    return sorted(events, key=lambda event: event[:2])


def _pedal(part: Part, channel: int) -> list[tuple[float, int, str, tuple[int, ...]]]:
    """Return pedal presses, changed where the bass moves after at least 0.8 s."""
    events: list[tuple[float, int, str, tuple[int, ...]]] = []
    lowest = [note for note in part.notes if note.pitch < 55] or list(part.notes)
    last = -math.inf
    for note in lowest:
        if note.start - last >= 0.8:
            last = note.start
            events.append((note.start, 1, "fluid_synth_cc", (channel, SUSTAIN, 0)))
            events.append((note.start + 0.05, 4, "fluid_synth_cc", (channel, SUSTAIN, 127)))
    return events
