"""A measurement as one HTML file that needs nothing else: no network, pictures inside, for light and dark screens."""

import base64
from collections.abc import Mapping, Sequence

from genre import __version__, figures, plots
from genre import report_page as page
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

MISTAKES = 20
CSS_PIXELS_PER_INCH = 96


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
        f"<h1>{page.text(title)}</h1>",
        f'<p class="soft">{page.text(measured_on)}</p>',
        f'<p class="soft">{page.text(provenance)}<br><code>'
        f"{page.text(words('fingerprint', language, digest=card.sha256))}</code></p>",
        f'<p class="lead">{page.text(summary(measured, language))}</p>',
        *(f"<p>{page.text(caution)}</p>" for caution in cautions if caution),
    ]
    if len(e):
        dark = pictures(measured, language, dark=True)
        images = {name: _picture(light[name], dark[name], name, language) for name in light}
        parts += [
            page.section("figures", language, _figures(found, language)),
            page.section(
                "confusion",
                language,
                page.paragraph("confusion_help", language),
                *(
                    page.wide("confusion", image, language)
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
    return page.document(title, parts, language)


def _figures(found: figures.Figures, language: Language) -> str:
    head = ("figure", "value", "interval", "clips")
    # Long text has a row of its own: beside the numbers a phone has no room for it.
    rows = (
        f'<tr class="explained"><th scope="row">{page.text(line.name)}</th>{page.number(line.value)}'
        f"{page.number(line.interval)}{page.number(line.clips)}</tr>"
        f'<tr><td class="soft" colspan="4">{page.text(words(f"figure_{line.key}_help", language))}</td></tr>'
        for line in lines(found, language)
    )
    return page.table("figures", head, rows, language)


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
    parts = [f"<p>{page.text(text)}</p>"]
    if measured.fit_wanted:
        parts.append(f"<p>{page.text(temperature_words(measured, language))}</p>")
    shown = "".join(image for name, image in images.items() if name.startswith("reliability"))
    return page.section("reliability", language, *parts, f'<div class="diagrams">{shown}</div>')


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
        spread = f'<span class="interval">{page.text(between)}</span>' if between else ""
        rows.append(
            f'<tr><th scope="row">{page.text(name)}</th>{page.number(str(entry.support))}'
            f"{page.number(str(entry.answered))}"
            f'<td class="number share" {share}>{percent(recall.value) if recall else "–"}{spread}</td>'
            f"{page.number('–' if entry.precision is None else percent(entry.precision))}"
            f"{page.number('–' if entry.f1 is None else f'{entry.f1:.3f}')}</tr>"
        )
    return page.section(
        key, language, page.paragraph("per_class_help", language), page.table(key, head, rows, language)
    )


def _mistakes(measured: Measurement, language: Language) -> str:
    e = measured.evaluation
    good = [entry for entry in measured.heard if entry.windows is not None]
    confidence = e.probabilities.max(axis=1)
    wrong = sorted((~e.compatible).nonzero()[0], key=lambda index: -confidence[index])[:MISTAKES]
    if not wrong:
        return page.section("mistakes", language, page.paragraph("no_mistakes", language))
    rows = []
    for index in wrong:
        clip = good[index].clip
        label = class_name(clip.label, e, language)
        answered = class_name(e.taxonomy.ids[e.answered[index]], e, language)
        rows.append(
            f'<tr class="explained"><td>{page.text(label)}</td><td>{page.text(answered)}</td>'
            f"{page.number(percent(float(confidence[index])))}</tr>"
            f'<tr><td class="soft file" colspan="3">{page.text(str(clip.path))}</td></tr>'
        )
    table = page.table("mistakes", ("label", "answer", "probability"), rows, language)
    return page.section(
        "mistakes", language, f"<p>{page.text(words('mistakes_help', language, count=MISTAKES))}</p>", table
    )


def _failures(measured: Measurement, language: Language) -> str:
    rows = []
    for entry in measured.heard:
        if entry.error is not None:
            path = entry.clip.path
            reason = entry.error.removeprefix(f"{path}: ")  # the file stands beside it
            rows.append(
                f'<tr><td class="file">{page.text(str(path))}</td><td class="file">{page.text(reason)}</td></tr>'
            )
    return (
        page.section("failures", language, page.table("failures", ("file", "reason"), rows, language)) if rows else ""
    )


def _method(language: Language) -> str:
    text = words("method_text", language, rounds=figures.ROUNDS, version=__version__)
    return page.section("method", language, f'<p class="soft">{page.text(text)}</p>')


def _picture(light: bytes, dark: bytes, name: str, language: Language) -> str:
    kind = name.split("_")[0]
    alt = page.text(words(f"{kind}_alt", language))
    width = int.from_bytes(light[16:20], "big") * CSS_PIXELS_PER_INCH // plots.DPI  # the header of a PNG holds its size
    least = f' style="min-width: min(36rem, {width}px)"' if kind == "confusion" else ""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{_data_uri(dark)}">'
        f'<img width="{width}"{least} src="{_data_uri(light)}" alt="{alt}"></picture>'
    )


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
