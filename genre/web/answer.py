"""The answer as HTML: bars, hints, windows, provenance, downloads. Plain strings in and out, no gradio.

Everything a person reads as text is also text to a screen reader; colour never carries a meaning alone.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from genre import rows
from genre.labels import Language
from genre.settings import UNSURE_BELOW
from genre.web.texts import TEXTS, text

ANNOUNCE = "element.setAttribute('aria-live', 'polite')"  # in the browser, where an answer appears: it is read out
BARS = 5
BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that the Chinese names are UTF-8
WINDOWS_OPEN_MAX = 6  # more of them start folded


@dataclass
class Picture:
    """The spectrogram as two data URIs, one for each theme."""

    light: str
    dark: str


@dataclass(frozen=True)
class Axes:
    """What the axes of a picture say."""

    transform: str  # cqt, mel or chroma
    pitches: tuple[str, ...]  # of each row, the lowest first


@dataclass
class Heard:
    """What one session keeps of its last answer, to show it again in another language."""

    row: dict[str, Any]  # Prediction.to_dict() with every genre
    seconds: float  # length of what was heard
    start: float
    provenance: dict[Language, str]
    drawing: Any = field(default=None, repr=False)  # what the picture is drawn from, until it is drawn
    picture: Picture | None = None
    axes: Axes | None = None
    asked: tuple[Path, str, float, float] | None = None  # file, model, seconds and start, to hear it once more
    decided: dict[str, Any] = field(default_factory=dict, repr=False)  # by genre: what `explain_view` shows of it
    wanted: tuple[str, Language] | None = None  # the genre whose reasons are on the page, and their language

    def mark(self, unsure_below: float) -> None:
        """Mark it as unsure, or not: where it is of music and its first probability is under this one."""
        codes = [code for code in self.row["warnings"] if code != "unsure"]
        if "not_music" not in codes and self.row["top"][0]["probability"] < unsure_below:
            codes.append("unsure")
        self.row = {**self.row, "warnings": codes, "unsure_below": unsure_below}


@dataclass(frozen=True)
class Refused:
    """Why there is no answer, in every language."""

    reasons: dict[Language, str]
    details: str = ""


def answer(heard: Heard, language: Language) -> str:
    """Return the whole answer: headline, hints, bars, windows, provenance, downloads."""
    row = heard.row
    parts = [
        f'<p class="g-source">{escape(_heard(heard, language))}</p>',
        _headline(row, language),
        "".join(warning(code, language, row["unsure_below"]) for code in row["warnings"]),
        bars(row["top"][:BARS], language),
        _windows(row, language) if len(row["windows"]) > 1 else "",
        _provenance(heard, language),
        _downloads(row, language),
    ]
    return f'<section class="g-answer" aria-label="{_attribute("answer", language)}">{"".join(parts)}</section>'


def empty(language: Language) -> str:
    """Return what stands in the answer's place before there is one."""
    return (
        f'<section class="g-answer g-empty"><h2>{escape(text("empty_title", language))}</h2>'
        f"<p>{escape(text('empty', language))}</p></section>"
    )


def refusal(refused: Refused, language: Language) -> str:
    """Return an error with its remedy; the room's own English words folded below a translation."""
    details = ""
    if refused.details and refused.details != refused.reasons[language]:
        summary = escape(text("error_details", language))
        details = f'<details><summary>{summary}</summary><p lang="en">{escape(refused.details)}</p></details>'
    return (
        f'<section class="g-answer g-refused" role="alert"><h2>{escape(text("error_title", language))}</h2>'
        f"<p>{escape(refused.reasons[language])}</p>{details}</section>"
    )


def figure(picture: Picture, label: str, over: str = "") -> str:
    """Return a picture for both themes, the style sheet shows the one that fits; `over` is what lies over it.

    The label says in words what there is to see.
    """
    images = "".join(
        f'<img class="g-{theme}" src="{source}" alt="{escape(label)}">'
        for theme, source in (("light", picture.light), ("dark", picture.dark))
    )
    # The picture keeps a readable size on a phone and scrolls sideways there, so the frame takes the focus.
    stack = f'<div class="g-stack">{images}{over}</div>'
    return f'<figure class="g-picture" tabindex="0" aria-label="{escape(label)}">{stack}</figure>'


def bars(genres: Iterable[Mapping[str, Any]], language: Language) -> str:
    """Return genres with their probabilities, as text and as bars."""
    items = "".join(
        f'<li data-genre="{escape(genre["id"])}"><span class="g-name">{_name(genre, language)}</span>'
        f'<span class="g-percent">{percent(genre["probability"])}</span>'
        f"{_bar(genre['probability'], genre[language])}</li>"
        for genre in genres
    )
    return f'<ol class="g-bars" aria-label="{_attribute("bars", language)}">{items}</ol>'


