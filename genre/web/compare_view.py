"""A comparison in words and as HTML: what the models agree on, and their answers in columns. No gradio.

The command line says the same sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from genre.labels import Language, Taxonomy, display
from genre.web.answer import Picture, bars, clock, data_uri, figure, percent, stem_of, warning
from genre.web.texts import text

if TYPE_CHECKING:
    from genre.comparison import Agreement

Families = Sequence[tuple[Taxonomy, Sequence[str]]]

# Two genres at 60 : 40 against 40 : 60, and at 90 : 10 against 10 : 90.
SCALE = {"near": "0.03", "far": "0.53"}
WIDE_APART = 0.005  # a smaller difference of probabilities is not worth a sentence


@dataclass(frozen=True)
class Shown:
    """One model's column."""

    row: Mapping[str, Any]  # Column.to_dict()
    provenance: Mapping[Language, str] = field(default_factory=dict)
    picture: Picture | None = None
    reasons: Mapping[Language, str] = field(default_factory=dict)  # why there is no answer


@dataclass(frozen=True)
class Compared:
    """What one session keeps of its last comparison, to show it again in another language."""

    source: str
    start: float  # seconds
    heard_seconds: float
    columns: tuple[Shown, ...]
    families: Families
    agreements: "tuple[Agreement, ...]"
    warnings: tuple[str, ...]  # of every answer
    seconds: Mapping[str, float]
    json: str


def sentences(families: Families, agreements: "Sequence[Agreement]", language: Language) -> list[str]:
    """Say where the answers agree and where they differ, with the number and what it means."""
    said = []
    for found in agreements:
        said += [first(found, language), *details(found, language), divergence(found, language)]
    if agreements:
        said.append(scale(language))
    return said + gaps(families, language)


def first(found: "Agreement", language: Language) -> str:
    """Say whether the models name the same genre."""
    named: dict[str, list[str]] = {}
    for model, genre_id in zip(found.models, found.first, strict=True):
        named.setdefault(genre_id, []).append(model)
    if len(named) == 1:
        return text(
            "compare_agree",
            language,
            genre=_genre(found, found.first[0], language),
            models=_all(found.models, language),
        )
    answers = text("compare_or", language).join(
        text("compare_says", language, genre=_genre(found, genre_id, language), models=_all(models, language))
        for genre_id, models in named.items()
    )
    return text("compare_differ", language, answers=answers)


def details(found: "Agreement", language: Language) -> list[str]:
    """Say what the models have in common beyond the first genre, and on what they differ most."""
    said = []
    if found.same_group and len(set(found.first)) > 1:
        said.append(text("compare_same_group", language))
    count = found.shortlist
    if found.shared:
        genres = _all([_genre(found, genre_id, language) for genre_id in found.shared], language)
        said.append(text("compare_shared", language, count=count, genres=genres))
    else:
        said.append(text("compare_shared_none", language, count=count))
    (least_model, least), (most_model, most) = found.least, found.most
    if most - least > WIDE_APART:
        genre = _genre(found, found.widest, language)
        ends = {"most": percent(most), "least": percent(least)}
        models = {"most_model": most_model, "least_model": least_model}
        said.append(text("compare_widest", language, genre=genre, **ends, **models))
    if len(found.pairs) > 1:
        near, far = (choose(found.pairs, key=lambda pair: pair[2]) for choose in (min, max))
        said.append(
            text(
                "compare_pairs",
                language,
                near=text("compare_pair", language, one=near[0], other=near[1]),
                near_value=f"{near[2]:.2f}",
                far=text("compare_pair", language, one=far[0], other=far[1]),
                far_value=f"{far[2]:.2f}",
            )
        )
    return said


def divergence(found: "Agreement", language: Language) -> str:
    """Return the number and whose it is."""
    return text("compare_divergence", language, value=f"{found.divergence:.2f}", models=_all(found.models, language))


def scale(language: Language) -> str:
    """Say what the number means."""
    return text("compare_scale", language, **SCALE)


def gaps(families: Families, language: Language) -> list[str]:
    """Say between which models there is no number, and why."""
    if not families:
        return [text("compare_no_answer", language)]
    if len(families) > 1:
        named = text("compare_or", language).join(
            text("compare_says", language, genre=taxonomy.id, models=_all(models, language))
            for taxonomy, models in families
        )
        return [text("compare_taxonomies", language, families=named)]
    ((_, models),) = families
    return [text("compare_one_answer", language, model=models[0])] if len(models) == 1 else []


