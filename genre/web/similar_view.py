"""How alike recordings are, in words and as HTML: two numbers with what they mean, and lists. No gradio.

The command line says the same sentences.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from genre.labels import Language
from genre.web.answer import Picture, clock, data_uri, figure, warning
from genre.web.texts import text

COMMAND = "genre similar A --in FOLDER"
SAME = "possibly_same_source"
TOGETHER_SECONDS = 0.05  # a smaller lag is none
ROUNDING = 1e-3  # hundredths that float32 may lack


@dataclass(frozen=True)
class Compared:
    """What one session keeps of two recordings, to show it again in another language."""

    row: Mapping[str, Any]  # Similarity.to_dict()
    pictures: tuple[Picture, Picture]  # of the part that both have
    json: str


@dataclass(frozen=True)
class Alike:
    """What one session keeps of a search among the examples."""

    source: str
    model: str
    found: Sequence[tuple[str, Mapping[Language, str], float]]  # path, caption, cosine; the most alike first


def introduction(language: Language) -> str:
    """Say what there is to find out, and where more can be searched."""
    words = escape(text("similar_help", language, command=COMMAND))
    return f'<p class="g-help">{words.replace(COMMAND, f"<code>{COMMAND}</code>")}</p>'


def verdict(row: Mapping[str, Any], language: Language) -> str:
    """Say what the SSIM means."""
    return text("similar_same" if row["verdict"] == SAME else "similar_other", language)


def place(row: Mapping[str, Any], language: Language) -> str:
    """Say at which lag they agree best, and over how long."""
    lag = row["lag_seconds"]
    key = "similar_together" if abs(lag) < TOGETHER_SECONDS else "similar_after" if lag > 0 else "similar_before"
    return text(key, language, seconds=f"{abs(lag):.1f}", overlap=f"{row['overlap_seconds']:.1f}")


def copy(row: Mapping[str, Any], language: Language) -> str:
    """Say in few words that a recording may be a copy, and how much later it begins."""
    return f"{verdict(row, language)} ({row['lag_seconds']:+.1f} s)"


def number(value: float) -> str:
    """Return a similarity with two digits, cut and not rounded: 0.8499 is not over 0.85."""
    return f"{math.floor(100 * value + ROUNDING) / 100:.2f}"


def meanings(row: Mapping[str, Any], language: Language) -> dict[str, tuple[str, str]]:
    """Return what each number is called and what it means."""
    return {
        "ssim": (
            text("similar_ssim", language),
            text("similar_ssim_info", language, threshold=f"{row['threshold']:g}"),
        ),
        "cosine": (
            text("similar_cosine", language),
            text("similar_cosine_info", language, model=row["model"]),
        ),
    }


def comparison(kept: Compared, language: Language) -> str:
    """Return the verdict, the two numbers, where the recordings agree and how that looks."""
    row = kept.row
    parts = [
        *(f'<p class="g-source">{escape(heard(name, row[name], language))}</p>' for name in ("a", "b")),
        f'<h2 data-verdict="{row["verdict"]}">{escape(verdict(row, language))}</h2>',
        f"<p>{escape(place(row, language))}</p>",
        f'<dl class="g-similar">{"".join(_number(key, row, language) for key in ("ssim", "cosine"))}</dl>',
        *(warning(code, language) for code in dict.fromkeys((*row["a"]["warnings"], *row["b"]["warnings"]))),
        f'<p class="g-help">{escape(text("similar_pictures", language))}</p>',
        f'<div class="g-aligned">{"".join(_picture(name, kept, language) for name in ("a", "b"))}</div>',
        f'<p class="g-saves"><a class="g-save" download="similar.json" '
        f'href="{data_uri(kept.json.encode(), "application/json")}">{escape(text("as_json", language))}</a></p>',
    ]
    return (
        f'<section class="g-answer" aria-label="{escape(text("similar_answer", language))}">{"".join(parts)}</section>'
    )


def heard(name: str, part: Mapping[str, Any], language: Language) -> str:
    """Say what was heard of recording "a" or "b"."""
    ends = {"start": clock(part["start"]), "end": clock(part["start"] + part["seconds"])}
    return f"{name.upper()}: {text('heard', language, source=part['source'], **ends)}"


def alike(kept: Alike, language: Language) -> str:
    """Return the examples that are most like a recording, each to be listened to."""
    items = "".join(
        f'<li><span class="g-name">{escape(caption[language])}</span>'
        f'<span class="g-percent">{number(cosine)}</span>{_bar(cosine, caption[language])}'
        f'<audio controls preload="none" aria-label="{escape(caption[language])}" '
        f'src="gradio_api/file={escape(quote(path))}"></audio></li>'
        for path, caption, cosine in kept.found
    )
    heading = escape(text("similar_alike", language, source=kept.source))
    info = escape(text("similar_cosine_info", language, model=kept.model))
    return (
        f'<section class="g-answer" aria-label="{heading}"><h2>{heading}</h2>'
        f'<ol class="g-bars g-alike">{items}</ol><p class="g-help">{info}</p></section>'
    )


def empty(language: Language) -> str:
    """Return what stands in the answer's place before there is one."""
    return (
        f'<section class="g-answer g-empty"><h2>{escape(text("similar_empty_title", language))}</h2>'
        f"<p>{escape(text('similar_empty', language))}</p></section>"
    )


def _number(key: str, row: Mapping[str, Any], language: Language) -> str:
    name, meaning = meanings(row, language)[key]
    return (
        f'<div data-number="{key}"><dt>{escape(name)}</dt><dd><strong>{number(row[key])}</strong>'
        f'{_bar(row[key], name)}<p class="g-help">{escape(meaning)}</p></dd></div>'
    )


def _bar(value: float, label: str) -> str:
    return (
        f'<span class="g-bar" role="meter" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="1" '
        f'aria-valuenow="{value:.3f}"><span style="width:{100 * max(value, 0):.2f}%"></span></span>'
    )


def _picture(name: str, kept: Compared, language: Language) -> str:
    row = kept.row
    first = row[name]["start"] + max(row["lag_seconds"] if name == "a" else -row["lag_seconds"], 0)
    ends = {"start": clock(round(first)), "end": clock(round(first + row["overlap_seconds"]))}
    label = f"{name.upper()}: {text('spectrogram_alt', language, **ends)}"
    return f"<h3>{name.upper()}</h3>{figure(kept.pictures[name == 'b'], label)}"
