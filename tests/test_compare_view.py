"""A comparison in words: what is said is what was found, in both languages."""

import re
from dataclasses import replace

import numpy as np
import pytest

from genre.comparison import Agreement, divergence
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, LANGUAGES, Language
from genre.web import compare_view
from genre.web.compare_view import Compared, Shown, sentences

FOUND = Agreement(
    taxonomy=CCMUSIC16,
    models=("a_cqt", "b_mel", "c_cqt"),
    first=("soft_rock", "acoustic_pop", "soft_rock"),
    shared=("soft_rock", "solo"),
    shortlist=5,
    widest="acoustic_pop",
    least=("c_cqt", 0.041),
    most=("b_mel", 0.52),
    divergence=0.234,
    pairs=(("a_cqt", "b_mel", 0.21), ("a_cqt", "c_cqt", 0.02), ("b_mel", "c_cqt", 0.33)),
)


def said(found: Agreement, language: Language = "en") -> str:
    return "\n".join(sentences(((found.taxonomy, found.models),), (found,), language))


def test_where_models_differ_is_said_with_names_and_numbers() -> None:
    words = said(FOUND)
    for part in (
        "They disagree: Soft rock (a_cqt, c_cqt); Acoustic pop (b_mel).",
        "one group",  # both are rock
        "Among the first 5 of every model: Soft rock, Solo.",
        "most on Acoustic pop: 52.0% with b_mel, 4.1% with c_cqt",
        "Closest are a_cqt and c_cqt (0.02), farthest apart b_mel and c_cqt (0.33)",
        "Divergence 0.23 (a_cqt, b_mel, c_cqt)",
    ):
        assert part in words
    chinese = said(FOUND, "zh")
    for part in ("软摇滚（a_cqt、c_cqt）；原声流行（b_mel）", "同一组", "软摇滚、独奏", "52.0%", "0.23"):
        assert part in chinese


def test_where_they_agree_nothing_is_made_of_it() -> None:
    agreed = replace(FOUND, first=("solo",) * 3, most=("b_mel", 0.043), pairs=FOUND.pairs[:1])
    words = said(agreed)
    assert "They agree: Solo (a_cqt, b_mel, c_cqt)." in words
    for absent in ("disagree", "one group", "differ most", "Closest"):
        assert absent not in words
    assert "one group" not in said(replace(FOUND, first=("solo", "soft_rock", "solo")))
    assert "No genre is among the first 5" in said(replace(FOUND, shared=()))


def test_the_scale_is_true() -> None:
    near, far = (divergence(np.array([[p, 1 - p], [1 - p, p]])) for p in (0.6, 0.9))
    assert (f"{near:.2f}", f"{far:.2f}") == (compare_view.SCALE["near"], compare_view.SCALE["far"])
    assert "60 : 40 against 40 : 60 is 0.03" in compare_view.scale("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_no_number_the_reason_is_said(language: Language) -> None:
    two = ((CCMUSIC16, ("a_cqt",)), (ACOUSTICSENSE16, ("d_cqt",)))
    (words,) = sentences(two, (), language)
    assert all(part in words for part in ("ccmusic16", "a_cqt", "acousticsense16", "d_cqt"))
    (words,) = sentences(two[:1], (), language)
    assert "a_cqt" in words
    (words,) = sentences((), (), language)
    assert words
    assert not re.search(r"\d\.\d\d", words)


def test_times_say_what_was_loaded_and_what_was_shared() -> None:
    row = {"seconds": {"spectrogram": 0.123, "load": 0.0, "network": 0.456}, "spectrogram_of": None}
    assert compare_view.took(row, "en") == "network 0.46 s · spectrogram and picture 0.12 s · loaded before"
    row |= {"seconds": {"spectrogram": 0.01, "load": 1.5, "network": 0.1}, "spectrogram_of": "a_cqt"}
    assert compare_view.took(row, "en").endswith("the spectrogram is that of a_cqt) · loaded in 1.50 s")


def test_nothing_that_is_named_becomes_markup() -> None:
    evil = "<script>1</script>"
    found = Compared(
        source=f"{evil}.mp3",
        start=0.0,
        heard_seconds=12.0,
        columns=(Shown({"reference": evil, "error": evil}, reasons={"en": evil, "zh": evil}),),
        families=((CCMUSIC16, (evil,)),),
        agreements=(replace(FOUND, models=(evil, "b_mel", "c_cqt")),),
        warnings=(),
        seconds={"decode": 0.1, "total": 0.2},
        json="{}",
    )
    for language in LANGUAGES:
        page = compare_view.comparison(found, language)
        assert "<script" not in page
        assert "&lt;script&gt;" in page
