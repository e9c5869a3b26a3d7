"""A user's words for our genres are read from YAML, and what is wrong with them is said."""

from pathlib import Path

import pytest

from genre.errors import SettingsError
from genre.genre_words import FILE_BYTES_MAX, words
from genre.labels import ACOUSTICSENSE16, CCMUSIC16


def test_without_a_file_the_words_are_the_english_names() -> None:
    known = words(CCMUSIC16)
    assert known.of["soul_or_r_and_b"] == "Soul / R&B"
    assert set(known.of) == set(CCMUSIC16.ids)


def test_genres_are_named_by_id_or_name_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("soft_rock: Rock\nsolo: '古典 '\n交响乐: Classical\nCHAMBER : Classical\n", encoding="utf-8")
    known = words(CCMUSIC16, path)
    chosen = {genre: known.of[genre] for genre in ("soft_rock", "solo", "symphony", "chamber", "opera")}
    assert chosen == {
        "soft_rock": "Rock",
        "solo": "古典",
        "symphony": "Classical",
        "chamber": "Classical",
        "opera": "Opera",
    }
    assert known.meant_by("classical") == {"symphony", "chamber"}
    assert known.meant_by("Polka; ROCK") == {"soft_rock"}
    assert known.meant_by("Soft  Rock") == {"soft_rock"}
    assert known.meant_by("Soul/R&B") == known.meant_by("soul / r & b") == {"soul_or_r_and_b"}
    assert known.meant_by("软摇滚; opera") == {"soft_rock", "opera"}
    assert known.meant_by("Polka") == known.meant_by("") == frozenset()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- Rock\n", "must be a map"),
        ("", "must be a map"),
        ("rock 'n' roll: Rock\n", "there is no genre \"rock 'n' roll\"; there are: symphony, opera"),
        ("17: Rock\n", "there is no genre 17"),
        ("solo: 17\n", "the word for solo is no text: 17. Put quotes around it."),
        ("solo: no\n", "the word for solo is no text: False"),
        ("solo:\n", "the word for solo is no text: None"),
        ("solo: [A, B]\n", "the word for solo is no text"),
        ("solo: ' '\n", "must be one line of 1 to 100 letters"),
        ('solo: "a\\nb"\n', "must be one line"),
        ("solo: 'a; b'\n", "without ';'"),
        (f"solo: {'x' * 101}\n", "must be one line"),
        ("solo: A\nSolo: B\n", "solo has two words"),
        ("solo: [\n", "is no YAML"),
        ("solo: !!python/object/apply:os.system [id]\n", "is no YAML"),
        ("? [a]\n: b\n", "is no YAML"),
        ("[" * 1_000, "is no YAML"),
        ("x" * (FILE_BYTES_MAX + 1), "is too long"),
        ("\x00", "is no YAML"),
    ],
)
def test_what_is_wrong_is_said(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as told:
        words(CCMUSIC16, path)
    assert str(told.value).startswith(str(path))
    assert reason in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        words(ACOUSTICSENSE16, tmp_path / "absent.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        words(ACOUSTICSENSE16, tmp_path)
