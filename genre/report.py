"""A measurement as one HTML file that needs nothing else: no network, pictures inside, for light and dark screens."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from genre import __version__, figures, plots
from genre.labels import Language
from genre.measurement import (
    Measurement,
    class_name,
    groups_words,
    interval,
    learned_words,
    lines,
    percent,
    pictures,
    summary,
    temperature_words,
)
from genre.report_texts import words
from genre.terminal import printable

MISTAKES = 20
CSS_PIXELS_PER_INCH = 96
STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #4b5866; --line: #d9dfe6;
  --accent: #0f766e; --bar: #cfe8e4; }
@media (prefers-color-scheme: dark) { :root { --paper: #0e1116; --card: #161b22; --ink: #e6ebf1; --soft: #a3b0be;
  --line: #2f3843; --accent: #2dd4bf; --bar: #164a45; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-family: system-ui, -apple-system,
  "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem;
  margin-top: 1.25rem; }
p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .92rem; }
.lead { font-size: 1.25rem; font-weight: 600; margin-top: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.file { overflow-wrap: anywhere; }
.share { min-width: 7rem;
  background: linear-gradient(var(--bar), var(--bar)) no-repeat left center / var(--share) 70%; }
.explained > * { border-bottom: 0; padding-bottom: 0; }
td.soft { font-size: .92em; }
.interval { display: block; color: var(--soft); font-size: .85em; }
img { display: block; max-width: 100%; height: auto; margin: .5rem auto; }
.diagrams { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
code { font-size: .85em; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding: 1rem .5rem 3rem; }
  section { padding: 1rem .75rem; }
  table { font-size: .85rem; }
  th, td { padding-right: .45rem; }
  tr > :last-child { padding-right: 0; }
  thead th { white-space: normal; }
  .share { min-width: 4.5rem; }
}
"""


def html(measured: Measurement, light: Mapping[str, bytes], provenance: str, language: Language) -> str:
    """Return the report.

    `light` are the pictures for a light page (see `pictures`); `provenance` says where the weights come from, in the
    language of the report.
    """
    e, found, card = measured.evaluation, measured.figures, measured.card
    title = words("title", language, model=card.name)
    heard_how = (
        words("heard_whole", language)
        if measured.clip_seconds is None
        else words("heard_seconds", language, seconds=measured.clip_seconds)
    )
    numbers = {"heard": found.clips, "clips": len(measured.heard), "groups": found.groups, "source": measured.source}
    cautions = (
        learned_words([entry.clip for entry in measured.heard], card, language),
        groups_words(found, language),
    )
    measured_on = words("measured", language, how=heard_how, **numbers)
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="soft">{_text(measured_on)}</p>',
        f'<p class="soft">{_text(provenance)}<br><code>{_text(words("fingerprint", language, digest=card.sha256))}'
        "</code></p>",
        f'<p class="lead">{_text(summary(measured, language))}</p>',
        *(f"<p>{_text(caution)}</p>" for caution in cautions if caution),
    ]
    if len(e):
        dark = pictures(measured, language, dark=True)
        images = {name: _picture(light[name], dark[name], name, language) for name in light}
        parts += [
            _section("figures", language, _figures(found, language)),
            _section(
                "confusion",
                language,
                _paragraph("confusion_help", language),
                *(
                    _wide("confusion", image, language)
                    for name, image in images.items()
                    if name.startswith("confusion")
                ),
            ),
            _reliability(measured, images, language),
            _classes("per_genre", found.per_genre, measured, language),
            _classes("per_coarse", found.per_coarse, measured, language),
            _mistakes(measured, language),
        ]
    parts += [_failures(measured, language), _method(language)]
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _figures(found: figures.Figures, language: Language) -> str:
    head = ("figure", "value", "interval", "clips")
    # Long text has a row of its own: beside the numbers a phone has no room for it.
    rows = (
        f'<tr class="explained"><th scope="row">{_text(line.name)}</th>{_number(line.value)}{_number(line.interval)}'
        f"{_number(line.clips)}</tr>"
        f'<tr><td class="soft" colspan="4">{_text(words(f"figure_{line.key}_help", language))}</td></tr>'
        for line in lines(found, language)
    )
    return _table("figures", head, rows, language)


def _reliability(measured: Measurement, images: dict[str, str], language: Language) -> str:
    found = measured.figures
    right = found.judged
    if found.confidence is None or right is None:
        return ""
    if right.high is not None and found.confidence > right.high:
        key = "overconfident"
    elif right.low is not None and found.confidence < right.low:
        key = "underconfident"
    else:
        key = "balanced"
    text = words(key, language, confidence=percent(found.confidence), accuracy=percent(right.value))
    parts = [f"<p>{_text(text)}</p>"]
    if measured.fit_wanted:
        parts.append(f"<p>{_text(temperature_words(measured, language))}</p>")
    shown = "".join(image for name, image in images.items() if name.startswith("reliability"))
    return _section("reliability", language, *parts, f'<div class="diagrams">{shown}</div>')