def took(row: Mapping[str, Any], language: Language) -> str:
    """Say where one model's time went, from `Column.to_dict()`."""
    seconds = {name: f"{value:.2f}" for name, value in row["seconds"].items()}
    drawn = "compare_drawn_shared" if row["spectrogram_of"] else "compare_drawn"
    loaded = "compare_loaded" if row["seconds"]["load"] else "compare_kept"
    parts = (
        text("compare_asked", language, seconds=seconds["network"]),
        text(drawn, language, seconds=seconds["spectrogram"], model=row["spectrogram_of"]),
        text(loaded, language, seconds=seconds["load"]),
    )
    return " · ".join(parts)


def kind(row: Mapping[str, Any], language: Language) -> str:
    """Say what a model sees, which genres it knows, and whose weights it has, from `Column.to_dict()`."""
    origin = text(f"origin_{row['weights']['origin']}", language)
    return f"{row['transform']} · {row['taxonomy']} · {origin}"


def comparison(found: Compared, language: Language) -> str:
    """Return the whole comparison: agreement, hints, columns, times."""
    heard = text(
        "heard",
        language,
        source=found.source,
        start=clock(found.start),
        end=clock(found.start + found.heard_seconds),
    )
    total = {name: f"{value:.2f}" for name, value in found.seconds.items()}
    answers = escape(text("compare_answers", language))
    columns = "".join(_column(column, found, language) for column in found.columns)
    parts = [
        f'<p class="g-source">{escape(heard)}</p>',
        "".join(warning(code, language) for code in found.warnings),
        _agreement(found, language),
        f'<div class="g-beside" data-count="{len(found.columns)}" role="group" aria-label="{answers}">{columns}</div>',
        f'<p class="g-provenance">{escape(text("compare_total", language, **total))}</p>',
        f'<p class="g-saves"><a class="g-save" download="{stem_of(found.source)}.comparison.json" '
        f'href="{data_uri(found.json.encode(), "application/json")}">{escape(text("as_json", language))}</a></p>',
    ]
    label = escape(text("compare_agreement", language))
    return f'<section class="g-answer g-compared" aria-label="{label}">{"".join(parts)}</section>'


def empty(language: Language) -> str:
    """Return what stands in the comparison's place before there is one."""
    return (
        f'<section class="g-answer g-empty"><h2>{escape(text("compare_empty_title", language))}</h2>'
        f"<p>{escape(text('compare_empty', language))}</p></section>"
    )


def _agreement(found: Compared, language: Language) -> str:
    parts = []
    for entry in found.agreements:
        words = "".join(f"<p>{escape(said)}</p>" for said in details(entry, language))
        number = escape(divergence(entry, language))
        parts.append(
            f'<h2>{escape(first(entry, language))}</h2>{words}<p class="g-divergence">{number}</p>'
            f'<span class="g-bar" role="meter" aria-label="{number}" aria-valuemin="0" aria-valuemax="1" '
            f'aria-valuenow="{entry.divergence:.3f}"><span style="width:{100 * entry.divergence:.2f}%"></span></span>'
        )
    if found.agreements:
        parts.append(f'<p class="g-help">{escape(scale(language))}</p>')
    parts += [f"<p>{escape(said)}</p>" for said in gaps(found.families, language)]
    return f'<div class="g-agreement">{"".join(parts)}</div>'


def _column(shown: Shown, found: Compared, language: Language) -> str:
    row = shown.row
    name = escape(row["reference"])
    if "error" in row:
        heading = f"<h3>{name}</h3>"
        return f'<article class="g-model">{heading}<p class="g-refused">{escape(shown.reasons[language])}</p></article>'
    label = text("spectrogram_alt", language, start=clock(found.start), end=clock(found.start + found.heard_seconds))
    about = [
        shown.provenance[language],
        took(row, language),
        text("fingerprint", language, digest=row["weights"]["sha256"][:12]),
    ]
    parts = [
        f"<h3>{name} <small>{escape(kind(row, language))}</small></h3>",
        figure(shown.picture, label) if shown.picture else "",
        bars(row["top"], language),
        "".join(warning(code, language, row["unsure_below"]) for code in row["warnings"] if code not in found.warnings),
        f'<p class="g-provenance">{"<br>".join(map(escape, about))}</p>',
    ]
    return f'<article class="g-model">{"".join(parts)}</article>'


def _genre(found: "Agreement", genre_id: str, language: Language) -> str:
    return display(found.taxonomy[genre_id], language)


def _all(words: Sequence[str], language: Language) -> str:
    return text("compare_and", language).join(words)
