"""A timeline as HTML: a player, the waveform with a coloured band under it, a legend, a table, downloads.

Plain strings, no gradio. Times are shares of the whole width, so that it fits any screen; `timeline.js` moves the
player. A colour never says anything alone: it comes with a letter, and the table says everything in words.
"""

from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

import numpy as np

from genre import chapters
from genre.decoders import Samples
from genre.labels import LANGUAGES, Language
from genre.palette import Mark
from genre.timeline import Progress
from genre.web.answer import BYTE_ORDER_MARK, clock, percent, stem_of, warning
from genre.web.texts import text

MEDIA = {"json": "application/json", "csv": "text/csv", "audacity": "text/plain", "chapters": "text/plain"}
ENDINGS = {kind: f".timeline{suffix}" for kind, suffix in chapters.SUFFIXES.items()}
HEIGHT = 100  # of the waveform's drawing, whatever its size on the page
AXIS_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800)  # seconds
AXIS_TICKS_MAX = 7
LAST_TICK = 0.89  # of the length; a later one would not have room for its label


@dataclass(frozen=True)
class Followed:
    """What one session keeps of a timeline, to show it again in another language."""

    row: chapters.Row  # Timeline.to_dict()
    marks: tuple[Mark, ...]  # of its segments
    peaks: Samples = field(repr=False)  # lowest and highest sample of each column, [columns, 2]
    sound: str  # where the browser gets the recording
    provenance: dict[Language, str]


@dataclass(frozen=True)
class Stopped:
    """Somebody stopped the work."""


def timeline(found: Followed, language: Language) -> str:
    """Return the whole answer."""
    row = found.row
    segments = row["segments"]
    music = sum(segment["end"] - segment["start"] for segment in segments if segment["kind"] == "music")
    heard = text("timeline_heard", language, source=row["source"], seconds=clock(row["seconds"]), music=clock(music))
    count = text("timeline_count", language, count=len(segments))
    parts = [
        f'<p class="g-source">{escape(heard)}</p><h2>{escape(count)}</h2>',
        "".join(_warning(code, row["unsure_below"], language) for code in row["warnings"]),
        f'<audio controls preload="metadata" src="{escape(found.sound)}" '
        f'aria-label="{_words("timeline_player", language)}"></audio>',
        f'<p class="g-hint g-unplayable" role="alert" hidden><span aria-hidden="true">!</span> '
        f"{_words('timeline_unplayable', language)}</p>",
        _picture(found, language),
        _legend(found, language),
        _table(found, language),
        f'<p class="g-provenance"><strong>{escape(text("answered_by", language, model=row["model"]))}</strong> — '
        f"{escape(found.provenance[language])}</p>",
        _downloads(found, language),
    ]
    label = _words("timeline_answer", language)
    return (  # of all that, only the first words are read out when it appears
        f'<section class="g-answer g-timeline" aria-label="{label}" data-seconds="{row["seconds"]}">{parts[0]}'
        f'<div class="g-parts" aria-live="off">{"".join(parts[1:])}</div></section>'
    )


def empty(language: Language, kept: Stopped | None = None) -> str:
    """Return what stands in the answer's place before there is one."""
    words = "timeline_stopped" if kept else "timeline_empty"
    return (
        f'<section class="g-answer g-empty"><h2>{_words("timeline_empty_title", language)}</h2>'
        f"<p>{_words(words, language)}</p></section>"
    )


def progress(step: Progress | None) -> str:
    """Return how far the work has come; None is before it begins, while others' recordings take all places.

    In every language, of which the style sheet shows the page's: that may change while the work goes on.
    """
    key = "timeline_waiting" if step is None else f"timeline_{step.stage}" if step.total else "timeline_hearing_on"
    done, total = (step.done, step.total or 0.0) if step else (0.0, 0.0)
    words = "".join(
        f'<span class="g-in-{language}">{escape(text(key, language, done=clock(done), total=clock(total)))}</span>'
        for language in LANGUAGES
    )
    share = f' max="{total:.1f}" value="{done:.1f}"' if total else ""
    return f'<label class="g-progress">{words}<progress{share}></progress></label>'


def _words(key: str, language: Language) -> str:
    return escape(text(key, language))


def _warning(code: str, unsure_below: float, language: Language) -> str:
    if code != "unsure":
        return warning(code, language)
    words = escape(text("timeline_unsure", language, percent=percent(unsure_below, 0)))
    return f'<p class="g-hint" data-code="unsure"><span aria-hidden="true">!</span> {words}</p>'


