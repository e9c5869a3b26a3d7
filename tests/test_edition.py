"""What is published with the embedded weights says what was measured, and credits whose music was learned from."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus import card, edition, real
from genre import store
from genre.classifier import Classifier
from genre.datasets import Clip
from genre.evaluation import Evaluation, Heard, assess, evaluate
from genre.labels import CCMUSIC16
from genre.recipe import Progress
from genre.settings import Settings


def answers(labels: dict[str, str], mapping: dict[str, tuple[str, ...]] | None = None) -> Evaluation:
    """Twelve recordings of every label, all answered with the genre beside it."""
    heard = [
        Heard(
            Clip(Path(f"{label}{n}"), label, f"{label}{n}"), 0.9 * np.eye(16)[CCMUSIC16.ids.index(said)][None] + 0.00625
        )
        for label, said in labels.items()
        for n in range(12)
    ]
    return assess(heard, CCMUSIC16, mapping)


@pytest.fixture
def written() -> str:
    right = {"solo": "solo", "soft_rock": "teen_pop"}
    coarse = answers({"classical": "solo", "rock": "teen_pop", "pop": "teen_pop"}, real.GROUPS)
    found = {
        "rendered": answers(right),
        "rendered_before_8_bit_storage": answers(right),
        "open_audio_held_out": answers(right),
        "open_audio_held_out_recorded": answers({"solo": "solo"}),
        "emotify_dev": coarse,
        "emotify_dev_without_temperature": coarse,
        "examples": answers(right),
        "examples_re_recorded": answers(right),
    }
    measured = {name: edition._figures(evaluation) for name, evaluation in found.items()}
    assert all(figures["groups"] == figures["clips"] for figures in measured.values())
    config = {
        "name": "vgg19_bn_cqt",
        "taxonomy": "ccmusic16",
        "temperature": 1.25,
        "weights": {"trained_on": "24 clips", **edition._claims(measured)},
        "measured": measured,
    }
    history = [
        Progress(1, 6, 112, 2.0, 0.9, 1.0, 60.0),
        Progress(6, 6, 224, 1.0, 0.41, 1.0, 3_540.0),
    ]
    recipe = replace(edition.EDITIONS["vgg19_bn_cqt"].recipe, stages=((112, 5), (224, 1)))
    words = {"begun": "From random weights", "generated": "7"}
    return card.card(config, recipe, history, found, words, parameters=20_000_000, root="../")


def test_a_card_states_every_figure_with_its_clips_and_interval(written: str) -> None:
    lines = written.splitlines()
    assert "{" not in written
    top1 = next(line for line in lines if line.startswith("| 24 rendered | top-1"))
    assert "**50.0 %**" in top1
    assert "–" in top1.rsplit("|", 2)[1]  # the interval
    assert any("36 real recordings | right one of 4" in line and "**66.7 %**" in line for line in lines)
    assert any("classical / electronic / rock / pop" in line or "classical / rock / pop" in line for line in lines)
    assert "12 of these, of unheard sources" in written
    assert "soft_rock taken for teen_pop (12 of 12)" in written
    assert "temperature 1.25" in written
    assert "7 of them were made by a generator that training heard" in written
    assert "41%." in written  # nothing was learned before; of the full-sized epoch, not the 90 % of the small one
    assert "1.0 hours" in written


def test_a_cards_tables_count_every_clip(written: str) -> None:
    counts = [line for line in written.splitlines() if line.startswith(("| 2 solo ", "| 14 soft_rock "))]
    assert [sum(int(cell) for cell in line.split("|")[2:] if cell.strip()) for line in counts] == [12, 12]
    (rock,) = (line for line in written.splitlines() if line.startswith("| rock |"))
    assert [cell.strip() for cell in rock.split("|")[2:-1]] == ["", "", "", "12"]


def test_recordings_of_one_artist_are_one_group(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,genre,text\nrock_1.opus,rock,Ada Lee - One\nrock_2.opus,rock,ada lee - Two\npop_1.opus,pop,Bo - One\n"
    )
    clips = edition._emotify(tmp_path)
    assert [clip.group for clip in clips] == ["ada lee", "ada lee", "bo"]
    assert [clip.path.name for clip in clips] == ["rock_1.opus", "rock_2.opus", "pop_1.opus"]


def test_what_is_said_to_be_of_unheard_sources_is() -> None:
    folders = [hashlib.sha256(bytes([n])).hexdigest()[:12] for n in range(40)]
    fixed = {"ccmusic16": "Dance pop", "acousticsense16": "", "origin": "recorded or produced"}
    rows = [{"file": f"{folder}/{n}.opus", "text": f"tune {n}", **fixed} for folder in folders for n in range(3)]
    train, held, _ = real.tables(rows, Path("/music"), CCMUSIC16)
    taught, unheard = ({Path(entry["path"]).parent for entry in side} for side in (train, held))
    assert taught
    assert unheard
    assert not taught & unheard


def test_whose_music_was_learned_from_is_credited_and_the_held_out_is_not() -> None:
    def row(album: int, origin: str = "recorded or produced") -> dict[str, str]:
        return {"file": f"album{album}/a.opus", "text": f"tune | {album}", "ccmusic16": "Dance pop",
                "acousticsense16": "", "origin": origin, "source": f"shop {album}", "licence": "CC BY 4.0"}  # fmt: skip

    rows = [row(n) for n in range(40)] + [row(99, real.GENERATED)]
    train, held, _ = real.tables(rows, Path("/music"), CCMUSIC16)
    assert {entry["domain"] for entry in train + held} == {real.GENERATED, real.RECORDED}
    text = real.credits_of(rows)
    for entry in train + held:
        album = Path(entry["path"]).parent.name.removeprefix("album")
        if entry["domain"] == real.RECORDED:
            assert (f"| tune ; {album} | shop {album} | CC BY 4.0 |" in text) == (entry in train)
    generated = next(entry for entry in train + held if entry["domain"] == real.GENERATED)
    assert ("1 AI-generated clips of shop 99" in text) == (generated in train)


def test_tempered_answers_are_those_of_the_model_with_that_temperature() -> None:
    clips = [Clip(path, path.stem, path.stem) for path in sorted(edition.EXAMPLES.glob("s*.mp3"))]
    embedded = store.find("embedded:vgg19_bn_cqt", Settings())
    plain, warm = (Classifier(replace(embedded, temperature=degrees)) for degrees in (1.0, 2.5))
    tempered = edition._tempered(evaluate(plain, clips), 2.5)
    np.testing.assert_allclose(tempered.probabilities, evaluate(warm, clips).probabilities, atol=1e-5)
