"""The report is one file that asks for nothing, says the figures in both languages, and obeys no name in it."""

import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from genre import store
from genre.datasets import Clip
from genre.evaluation import Heard, Mapped, assess
from genre.figures import figures
from genre.labels import CCMUSIC16
from genre.measurement import (
    FILE_COLUMNS,
    Measurement,
    file_row,
    groups_words,
    headline,
    learned_words,
    pictures,
    summary,
    temperature_words,
)
from genre.report import html
from genre.report_texts import REPORT
from genre.settings import DEFAULT_MODEL, Settings
from genre.temperature import fit

HOSTILE = "<img src=x onerror=alert(1)>\u202e&\"'</title><script>alert(2)</script>.wav"
IDS = CCMUSIC16.ids
MAPPING = {"<b>古典</b>": IDS[:4], "other": IDS[4:]}


def measured(count: int = 60, mapping: Mapped | None = None, fit_wanted: bool = True) -> Measurement:
    """A measurement of `count` clips with random answers, of which the truth is often the likeliest, and a failure."""
    rng = np.random.default_rng(1)
    lost = Path("lost") / HOSTILE
    heard = [Heard(Clip(lost, "solo", "x"), None, f"{lost}: nothing to hear.")]
    for index in range(count):
        windows = rng.dirichlet(np.full(16, 0.2), 2)
        true = index % 16 if rng.random() < 0.4 else int(windows.mean(axis=0).argmax())
        label = next(iter(mapping)) if mapping and true < 4 else IDS[true]
        heard.append(Heard(Clip(Path(f"{index}{HOSTILE}"), label, str(index // 2)), windows))
    card = store.find(DEFAULT_MODEL, Settings())
    evaluation = assess(heard, card.taxonomy, mapping)
    found = figures(evaluation)
    fitted = fit(evaluation, card.temperature, found) if fit_wanted else None
    return Measurement(card, HOSTILE, 30.0, heard, evaluation, found, fitted, fit_wanted)


class Page(HTMLParser):
    """Tags with their attributes, and the text outside of style."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1][0] != "style":
            self.text += data


@pytest.mark.parametrize("mapping", [None, MAPPING], ids=["fine", "mixed"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_shows_everything_and_obeys_nothing(language: str, mapping: Mapped | None):
    found = measured(mapping=mapping)
    source = html(found, pictures(found, language), "made by <i>hand</i>", language)
    page = Page(source)
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags
    assert "i" not in tags
    assert "b" not in tags
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    addresses = [a[name] for _, a in page.tags for name in ("src", "srcset", "href") if name in a]
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert len(addresses) == 2 * (4 if mapping else 3)  # light and dark; two reliability diagrams
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    assert "url(" not in source.replace("data:", "")
    assert not re.search("https?://", source)

    assert "\u202e" not in source
    assert HOSTILE.replace("\u202e", r"\u202e") in page.text  # the name, in full, as text
    assert "made by <i>hand</i>" in page.text
    assert found.card.sha256 in page.text
    key, _, _ = headline(found.figures)
    assert f"{100 * getattr(found.figures, key).value:.1f}%" in page.text
    for heading in ("figures", "confusion", "reliability", "per_genre", "mistakes", "failures", "method"):
        assert REPORT[heading][language] in page.text
    assert (REPORT["per_coarse"][language] in page.text) == bool(mapping)
    assert CCMUSIC16["teen_pop"].en in page.text or language == "zh"
    assert CCMUSIC16["teen_pop"].zh in page.text or language == "en"
    assert f"{found.fit.temperature:.3g}" in page.text
    # What is wider than a phone can be scrolled by the keyboard, and has a name.
    wide = [attributes for _, attributes in page.tags if attributes.get("class") == "wide"]
    assert wide
    assert all(attributes.get("tabindex") == "0" and attributes.get("aria-label") for attributes in wide)
    failures = source.split(f"<h2>{REPORT['failures'][language]}")[1].split("</section>")[0]
    assert failures.count("lost/") == 1  # the reason does not say the path again
    assert ">nothing to hear." in failures


def constant(groups: int) -> Measurement:
    """A measurement of a model that says solo of every clip, two thirds of which are that."""
    windows = np.full((1, 16), 0.1 / 15)
    windows[0, IDS.index("solo")] = 0.9
    labels = ("solo", "solo", "chamber")
    heard = [Heard(Clip(Path(f"{i}.wav"), labels[i % 3], str(i % groups)), windows) for i in range(60)]
    card = store.find(DEFAULT_MODEL, Settings())
    evaluation = assess(heard, card.taxonomy)
    return Measurement(card, "music", 30.0, heard, evaluation, figures(evaluation), None, False)


def test_a_constant_answer_is_not_flattered():
    found = constant(60)
    assert headline(found.figures) == ("top1", 1 / 16, pytest.approx(2 / 3))
    assert found.figures.top1.value == pytest.approx(2 / 3)
    assert "66.7%" in summary(found, "en").split("the same answer every time")[1]
    assert "66.7%" in summary(found, "zh").split("同一个回答")[1]


def test_few_groups_are_told_and_have_no_interval():
    few, some, many = constant(4), constant(19), constant(20)
    assert REPORT["no_interval"]["en"] in summary(few, "en")
    for found in (some, many):
        assert REPORT["no_interval"]["en"] not in summary(found, "en")
    assert "19" in groups_words(some.figures, "en")
    assert groups_words(many.figures, "zh") == ""
    assert groups_words(few.figures, "en") in html(few, pictures(few, "en"), "", "en")


def test_clips_that_a_model_may_have_learned_from_are_told():
    clips = [Clip(Path("a"), "solo", "a", split=split) for split in ("train", "validation", "test", "")]
    found = constant(20)
    card = found.card
    assert "2 of 4" in learned_words(clips, card, "en")
    assert learned_words(clips[2:], card, "en") == ""
    heard = [replace(found.heard[0], clip=clips[0]), *found.heard[1:]]
    told = replace(found, heard=heard)
    assert learned_words([entry.clip for entry in heard], card, "zh") in html(told, pictures(told, "zh"), "", "zh")
    assert told.to_dict()["splits"] == ["", "train"]


def test_a_difference_that_may_be_chance_is_not_denied():
    """Nine of ten claimed, two thirds reached: four groups say nothing of it, sixty do."""
    few, many = constant(4), constant(60)
    assert "may be chance" in html(few, pictures(few, "en"), "", "en")
    assert "believes in itself too much" in html(many, pictures(many, "en"), "", "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_temperature_that_does_not_help_is_called_useless(language: str):
    found = measured()
    worse = replace(found.fit, after=replace(found.fit.after, log_loss=found.fit.before.log_loss + 0.01))
    better = replace(found.fit, after=replace(found.fit.after, log_loss=found.fit.before.log_loss - 0.01))
    assert (worse.helps, better.helps) == (False, True)
    useless = REPORT["temperature_useless"][language].split("{")[0]
    assert temperature_words(replace(found, fit=worse), language).startswith(useless)
    assert not temperature_words(replace(found, fit=better), language).startswith(useless)


def test_chinese_has_no_stray_spaces():
    found = constant(4)
    text = Page(html(found, pictures(found, "zh"), "", "zh")).text
    assert not re.search("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef] [\u4e00-\u9fff]", text)


def test_the_worst_mistakes_come_first_and_are_mistakes():
    found = measured(fit_wanted=False)
    source = html(found, pictures(found, "en"), "", "en")
    table = source.split(REPORT["mistakes_help"]["en"].format(count=20))[1].split("</table>")[0]
    shown = [float(share) for share in re.findall(r"([\d.]+)%", table)]
    e = found.evaluation
    wrong = 100 * np.sort(e.probabilities.max(axis=1)[~e.compatible])[::-1]
    assert shown == pytest.approx(wrong[:20], abs=0.051)


def test_a_report_of_nothing_heard_says_why():
    found = measured(count=0)
    source = html(found, pictures(found, "en"), "", "en")
    assert REPORT["nothing_heard"]["en"] in source
    assert "nothing to hear." in source
    assert "<img" not in source
    assert found.fit is None


def test_rows_of_files():
    mapping = {"low": IDS[:4], "high": IDS[4:]}
    windows = np.zeros((1, 16))
    windows[0, [2, 5, 6]] = 0.4, 0.35, 0.25
    row = file_row(Heard(Clip(Path("a.wav"), "low", ""), windows), CCMUSIC16, mapping)
    assert row == {
        "path": "a.wav",
        "label": "low",
        "answered": "solo",
        "probability": 0.4,
        "top3": "solo adult_contemporary teen_pop",
        "right": 1,
        "coarse_answered": "high",
        "coarse_right": 0,
    }
    assert set(row) < set(FILE_COLUMNS)
    plain = file_row(Heard(Clip(Path("a.wav"), "opera", ""), windows), CCMUSIC16, {})
    assert (plain["right"], "coarse_answered" in plain) == (0, False)
    failed = file_row(Heard(Clip(Path("a.wav"), "opera", ""), None, "why"), CCMUSIC16, {})
    assert failed == {"path": "a.wav", "label": "opera", "error": "why"}


@pytest.mark.parametrize("key", REPORT)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str):
    def blanks(words: str) -> set[str]:
        return {field for _, field, _, _ in string.Formatter().parse(words) if field}

    assert set(REPORT[key]) == {"en", "zh"}
    assert all(REPORT[key].values())
    assert blanks(REPORT[key]["en"]) == blanks(REPORT[key]["zh"])
    assert re.search("[\u4e00-\u9fff]", REPORT[key]["zh"]) or key == "column_f1"