def _classes(key: str, classes: Sequence[figures.ClassFigures], measured: Measurement, language: Language) -> str:
    if not classes:
        return ""
    first = "genre" if key == "per_genre" else "label"
    head = (first, "clips", "answered", "recall", "precision", "f1")
    rows = []
    for entry in classes:
        name = entry.id if key == "per_coarse" else class_name(entry.id, measured.evaluation, language)
        recall = entry.recall
        share = f'style="--share: {percent(recall.value)}"' if recall else ""
        between = interval(recall, True) if recall else ""
        spread = f'<span class="interval">{_text(between)}</span>' if between else ""
        rows.append(
            f'<tr><th scope="row">{_text(name)}</th>{_number(str(entry.support))}{_number(str(entry.answered))}'
            f'<td class="number share" {share}>{percent(recall.value) if recall else "–"}{spread}</td>'
            f"{_number('–' if entry.precision is None else percent(entry.precision))}"
            f"{_number('–' if entry.f1 is None else f'{entry.f1:.3f}')}</tr>"
        )
    return _section(key, language, _paragraph("per_class_help", language), _table(key, head, rows, language))


def _mistakes(measured: Measurement, language: Language) -> str:
    e = measured.evaluation
    good = [entry for entry in measured.heard if entry.windows is not None]
    confidence = e.probabilities.max(axis=1)
    wrong = sorted((~e.compatible).nonzero()[0], key=lambda index: -confidence[index])[:MISTAKES]
    if not wrong:
        return _section("mistakes", language, _paragraph("no_mistakes", language))
    rows = []
    for index in wrong:
        clip = good[index].clip
        label = class_name(clip.label, e, language)
        answered = class_name(e.taxonomy.ids[e.answered[index]], e, language)
        rows.append(
            f'<tr class="explained"><td>{_text(label)}</td><td>{_text(answered)}</td>'
            f"{_number(percent(float(confidence[index])))}</tr>"
            f'<tr><td class="soft file" colspan="3">{_text(str(clip.path))}</td></tr>'
        )
    table = _table("mistakes", ("label", "answer", "probability"), rows, language)
    return _section("mistakes", language, f"<p>{_text(words('mistakes_help', language, count=MISTAKES))}</p>", table)


def _failures(measured: Measurement, language: Language) -> str:
    rows = []
    for entry in measured.heard:
        if entry.error is not None:
            path = entry.clip.path
            reason = entry.error.removeprefix(f"{path}: ")  # the file stands beside it
            rows.append(f'<tr><td class="file">{_text(str(path))}</td><td class="file">{_text(reason)}</td></tr>')
    return _section("failures", language, _table("failures", ("file", "reason"), rows, language)) if rows else ""


def _method(language: Language) -> str:
    text = words("method_text", language, rounds=figures.ROUNDS, version=__version__)
    return _section("method", language, f'<p class="soft">{_text(text)}</p>')


def _section(key: str, language: Language, *content: str) -> str:
    return f"<section>\n<h2>{_text(words(key, language))}</h2>\n{''.join(content)}\n</section>"


def _paragraph(key: str, language: Language) -> str:
    return f'<p class="soft">{_text(words(key, language))}</p>'


def _wide(key: str, content: str, language: Language) -> str:
    """Return what may be scrolled sideways, by the keyboard too; the key is that of its name."""
    label = _text(words(key, language))
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{content}</div>'


def _table(key: str, head: Iterable[str], rows: Iterable[str], language: Language) -> str:
    numbers = ("value", "interval", "clips", "answered", "recall", "precision", "f1", "probability")
    cells = "".join(
        f'<th scope="col"{" class=number" if key in numbers else ""}>{_text(words(f"column_{key}", language))}</th>'
        for key in head
    )
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return _wide(key, table, language)


def _number(text: str) -> str:
    return f'<td class="number">{_text(text)}</td>'


def _picture(light: bytes, dark: bytes, name: str, language: Language) -> str:
    kind = name.split("_")[0]
    alt = _text(words(f"{kind}_alt", language))
    width = int.from_bytes(light[16:20], "big") * CSS_PIXELS_PER_INCH // plots.DPI  # the header of a PNG holds its size
    least = f' style="min-width: min(36rem, {width}px)"' if kind == "confusion" else ""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{_data_uri(dark)}">'
        f'<img width="{width}"{least} src="{_data_uri(light)}" alt="{alt}"></picture>'
    )


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _text(text: str) -> str:
    """Return text as HTML; what nobody can see, such as a turn of the reading direction, is spelled out."""
    return escape(printable(text))
