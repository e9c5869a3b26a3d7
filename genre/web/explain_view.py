"""The spectrogram on the page, and what decided the answer: veil, words, and how to read such a picture. Plain HTML.

The veil is a picture of its own over the spectrogram, so that the slider fades it in the browser; time and pitch under
the pointer are read there too (`page.js`), from the data on the plot.
"""

import json
from dataclasses import dataclass
from html import escape

from genre import preview
from genre.explain import Explanation, Region
from genre.labels import Language
from genre.settings import EXPLAINED_MAX, VEIL_STRENGTH
from genre.spectrogram import SpectrogramSpec
from genre.web.answer import Axes, Heard, Refused, clock, figure, refusal
from genre.web.texts import text

MINUTES_FROM = 120  # seconds; later times are told in minutes, as on the axis
# What the legend explains, by kind of spectrogram, each with a sketch in a box of 36 x 18: (key of TEXTS, SVG).
SKETCHES = {
    "drum": '<path d="M8 2v14M18 2v14M28 2v14"/>',
    "held": '<path d="M3 15h30M3 9h30M3 5h30"/>',
    "glide": '<path d="M4 15L32 3"/>',
    "voice": '<path d="M2 9q4-9 8 0t8 0 8 0 8 0"/>',
    "bass": '<path d="M3 16h12M21 16h12" stroke-width="3"/>',
    "class": '<path d="M3 5h10M23 5h10M3 13h18"/>',
}
LEGENDS: dict[str, tuple[str, ...]] = {
    "cqt": ("drum", "held", "glide", "voice", "bass"),
    "mel": ("drum", "held", "glide", "voice", "bass"),
    "chroma": ("drum", "class", "voice"),
}


@dataclass(frozen=True)
class Decided:
    """What a session keeps of an explanation."""

    veil: str  # data URI
    explanation: Explanation


def explainable(heard: Heard) -> list[str]:
    """Return the genres of an answer that may be asked about, the most likely first."""
    return [genre["id"] for genre in heard.row["top"][:EXPLAINED_MAX]]


def choices(heard: Heard, language: Language) -> list[tuple[str, str]]:
    """Return the same genres as (words, id)."""
    return [(genre[language], genre["id"]) for genre in heard.row["top"][:EXPLAINED_MAX]]


def axes(spec: SpectrogramSpec) -> Axes:
    """Return what the axes of a picture of such a spectrogram say."""
    names, hertz = preview.row_names(spec), preview.row_hertz(spec)
    if spec.transform == "cqt" and hertz:
        names = [f"{name} · {hz:.0f} Hz" for name, hz in zip(names, hertz, strict=True)]
    return Axes(spec.transform, tuple(names))


def picture(heard: Heard, language: Language, genre_id: str | None = None) -> str:
    """Return the spectrogram, and what spoke for a genre; nothing before it is drawn."""
    if heard.picture is None or heard.axes is None:
        return ""
    label = text("spectrogram_alt", language, start=clock(heard.start), end=clock(heard.start + heard.seconds))
    decided = heard.decided.get(genre_id) if genre_id else None
    over = _plot(heard, heard.axes, language)
    if isinstance(decided, Decided):
        faded = f"opacity:var(--g-veil,{VEIL_STRENGTH})"
        over = f'<img class="g-veil" src="{decided.veil}" alt="" style="{faded}">{over}'
    hint = escape(text("readout_hint", language))
    return (
        f'{figure(heard.picture, label, over)}<output class="g-readout" aria-live="polite">{hint}</output>'
        f"{_decided(heard, genre_id, language) if genre_id else ''}{_legend(heard.axes.transform, language)}"
    )


def words(region: Region, language: Language) -> str:
    """Return when and in which register: "3.2–5.1 s, C2–G3"."""
    unit = region.high.partition(" ")[2]  # of hertz; notes have none
    low = region.low.removesuffix(f" {unit}")
    pitch = region.high if region.low == region.high else f"{low}–{region.high}"
    if region.end < MINUTES_FROM:
        return text("decided_region", language, start=f"{region.start:.1f}", end=f"{region.end:.1f}", pitch=pitch)
    return f"{clock(region.start)}–{clock(region.end)}, {pitch}"


def _plot(heard: Heard, axes: Axes, language: Language) -> str:
    """Return what lies over the spectrogram itself, without the axes, and knows what is where."""
    left, top, right, bottom = preview.plot_area()
    place = {
        "left": left / preview.WIDTH,
        "top": top / preview.HEIGHT,
        "right": 1 - right / preview.WIDTH,
        "bottom": 1 - bottom / preview.HEIGHT,
    }
    style = ";".join(f"{side}:{100 * share:.3f}%" for side, share in place.items())
    data = {
        "start": f"{heard.start:g}",
        "seconds": f"{heard.seconds:g}",
        "pitches": json.dumps(axes.pitches, ensure_ascii=False),
        "unit": text("second", language),
    }
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return f'<span class="g-plot" style="{style}" {attributes}></span>'


def _decided(heard: Heard, genre_id: str, language: Language) -> str:
    """Return what spoke for the genre in words, and the slider of the veil; or that it is not known yet, or why."""
    decided = heard.decided.get(genre_id)
    if decided is None:
        return f'<p class="g-help" role="status">{escape(text("deciding", language))}</p>'
    if isinstance(decided, Refused):
        return refusal(decided, language)
    name = next(genre[language] for genre in heard.row["top"] if genre["id"] == genre_id)
    regions = decided.explanation.regions
    if not regions:
        return f'<p class="g-decided">{escape(text("decided_nothing", language, genre=name))}</p>'
    items = "".join(f"<li>{escape(words(region, language))}</li>" for region in regions)
    slider = f'<input type="range" min="0" max="100" value="{100 * VEIL_STRENGTH:.0f}">'
    return (
        f'<div class="g-decided"><h3>{escape(text("decided_by", language, genre=name))}</h3><ol>{items}</ol>'
        f'<label class="g-strength"><span>{escape(text("strength", language))}</span>{slider}</label>'
        f'<p class="g-help">{escape(text("decided_note", language))}</p></div>'
    )


def _legend(transform: str, language: Language) -> str:
    items = "".join(
        f'<li><svg viewBox="0 0 36 18" aria-hidden="true">{SKETCHES[key]}</svg>'
        f"<span>{escape(text(f'read_{key}', language))}</span></li>"
        for key in LEGENDS[transform]
    )
    axes = escape(text(f"read_axes_{transform}", language))
    return (
        f'<details class="g-legend"><summary>{escape(text("read_title", language))}</summary>'
        f"<p>{axes}</p><ul>{items}</ul></details>"
    )
