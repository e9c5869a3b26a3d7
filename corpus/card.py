"""The model cards of the embedded weights, written from config.json and from what was counted while measuring."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from corpus import descriptors
from genre.evaluation import Evaluation
from genre.figures import confusion, fine_truths
from genre.recipe import Progress, Recipe

ERRORS = 8  # the most frequent ones are listed

CARD = """---
license: mit
library_name: pytorch
pipeline_tag: audio-classification
tags: [music, genre, {tag}]
---

# {name}: embedded weights

**What it is.** A {backbone} with one linear layer on its pooled features ({parameters:.1f} M parameters), stored in 8
bits per weight with a scale for each output channel. It reads the {transform} spectrogram of {window:.1f} s of sound,
{size}×{size} pixels, and gives probabilities over the {classes} genres of the taxonomy `{taxonomy}`. `config.json`
holds everything an answer depends on.

**What it is not.** {is_not}

## Training

- **Music.** {trained_on}. The rendered clips come from `corpus/`: popular genres composed over MMA's accompaniment
  patterns, classical ones played from scores of the Mutopia Project (public domain, CC BY, CC BY-SA); FluidSynth with
  two SoundFonts (FluidR3 GM, TimGM6mb), synthetic singers and drums, and a production drawn at random. Seed, work and
  every choice of a clip stand in its manifest line. [`corpus/RECORDINGS.md`]({root}corpus/RECORDINGS.md) credits the
  others. Their labels are guesses from titles and prompts, often of several genres at once; such a clip is learned as
  the sum of their probabilities.
- **Picture.** {transform}, decibels clipped at their 1 % and 99 % quantiles, three equal channels; transposed,
  stretched, shifted, equalised, smeared and masked while training.
- **Fit.** {begun}; then {stages}, one random window of a clip at a time. AdamW, label smoothing {smoothing}, a
  learning-rate cycle for each stage (peak {rate}). The epoch with the highest accuracy on {held:.0%} of the training
  clips' groups was kept: {accuracy:.0%}{flatters}. `EDITIONS` in `corpus/edition.py` has the recipe.
  This took {hours:.1f} hours on one core, shared with other work, of an AMD EPYC in bfloat16: the fit is not converged.

## Measured

Through the path that answers a user, at temperature {temperature}, stored in 8 bits unless a line says otherwise.

| Clips | Measure | Result | 95 % interval |
|---|---|---|---|
{rows}

{sources}

Calibration: the temperature was fitted on the held-out clips of weak labels{emotify_calibration}.

### What the errors look like

Rendered test clips, the most frequent ones: {errors}.

{tables}

### Rendered against real music

![Onset rate, spectral centroid, flatness, dynamic range, percussive share and low energy of rendered and real
clips]({root}docs/descriptors.png)

Boxes are quartiles of up to {limit} clips of a group; `corpus/descriptors.py` drew them.

## Limits

{limits}

## Licence

MIT, for the weights and the code that made them.
"""
OF_TAXONOMY = {
    "ccmusic16": {
        "is_not": "It is not the CCMusic checkpoint of such a name, which has another head and another picture and was "
        "trained on recordings of CCMusic's data set. None of that data was heard here.",
        "limits": """- A first guess. For real music the CCMusic checkpoints are the better choice (`genre download`).
- It always names one of its 16 genres: jazz, metal or speech get the class they resemble most.
- Rendered music is cleaner and more regular than records. Guitars, drums and voices in particular do not sound like
  those on records, so rock is easily missed.
- Several classes differ by production, era or audience and not by notes (teen pop, adult contemporary, soft rock). What
  is measured for them on rendered clips is how well the table of our own corpus was learned.""",
    },
    "acousticsense16": {
        "is_not": "It is not the network of the AcousticSense article, whose weights are not published; only the list "
        "of genres is the same.",
        "limits": """- A first guess. No published checkpoint has these 16 genres; train your own (`genre train`).
