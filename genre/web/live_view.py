"""The Live tab as HTML: everything that it may come to say stands there from the start, and the page's script says what
applies. Plain strings, no gradio.

So that nothing flickers: an element is written once, and from then on only its width, its text or its place changes.
"""

from collections.abc import Sequence
from html import escape

from genre import preview
from genre.cards import ModelCard
from genre.labels import Language
from genre.settings import UNSURE_BELOW
from genre.spectrogram import SpectrogramSpec
from genre.web import answer
from genre.web.texts import TEXTS, text

METER_DB = -60  # where the level meter begins
LEAD = 0.015  # probability by which a genre must lead to pass the one above it, so that bars do not jump to and fro
REMARKS = ("early", "silent", "not_music", "quiet", "clipped", "dc", "nonfinite", "unsure")
STATUS = ("opening", "listening", "stopped", "late", "gone")


def ear(language: Language) -> str:
    """Return the button, the level, remarks and the place of the moving spectrogram."""
    words = "".join(f' data-{name}="{_said(f"live_{name}", language)}"' for name in ("start", "stop"))
    states = "".join(f' data-{name}="{_said(f"live_{name}", language)}"' for name in STATUS)
    level = _said("live_level", language)
    return (
        f'<button type="button" class="g-live-button"{words}>{_said("live_start", language)}</button>'
        f'<p class="g-live-status" role="status"{states}></p>'
        '<div class="g-live-refused"></div>'
        f'<div class="g-live-meter"><span>{level}</span><span class="g-live-level" role="meter" aria-label="{level}" '
        f'aria-valuemin="{METER_DB}" aria-valuemax="0" aria-valuenow="{METER_DB}"><span></span></span>'
        '<span class="g-live-decibels" aria-hidden="true">–</span></div>'
        f'<p class="g-live-remarks">{"".join(_remark(code, language) for code in REMARKS)}</p>'
    )


def stage(reference: str, card: ModelCard | None, language: Language) -> str:
    """Return a bar for every genre that a model knows, of which the script shows the likely, and the spectrogram."""
    if card is None:
        return ""
    genres = [{"id": genre.id, "en": genre.en, "zh": genre.zh, "probability": 0.0} for genre in card.taxonomy.genres]
    return (
        f'<section class="g-answer g-live-stage" data-model="{escape(reference)}" '
        f'aria-label="{_said("live_bars", language)}">'
        f'<h2 class="g-best"><span class="g-live-name" data-empty="{_said("live_empty", language)}" '
        f'data-wait="{_said("live_wait", language)}">{_said("live_empty", language)}</span> <strong></strong></h2>'
        f'<p class="g-live-help">{_said("live_help", language)}</p>'
        f'<p class="g-live-told" aria-live="polite"></p>{answer.bars(genres, language)}'
        f"{_picture(card.spectrogram, language)}</section>"
    )


def arranged(before: Sequence[str], ranked: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """Return every genre id, most likely first, but as it was before where two are about equal.

    ranked: (genre id, probability), most likely first.
    """
    probability = dict(ranked)
    order = [genre_id for genre_id in before if genre_id in probability]
    order += [genre_id for genre_id, _ in ranked if genre_id not in before]
    for last in range(1, len(order)):  # insertion sort, with a lead to be had for every step up
        place = last
        while place and probability[order[place]] > probability[order[place - 1]] + LEAD:
            order[place - 1], order[place] = order[place], order[place - 1]
            place -= 1
    return tuple(order)


def _remark(code: str, language: Language) -> str:
    """Return one remark, hidden; where a warning of that code exists, its long words are the tooltip."""
    blanks = {"heard": '<span data-live="heard"></span>', "whole": '<span data-live="whole"></span>'}
    words = TEXTS[f"live_{code}"][language].format(**blanks)
    key = f"warning_{code}"
    long = text(key, language, percent=answer.percent(UNSURE_BELOW, 0)) if key in TEXTS else ""
    return f'<span data-code="{code}" hidden title="{escape(long)}">{words}</span>'


def _picture(spec: SpectrogramSpec, language: Language) -> str:
    ticks = "".join(
        f'<span style="bottom:{100 * (row + 0.5) / spec.bins:.2f}%">{escape(label)}</span>'
        for row, label in preview.row_ticks(spec)
    )
    return (
        f'<figure class="g-live-picture" role="img" aria-label="{_said("live_spectrogram", language)}">'
        f'<div aria-hidden="true">{ticks}</div><canvas></canvas></figure>'
    )


def _said(key: str, language: Language) -> str:
    return escape(text(key, language))
