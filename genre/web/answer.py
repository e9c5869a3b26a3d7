"""The answer as HTML: bars, hints, windows, provenance, downloads. Plain strings in and out, no gradio.

Everything a person reads as text is also text to a screen reader; colour never carries a meaning alone.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

from genre import rows
from genre.labels import Language
from genre.settings import UNSURE_BELOW
from genre.web.texts import TEXTS, text

BARS = 5
BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that the Chinese names are UTF-8
WINDOWS_OPEN_MAX = 6  # more of them start folded


@dataclass
class Picture:
    """The spectrogram as two data URIs, one for each theme."""

    light: str
    dark: str


@dataclass
class Heard:
    """What one session keeps of its last answer, to show it again in another language."""

    row: dict[str, Any]  # Prediction.to_dict() with every genre
    seconds: float  # length of what was heard
    start: float
    provenance: dict[Language, str]
    drawing: Any = field(default=None, repr=False)  # what the picture is drawn from, until it is drawn
    picture: Picture | None = None


@dataclass(frozen=True)
class Refused:
    """Why there is no answer, in every language."""

    reasons: dict[Language, str]
    details: str = ""


def answer(heard: Heard, language: Language) -> str:
    """Return the whole answer: headline, hints, bars, windows, provenance, downloads."""
    row = heard.row
    best = row["top"][0]
    parts = [
        f'<p class="g-source">{escape(_heard(heard, language))}</p>',
        f'<h2 class="g-best"><span>{_name(best, language)}</span> <strong>{percent(best["probability"])}</strong></h2>',
        "".join(_warning(code, language) for code in row["warnings"]),
        _bars(row["top"][:BARS], language),
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


def picture(heard: Heard, language: Language) -> str:
    """Return the spectrogram for both themes; the style sheet shows the one that fits."""
    if heard.picture is None:
        return ""
    label = text("spectrogram_alt", language, start=clock(heard.start), end=clock(heard.start + heard.seconds))
    images = "".join(
        f'<img class="g-{theme}" src="{source}" alt="{escape(label)}">'
        for theme, source in (("light", heard.picture.light), ("dark", heard.picture.dark))
    )
    # The picture keeps a readable size on a phone and scrolls sideways there, so the frame takes the focus.
    return f'<figure class="g-picture" tabindex="0" aria-label="{escape(label)}">{images}</figure>'


def data_uri(content: bytes, media_type: str) -> str:
    """Return content as a URI that needs no file on the server."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def percent(share: float, digits: int = 1) -> str:
    """Return 0.823 as 82.3%."""
    return f"{100 * share:.{digits}f}%"


def clock(seconds: float) -> str:
    """Return 83.4 as 1:23."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _attribute(key: str, language: Language) -> str:
    return escape(text(key, language))


def _name(genre: Mapping[str, Any], language: Language) -> str:
    """A genre's name; the English one stands beside the Chinese, because most music shops only know that."""
    if language == "en" or genre["zh"] == genre["en"]:
        return escape(genre["en"])
    return f'{escape(genre["zh"])} <small lang="en">{escape(genre["en"])}</small>'


def _heard(heard: Heard, language: Language) -> str:
    return text(
        "heard",
        language,
        source=heard.row["source"],
        start=clock(heard.start),
        end=clock(heard.start + heard.seconds),
    )


def _warning(code: str, language: Language) -> str:
    if f"warning_{code}" not in TEXTS:
        return f'<p class="g-hint">{escape(code)}</p>'
    words = text(f"warning_{code}", language, percent=percent(UNSURE_BELOW, 0))
    return f'<p class="g-hint" data-code="{code}"><span aria-hidden="true">!</span> {escape(words)}</p>'


def _bar(probability: float, label: str) -> str:
    return (
        f'<span class="g-bar" role="meter" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{100 * probability:.1f}" aria-valuetext="{percent(probability)}">'
        f'<span style="width:{100 * probability:.2f}%"></span></span>'
    )


def _bars(genres: Iterable[Mapping[str, Any]], language: Language) -> str:
    items = "".join(
        f'<li data-genre="{genre["id"]}"><span class="g-name">{_name(genre, language)}</span>'
        f'<span class="g-percent">{percent(genre["probability"])}</span>'
        f"{_bar(genre['probability'], genre[language])}</li>"
        for genre in genres
    )
    return f'<ol class="g-bars" aria-label="{_attribute("bars", language)}">{items}</ol>'


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
    stem = quote(str(row["source"]).rsplit(".", 1)[0] or "genre", safe="")
    links = "".join(
        f'<a class="g-save" download="{stem}.genre.{kind}" href="data:{media};charset=utf-8,{quote(content)}">'
        f"{escape(text(f'as_{kind}', language))}</a>"
        for kind, media, content in (
            ("json", "application/json", "".join(rows.json_text([row]))),
            ("csv", "text/csv", BYTE_ORDER_MARK + "".join(rows.csv_text([row]))),
        )
    )
    return f'<p class="g-saves">{links}</p>'