- It always names one of its 16 genres, also for speech or noise.
- Hip-hop and rap overlap by nature, as do folk, country and world; "world" here means a few instruments and scales.
- Pop, rock, electronic and R&B were learned from music rendered for CCMusic's classes.""",
    },
}
SCRATCH = "From random weights"
FLATTERS = ", which flatters: earlier legs had learned from some of these"
# To be kept true: how often these recordings were listened to before the figures of the cards were taken.
LOOKS = (
    "Six earlier looks at them, at earlier editions and on the way to these, showed that ambient music was heard as "
    "classical and rock as soul: more of electronic music and rock was rendered then, and weak labels were weighed "
    "anew. The plot below, made of the same recordings, led to wider dynamics, less distortion and less compression."
)
SOURCES = {
    "rendered": "**Rendered** clips are 30 s each, of seeds and works that training never used, played by a SoundFont "
    "(MuseScore General) that it never heard, with the same composer, tables and studio: the figure says how well the "
    "rules of our own corpus were learned.",
    "open_audio_held_out": "**Weakly labelled** clips are freely licensed music that training never used. {generated} "
    "of them were made by a generator that training heard, from other prompts; the others, recorded or produced, come "
    "from sources that it never heard. Right is an answer among the genres that the label leaves. Most are electronic, "
    "and few sources made them.",
    "emotify_dev": "**Real recordings** are one-minute clips of the Emotify set (Aljanaki, Wiering, Veltkamp 2016; "
    "30 s heard), of which only figures are kept. They were never trained on and chose no epoch. {looks} Their four "
    "labels are compared with the sums of the probabilities of the genres they cover (`GROUPS` in `corpus/real.py`).",
    "examples": "**Examples** are the 16 bundled clips of 24 s, of works and seeds of their own, but played by a "
    "SoundFont (FluidR3 GM) that training heard, in an earlier studio; re-recorded means played in a simulated room "
    "and taken up by a simulated telephone microphone.",
}
KINDS = {
    "rendered": "rendered",
    "rendered_before_8_bit_storage": "rendered, weights before they were stored in 8 bits",
    "open_audio_held_out": "weakly labelled, not learned from",
    "open_audio_held_out_recorded": "of these, of unheard sources (recorded or produced)",
    "emotify_dev": "real recordings",
    "examples": "bundled examples",
    "examples_re_recorded": "bundled examples, re-recorded",
}
MEASURES = {
    "top1": "top-1 of the genres",
    "top3": "top-3",
    "macro_f1": "macro-F1",
    "group_accuracy": "right group",
    "top_level_balanced": "classic against the rest, balanced",
    "compatible": "answer compatible with the label",
    "coarse_accuracy": "right one of 4 coarse labels (chance 25 %)",
}
SHOWN = {
    "rendered": ("top1", "top3", "macro_f1", "group_accuracy", "top_level_balanced"),
    "rendered_before_8_bit_storage": ("top1",),
    "open_audio_held_out": ("compatible", "top1"),
    "open_audio_held_out_recorded": ("compatible",),
    "emotify_dev": ("coarse_accuracy", "top_level_balanced"),
    "examples": ("top1",),
    "examples_re_recorded": ("top1",),
}