def warning(code: str, language: Language, unsure_below: float = UNSURE_BELOW) -> str:
    """Return what a warning of a Prediction means, and what helps."""
    if f"warning_{code}" not in TEXTS:
        return f'<p class="g-hint">{escape(code)}</p>'
    words = text(f"warning_{code}", language, percent=percent(unsure_below, 0))
    return f'<p class="g-hint" data-code="{code}"><span aria-hidden="true">!</span> {escape(words)}</p>'


def data_uri(content: bytes, media_type: str) -> str:
    """Return content as a URI that needs no file on the server."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def percent(share: float, digits: int = 1) -> str:
    """Return 0.823 as 82.3%."""
    return f"{100 * share:.{digits}f}%"


def stem_of(source: str) -> str:
    """Return what a file about a recording is called, without an ending; escaped, and not quoted as in a link."""
    return escape(source.rsplit(".", 1)[0] or "genre")


def clock(seconds: float) -> str:
    """Return 83.4 as 1:23, and 3683 as 1:01:23."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _attribute(key: str, language: Language) -> str:
    return escape(text(key, language))


def _name(genre: Mapping[str, Any], language: Language) -> str:
    """A genre's name; the English one stands beside the Chinese, because most music shops only know that."""
    if language == "en" or genre["zh"] == genre["en"]:
        return escape(genre["en"])
    return f'{escape(genre["zh"])} <small lang="en">{escape(genre["en"])}</small>'


def _headline(row: Mapping[str, Any], language: Language) -> str:
    """The most likely genre; of what is no music, that it is none."""
    if "not_music" in row["warnings"]:
        return f'<h2 class="g-best g-not-music">{escape(text("not_music", language))}</h2>'
    best = row["top"][0]
    share = f"<strong>{percent(best['probability'])}</strong>"
    return f'<h2 class="g-best"><span>{_name(best, language)}</span> {share}</h2>'


def _heard(heard: Heard, language: Language) -> str:
    return text(
        "heard",
        language,
        source=heard.row["source"],
        start=clock(heard.start),
        end=clock(heard.start + heard.seconds),
    )


def _bar(probability: float, label: str) -> str:
    return (
        f'<span class="g-bar" role="meter" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{100 * probability:.1f}" aria-valuetext="{percent(probability)}">'
        f'<span style="width:{100 * probability:.2f}%"></span></span>'
    )


def _windows(row: Mapping[str, Any], language: Language) -> str:
    names = {genre["id"]: genre for genre in row["top"]}
    lines = []
    for window in row["windows"]:
        genre_id, probability = max(window["probabilities"].items(), key=lambda item: item[1])
        genre = names[genre_id]
        lines.append(
            f"<tr><th scope='row'>{clock(window['start'])}–{clock(window['end'])}</th>"
            f"<td>{_name(genre, language)}</td>"
            f"<td><span class='g-percent'>{percent(probability)}</span>{_bar(probability, genre[language])}</td></tr>"
        )
    heads = "".join(
        f"<th scope='col'>{escape(text(key, language))}</th>"
        for key in ("windows_time", "windows_genre", "windows_probability")
    )
    count = len(row["windows"])
    return (
        f'<details class="g-windows"{" open" if count <= WINDOWS_OPEN_MAX else ""}>'
        f"<summary>{escape(text('windows', language, count=count))}</summary>"
        f"<p>{escape(text('windows_note', language))}</p>"
        f"<div tabindex='0'><table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        "</details>"
    )


def _provenance(heard: Heard, language: Language) -> str:
    row = heard.row
    seconds = {name: f"{value:.2f}" for name, value in row["seconds"].items()}
    lines = [
        f"<strong>{escape(text('answered_by', language, model=row['model']))}</strong> — "
        f"{escape(heard.provenance[language])}",
        escape(text("took", language, **seconds)),
        escape(text("fingerprint", language, digest=row["weights"]["sha256"][:12])),
    ]
    return f'<p class="g-provenance">{"<br>".join(lines)}</p>'


def _downloads(row: Mapping[str, Any], language: Language) -> str:
    """Links that carry their file: nothing to store on the server, nothing to clean up."""
    stem = stem_of(row["source"])
    links = "".join(
        f'<a class="g-save" download="{stem}.genre.{kind}" href="data:{media};charset=utf-8,{quote(content)}">'
        f"{escape(text(f'as_{kind}', language))}</a>"
        for kind, media, content in (
            ("json", "application/json", "".join(rows.json_text([row]))),
            ("csv", "text/csv", BYTE_ORDER_MARK + "".join(rows.csv_text([row]))),
        )
    )
    return f'<p class="g-saves">{links}</p>'
