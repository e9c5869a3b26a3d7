"""A library's report says what its rows say, loads nothing from elsewhere, and trusts no name."""

import re
from pathlib import Path

import pytest

from genre.genre_words import Words, words
from genre.labels import CCMUSIC16, LANGUAGES, Language
from genre.library_report import DOUBTFUL, FAILURES, MARK, TAGS, TAGS_KEPT, WARNINGS, Summary, html
from genre.report_texts import REPORT
from genre.rows import Row


def row(source: str, genre_id: str, probability: float, tag: str | None = None) -> Row:
    genre = CCMUSIC16[genre_id]
    best = {"id": genre_id, "en": genre.en, "zh": genre.zh, "probability": probability}
    made: dict[str, object] = {
        "source": source,
        "model": "m",
        "weights": {"trained_on": "songs"},
        "top": [best],
        "warnings": ["unsure"] if probability < 0.6 else [],
    }
    return {**made, "tag": tag} if tag else made


def report(rows: list[Row], language: Language = "en", known: Words | None = None) -> str:
    return html(rows, Path("rows.jsonl"), Path("out/report.html"), language, known or words(CCMUSIC16))


@pytest.mark.parametrize("language", LANGUAGES)
def test_genres_are_counted(language: Language) -> None:
    rows = [row(f"{n}.mp3", genre, 0.9) for n, genre in enumerate(["solo", "opera", "solo", "solo"])]
    page = report([*rows, {"source": "bad.mp3", "error": "bad.mp3: no"}], language)
    assert MARK in page
    assert f"{CCMUSIC16['solo'].en if language == 'en' else CCMUSIC16['solo'].zh}" in page
    assert '--share: 75.0%">75.0%<' in page
    assert "<audio" not in page
    assert REPORT["library_doubtful"][language] not in page
    assert ">bad.mp3</td>" in page
    assert ">no</td>" in page


def test_failures_are_told_in_the_language() -> None:
    error = "there is no such file. Check the path."
    page = report([{"source": "a.mp3", "error": f"a.mp3: {error}"}], "zh")
    assert ">没有这个文件。请检查路径。</td>" in page
    assert error not in page


def test_the_least_sure_come_first_and_not_too_many() -> None:
    rows = [row(f"{n:03}.mp3", "solo", 0.1 + n / 1_000) for n in reversed(range(DOUBTFUL + 30))]
    players = re.findall(r'<audio [^>]*src="([^"]+)"', report(rows))
    assert players == [f"../{n:03}.mp3" for n in range(DOUBTFUL)]


def test_failures_are_not_too_many() -> None:
    page = report([{"source": f"{n}.mp3", "error": f"{n}.mp3: no"} for n in range(FAILURES + 9)])
    assert page.count(">no</td>") == FAILURES
    assert REPORT["library_no_lead"]["en"] in page
    assert f">{FAILURES + 9}</td>" in page


def test_no_name_is_taken_for_anything_else() -> None:
    names = ["<script>.mp3", 'a" onload="x.mp3', "javascript:x.mp3", "odd\udcff 1#?.mp3", "\u202e3pm.mp3"]
    page = report([row(name, "solo", 0.2) for name in names])
    assert "<script" not in page
    assert '" onload="' not in page
    assert "\u202e" not in page
    players = re.findall(r'src="([^"]+)"', page)
    assert "../odd%FF%201%23%3F.mp3" in players
    assert "../javascript%3Ax.mp3" in players


def test_tags_are_set_against_answers(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("soft_rock: Rock\nacoustic_pop: Rock\n")
    stated = [
        ("soft_rock", "Rock"),
        ("acoustic_pop", "rock "),
        ("opera", "ROCK"),
        ("opera", "Polka; Opera"),
        ("solo", "<Jazz>"),
        ("solo", "<jazz>"),
        ("opera", "<Jazz>"),
        ("solo", None),
    ]
    rows = [row(str(number), genre, 0.9, tag) for number, (genre, tag) in enumerate(stated)]
    page = report(rows, known=words(CCMUSIC16, tmp_path / "words.yaml"))
    assert "<h2>What the files say of themselves</h2>" in page
    assert "Of 4 recordings whose tag is a genre that the model knows, 3 got that answer (75%)." in page
    rock = page[page.index(">Rock (3)</th>") :].split("</tr>")[0]
    assert rock.count('--share: 33%"><strong>1</strong></td>') == 2
    assert rock.count('--share: 33%">1</td>') == 1
    assert ">Polka; Opera (1)</th>" in page
    assert "none of the model&#x27;s genres: 1;" in page
    assert '<th scope="row">&lt;Jazz&gt;</th><td class="number">3</td><td>Solo 2, Opera 1</td>' in page


def test_tags_are_not_too_many() -> None:
    found = Summary(words(CCMUSIC16))
    for number in range(TAGS_KEPT + 50):
        found.add_tag(f"tag {number}", "solo")
    found.add_tag("TAG 7", "solo")
    assert len(found.tags) == TAGS_KEPT
    assert found.tags["tag 7"].answers["solo"] == 2
    page = report([row(str(number), "solo", 0.9, f"tag {number}") for number in range(TAGS + 9)])
    assert page.count('<th scope="row">tag ') == TAGS
    assert f"none of the model&#x27;s genres: {TAGS + 9};" in page


def test_every_warning_has_words() -> None:
    assert {f"library_{code}" for code in WARNINGS} <= REPORT.keys()