def _picture(found: Followed, language: Language) -> str:
    """Return waveform, band, axis and playhead; a click or the arrow keys choose the place to hear."""
    total = found.row["seconds"]
    pieces = "".join(
        f'<span class="g-segment g-{segment["kind"]}" style="left:{100 * segment["start"] / total:.3f}%;'
        f'width:{100 * (segment["end"] - segment["start"]) / total:.3f}%;{_style(mark)}" '
        f'title="{clock(segment["start"])}–{clock(segment["end"])} {escape(segment[language])}">'
        f"<b>{mark.letter}</b><i>{escape(segment[language])}</i></span>"
        for segment, mark in zip(found.row["segments"], found.marks, strict=True)
    )
    step = next((step for step in AXIS_STEPS if total / step <= AXIS_TICKS_MAX), 3_600)
    ticks = "".join(
        f'<span style="left:{100 * time / total:.3f}%">{clock(time)}</span>'
        for time in range(0, int(total), step)
        if time < LAST_TICK * total
    )
    return (
        f'<div class="g-track" role="slider" tabindex="0" aria-label="{_words("timeline_place", language)}" '
        f'aria-valuemin="0" aria-valuemax="{int(total)}" aria-valuenow="0" aria-valuetext="0:00">'
        f'{_waveform(found.peaks)}<div class="g-band" aria-hidden="true">{pieces}</div>'
        f'<div class="g-axis" aria-hidden="true">{ticks}</div><div class="g-playhead" aria-hidden="true"></div></div>'
    )


def _waveform(peaks: Samples) -> str:
    """Return the outline of the sound: along the highest samples to the end, along the lowest back."""
    scale = HEIGHT / 2 / max(float(np.abs(peaks).max(initial=0.0)), 1e-6)
    tops = HEIGHT / 2 - scale * peaks[:, 1]
    bottoms = np.maximum(HEIGHT / 2 - scale * peaks[:, 0], tops + 1)  # silence is a line
    there = [f"{column},{y:.1f}" for column, y in enumerate(tops)]
    back = [f"{column},{y:.1f}" for column, y in reversed(list(enumerate(bottoms)))]
    return (
        f'<svg viewBox="0 0 {max(1, len(peaks) - 1)} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="{" ".join([*there, *back])}"/></svg>'
    )


def _style(mark: Mark) -> str:
    return f"background-color:{mark.paper};color:{mark.ink}" if mark.paper else ""


def _legend(found: Followed, language: Language) -> str:
    """Return what the colours mean, and how much of the recording each has, most first."""
    seconds: dict[tuple[str, Mark, str], float] = {}
    for segment, mark in zip(found.row["segments"], found.marks, strict=True):
        key = (segment["kind"], mark, segment[language])
        seconds[key] = seconds.get(key, 0.0) + segment["end"] - segment["start"]
    items = "".join(
        f"<li>{_swatch(kind, mark)} {escape(name)} <small>{clock(length)}</small></li>"
        for (kind, mark, name), length in sorted(seconds.items(), key=lambda item: -item[1])
    )
    return f'<ul class="g-colours" aria-label="{_words("timeline_legend", language)}">{items}</ul>'


def _swatch(kind: str, mark: Mark) -> str:
    return f'<span class="g-swatch g-{kind}" style="{_style(mark)}" aria-hidden="true">{mark.letter}</span>'


def _table(found: Followed, language: Language) -> str:
    lines = []
    for segment, mark in zip(found.row["segments"], found.marks, strict=True):
        begin, end = clock(segment["start"]), clock(segment["end"])
        play = escape(text("timeline_from", language, begin=begin, end=end))
        lines.append(
            f'<tr data-start="{segment["start"]}" data-end="{segment["end"]}"><th scope="row">'
            f'<button type="button" class="g-play" aria-label="{play}" title="{play}">▶ {begin}–{end}</button></th>'
            f"<td>{_swatch(segment['kind'], mark)} {escape(segment[language])}</td>"
            f'<td class="g-percent">{percent(segment["probability"], 0)}</td></tr>'
        )
    keys = ("windows_time", "timeline_what", "windows_probability")
    heads = "".join(f"<th scope='col'>{_words(key, language)}</th>" for key in keys)
    label = _words("timeline_table", language)
    return (
        f'<div class="g-windows g-segments" tabindex="0" role="region" aria-label="{label}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _downloads(found: Followed, language: Language) -> str:
    """Links that carry their file: nothing to store on the server, nothing to clean up."""
    stem = stem_of(found.row["source"])
    links = []
    for kind, writer in chapters.WRITERS.items():
        content = (BYTE_ORDER_MARK if kind == "csv" else "") + writer(found.row, language)
        links.append(
            f'<a class="g-save" download="{stem}{ENDINGS[kind]}" '
            f'href="data:{MEDIA[kind]};charset=utf-8,{quote(content)}">{_words(f"as_{kind}", language)}</a>'
        )
    return f'<p class="g-saves">{"".join(links)}</p>'