def card(
    config: Mapping[str, Any],
    recipe: Recipe,
    history: list[Progress],
    evaluations: Mapping[str, Evaluation],
    words: Mapping[str, str],
    *,
    parameters: int,
    root: str,
) -> str:
    """Return the model card of a folder, in Markdown.

    `words` is what only the caller knows: how the fit was `begun`, and how many held-out clips are `generated`. `root`
    leads from the folder to the top of the repository.
    """
    measured = config["measured"]
    best = max((e for e in history if e.image_size == recipe.stages[-1][0]), key=lambda entry: entry.merit)
    if "emotify_dev" in measured:
        names = "emotify_dev_without_temperature", "emotify_dev"
        before, after = (measured[name]["calibration_error"] for name in names)
        calibration = (
            f" and judged on the real recordings: expected calibration error {after:.1%}, without it {before:.1%}"
        )
    else:
        error = measured["open_audio_held_out"]["calibration_error"]
        calibration = f", on which the expected calibration error is {error:.1%}: a figure that flatters"
    return CARD.format(
        name=config["name"],
        backbone=recipe.backbone,
        tag=recipe.spectrogram.transform,
        transform=recipe.spectrogram.transform.upper() if recipe.spectrogram.transform == "cqt" else "mel",
        parameters=parameters / 1e6,
        window=recipe.spectrogram.window_seconds,
        size=recipe.spectrogram.image_size,
        classes=len(evaluations["rendered"].taxonomy),
        taxonomy=config["taxonomy"],
        trained_on=config["weights"]["trained_on"],
        stages=" and ".join(f"{epochs} epochs at {size}×{size}" for size, epochs in recipe.stages),
        smoothing=recipe.label_smoothing,
        rate=recipe.learning_rate,
        held=recipe.validation,
        accuracy=best.accuracy,
        flatters=FLATTERS if words["begun"] != SCRATCH else "",
        hours=sum(entry.seconds for entry in history) / 3_600,
        temperature=round(config["temperature"] or 1.0, 2),
        rows="\n".join(_rows(measured)),
        sources="\n\n".join(text.format(looks=LOOKS, **words) for name, text in SOURCES.items() if name in measured),
        emotify_calibration=calibration,
        errors=_errors(evaluations["rendered"]),
        tables="\n\n".join(_tables(evaluations)),
        root=root,
        limit=descriptors.LIMIT,
        begun=words["begun"],
        **OF_TAXONOMY[config["taxonomy"]],
    )


def _rows(measured: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, measures in SHOWN.items():
        for measure in measures:
            if measure in measured.get(name, {}):
                figure = measured[name][measure]
                value, interval = figure["share"], figure["interval"]
                percent = measure != "macro_f1"
                told = f"{100 * value:.1f} %" if percent else f"{value:.2f}"
                between = ""
                if interval:
                    low, high = interval
                    between = f"{100 * low:.0f}–{100 * high:.0f} %" if percent else f"{low:.2f}–{high:.2f}"
                rows.append(f"| {figure['clips']} {KINDS[name]} | {MEASURES[measure]} | **{told}** | {between} |")
            if measure == "coarse_accuracy" and measure in measured.get(name, {}):
                recall = measured[name]["recall"]
                told = " / ".join(f"{100 * share:.0f}" for share in recall.values())
                rows.append(f"| – {' / '.join(recall)} | right one of 4 | {told} % | |")
    return rows


def _errors(rendered: Evaluation) -> str:
    """Return who is taken for whom most often, in words."""
    matrix = confusion(fine_truths(rendered), rendered.answered, len(rendered.taxonomy))
    support = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    ids = rendered.taxonomy.ids
    worst = np.argsort(-matrix, axis=None, kind="stable")[:ERRORS]
    pairs = [(*np.unravel_index(place, matrix.shape),) for place in worst]
    return "; ".join(
        f"{ids[true]} taken for {ids[said]} ({matrix[true, said]} of {support[true]})"
        for true, said in pairs
        if matrix[true, said]
    )


def _tables(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """Return the confusion matrices: rendered genres, and real recordings by coarse label where there are any."""
    rendered = evaluations["rendered"]
    ids = rendered.taxonomy.ids
    numbered = [f"{index} {genre_id}" for index, genre_id in enumerate(ids)]
    columns = [str(index) for index in range(len(ids))]
    found = ["Rendered test clips, counted:"]
    found.append(_table(numbered, columns, confusion(fine_truths(rendered), rendered.answered, len(ids))))
    emotify = evaluations.get("emotify_dev")
    if emotify is not None and emotify.coarse is not None:
        true, answered, _ = emotify.coarse
        names = list(emotify.mapping)
        found += ["Real recordings, counted:", _table(names, names, confusion(true, answered, len(names)))]
    return found


def _table(rows: list[str], columns: list[str], matrix: Any) -> str:
    head = f"| true \\ answered | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    return head + "\n".join(
        f"| {name} | {' | '.join(str(count or '') for count in counts)} |"
        for name, counts in zip(rows, matrix.tolist(), strict=True)
    )
