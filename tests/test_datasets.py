"""A folder or a table becomes clips; what is wrong with it is named."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genre import datasets
from genre.datasets import Clip
from genre.errors import SettingsError
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, TAXONOMIES, Taxonomy


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below a folder, and return the folder."""

    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def test_a_folder_has_a_genre_per_sub_folder_and_a_group_per_album(
    files: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = files(
        "Jazz/Kind of Blue/01.FLAC", "Jazz/Kind of Blue/02.mp3", "Jazz/alone.wav", "摇滚/专辑/a.m4a",
        "摇滚/专辑/b/c.opus", "Jazz/cover.jpg", "Jazz/.hidden.mp3", "Jazz/.album/x.mp3", ".git/x.mp3", "readme.mp3",
    )  # fmt: skip
    assert [(clip.path.relative_to(folder).as_posix(), clip.label, clip.group) for clip in datasets.read(folder)] == [
        ("Jazz/alone.wav", "Jazz", "Jazz/alone"),
        ("Jazz/Kind of Blue/01.FLAC", "Jazz", "Jazz/Kind of Blue"),
        ("Jazz/Kind of Blue/02.mp3", "Jazz", "Jazz/Kind of Blue"),
        ("摇滚/专辑/a.m4a", "摇滚", "摇滚/专辑"),
        ("摇滚/专辑/b/c.opus", "摇滚", "摇滚/专辑"),  # the second disc of an album is the album too
    ]
    assert "in no genre's folder, and left alone: 1" in caplog.text
    assert "hidden or not recordings, and left alone: 3" in caplog.text  # a hidden folder counts as one


def test_a_table_says_all_that_a_clip_can_have(files: Callable[..., Path]) -> None:
    folder = files("a.mp3", "b.mp3", "sub/c.mp3")
    table = folder / "labels.csv"
    table.write_text(
        "Label,PATH , artist,album,weight,domain,Split,notes\n"
        "rock,a.mp3,,Album,0.5,real,Train,x\n"
        "pop, sub/c.mp3 ,Artist,Album,,,,\n"
        f"pop,{folder / 'b.mp3'},,,2,rendered,test,\n",
        encoding="utf-8-sig",  # as spreadsheets write it
    )
    first, second, third = datasets.read(table)
    assert first == Clip(folder / "a.mp3", "rock", "Album", 0.5, "real", "train")
    assert second == Clip(folder / "sub/c.mp3", "pop", "Artist")
    assert third == Clip(folder / "b.mp3", "pop", str(folder / "b.mp3"), 2.0, "rendered", "test")
    assert datasets.read(table, "test") == [third]
    assert datasets.read(table, "Test") == [third]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_may_have_other_separators(files: Callable[..., Path], separator: str) -> None:
    table = files("a,b.mp3") / "labels.csv"
    table.write_text(f"path{separator}label\na,b.mp3{separator}rock\n")
    assert datasets.read(table) == [Clip(table.parent / "a,b.mp3", "rock", "a,b.mp3")]


def test_a_group_that_the_table_tears_is_named(files: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    table = files(*(f"{number}.mp3" for number in range(6))) / "labels.csv"
    splits = ("one,train", "one,validation", "two,train", "two,train", "three,", "three,test")
    rows = [f"{number}.mp3,rock,{stated}" for number, stated in enumerate(splits)]
    table.write_text("\n".join(["path,label,group,split", *rows]))
    assert len(datasets.read(table)) == 6
    assert "nothing of them is held out: groups one, three\n" in caplog.text
    caplog.clear()
    table.write_text("\n".join(["path,label,group,split", *rows[2:5]]))
    datasets.read(table)
    assert not caplog.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("path,genre\na.mp3,rock\n", "the column label is missing; its first line has: path, genre"),
        ("", "the column path and label is missing; its first line has: nothing"),
        ("path,label\n", "holds no recordings"),
        ("path,label\nb.mp3,rock\nc.mp3,rock\n", r"b\.mp3, .*c\.mp3 does not exist"),
        ("path,label\na.mp3,\n", "line 2: the path or the label is empty"),
        ("path,label\na.mp3,rock\n./a.mp3,pop\n", "has the label 'rock' and 'pop'"),
        ("path,label,split\na.mp3,rock,train\nb/../a.mp3,rock,validation\n", "the split 'train' and 'validation'"),
        ("path,label,split\na.mp3,rock,train\nlink.mp3,rock,validation\n", "a.mp3 too, has the split 'train' and 'val"),
        ("path,label,group\na.mp3,rock,A\na.mp3,rock,B\n", "has the group 'A' and 'B'"),
        ("path,label,group\na.mp3,rock,A\na.mp3,rock,\n", "has the group 'A' and 'a.mp3'"),
        ("path,label,weight\na.mp3,rock,0\n", "line 2: weight is '0'"),
        ("path,label,weight\na.mp3,rock,much\n", "line 2: weight is 'much'"),
        ("path,label,split\na.mp3,rock,dev\n", "line 2: split is 'dev'; it must be train, validation, test, or empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(files: Callable[..., Path], text: str, reason: str) -> None:
    table = files("a.mp3", "b/x.mp3") / "labels.csv"
    (table.parent / "link.mp3").symlink_to("a.mp3")
    table.write_text(text)
    with pytest.raises(SettingsError, match=reason):
        datasets.read(table)


def test_a_file_of_two_splits_is_refused_when_one_of_them_is_read(files: Callable[..., Path]) -> None:
    table = files("a.mp3") / "labels.csv"
    table.write_text("path,label,split\na.mp3,rock,train\na.mp3,rock,test\n")
    with pytest.raises(SettingsError, match="the split 'train' and 'test'"):
        datasets.read(table, "test")


def test_what_is_no_source_is_refused(files: Callable[..., Path]) -> None:
    folder = files("genre/a.txt", "table.csv")
    with pytest.raises(SettingsError, match="holds no recordings"):
        datasets.read(folder)
    with pytest.raises(SettingsError, match="only a CSV with a column split"):
        datasets.read(folder, "test")
    with pytest.raises(SettingsError, match="does not exist"):
        datasets.read(folder / "nothing")
    (folder / "table.csv").write_bytes("path,label\n歌.mp3,摇滚\n".encode("gbk"))
    with pytest.raises(SettingsError, match="not a CSV in UTF-8; in a spreadsheet, save it as “CSV UTF-8”"):
        datasets.read(folder / "table.csv")


def test_a_clip_named_twice_is_taken_once(files: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    table = files("a.mp3") / "labels.csv"
    table.write_text("path,label\na.mp3,rock\nx/../a.mp3,rock\nlink.mp3,rock\n")
    (table.parent / "x").mkdir()
    (table.parent / "link.mp3").symlink_to("a.mp3")
    assert len(datasets.read(table)) == 1
    assert "named before, and left alone: 2" in caplog.text


def test_linked_folders_are_read_and_loops_are_not(files: Callable[..., Path]) -> None:
    folder = files("music/rock/album/1.mp3", "elsewhere/more/2.mp3", "elsewhere/3.mp3")
    (folder / "music/rock/linked").symlink_to(folder / "elsewhere")
    (folder / "music/rock/again").symlink_to(folder / "music/rock/album")
    (folder / "elsewhere/loop").symlink_to(folder / "music/rock")
    found = [(clip.path.name, clip.group) for clip in datasets.read(folder / "music")]
    assert found == [("1.mp3", "rock/again"), ("3.mp3", "rock/linked"), ("2.mp3", "rock/linked")]
    (folder / "music/pop").symlink_to(folder / "music/rock")
    with pytest.raises(SettingsError, match="has the label 'pop' and 'rock'"):
        datasets.read(folder / "music")


def test_a_folder_that_cannot_be_read_is_named(
    files: Callable[..., Path], unreadable: Callable[[Path], str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = files("rock/album/1.mp3")
    name = unreadable(folder / "rock")
    assert [clip.path.name for clip in datasets.read(folder)] == ["1.mp3"]
    assert "left out: " in caplog.text
    assert f"{name}: the folder cannot be read: File name too long" in caplog.text


def test_a_mapping_is_json_or_csv(tmp_path: Path) -> None:
    wanted = {"classical": ("symphony", "opera"), "rock": ("soft_rock",)}
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(wanted))
    assert datasets.read_mapping(path) == wanted
    path = tmp_path / "mapping.csv"
    path.write_text("label,genre_id\nclassical,symphony\nrock,soft_rock\nclassical,opera\nrock,soft_rock\n")
    assert datasets.read_mapping(path) == wanted
    for text, reason in (
        ("[", "not JSON"),
        ('["rock"]', "must be an object"),
        ('{"rock": []}', "no genres for 'rock'"),
    ):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(SettingsError, match=reason):
            datasets.read_mapping(tmp_path / "bad.json")
    with pytest.raises(SettingsError, match="cannot be read"):
        datasets.read_mapping(tmp_path / "none.json")


def test_names_are_read_where_a_table_has_them(tmp_path: Path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("label,label_zh\nrock,摇滚\njazz,\nrock,摇滚\n", encoding="utf-8")
    assert datasets.read_names(table) == {"rock": "摇滚"}
    table.write_text("label,path\nrock,a.mp3\n")
    assert datasets.read_names(table) == {}
    table.write_text("label,label_zh\nrock,摇滚\nrock,滚石\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="line 3: 'rock' is called 摇滚 and 滚石"):
        datasets.read_names(table)


@pytest.mark.parametrize("taxonomy", TAXONOMIES.values(), ids=str)
def test_a_genre_is_known_by_id_and_both_names(taxonomy: Taxonomy) -> None:
    for genre in taxonomy.genres:
        for name in (genre.id, genre.en, genre.zh, genre.en.upper(), genre.id.replace("_", "-")):
            assert datasets.genre_of(name, taxonomy) == genre.id


@pytest.mark.parametrize(
    ("label", "taxonomy", "genre_id"),
    [
        ("Soul_or_RnB", CCMUSIC16, "soul_or_r_and_b"),  # the spellings of the published data set
        ("10_Soul_or_r_and_b", CCMUSIC16, "soul_or_r_and_b"),
        ("22_Acoustic_pop", CCMUSIC16, "acoustic_pop"),
        ("hiphop", ACOUSTICSENSE16, "hip_hop"),
        ("RnB", ACOUSTICSENSE16, "r_and_b"),
        ("r'n'b", ACOUSTICSENSE16, "r_and_b"),
        ("1980 rock", ACOUSTICSENSE16, None),  # a genre of its own, and no number of a list
        ("80 rock", ACOUSTICSENSE16, None),
        ("1980_rock", ACOUSTICSENSE16, None),
        ("rap metal", ACOUSTICSENSE16, None),
        ("", ACOUSTICSENSE16, None),
    ],
)
def test_a_label_is_understood_in_other_spellings(label: str, taxonomy: Taxonomy, genre_id: str | None) -> None:
    assert datasets.genre_of(label, taxonomy) == genre_id


def test_compatible_genres_are_one_or_those_of_the_mapping() -> None:
    clips = [Clip(Path(f"{i}.mp3"), label, str(i)) for i, label in enumerate(("Solo", "classical", "歌剧"))]
    allowed = datasets.compatible(clips, CCMUSIC16, {"classical": ("symphony", "opera"), "unused": ("nonsense",)})
    assert [[CCMUSIC16.ids[i] for i in np.flatnonzero(row)] for row in allowed] == [
        ["solo"], ["symphony", "opera"], ["opera"],
    ]  # fmt: skip
    with pytest.raises(SettingsError, match=r"genres of ccmusic16: classical\. It has: symphony, opera"):
        datasets.compatible(clips, CCMUSIC16)
    with pytest.raises(SettingsError, match=r"genres of ccmusic16: jazz, funk\."):
        datasets.compatible(clips, CCMUSIC16, {"classical": ("jazz", "opera", "funk")})


def test_labels_that_only_a_number_tells_apart_are_refused() -> None:
    def allowed(*labels: str) -> list[list[bool]]:
        clips = [Clip(Path(f"{label}.mp3"), label, label) for label in labels]
        return datasets.compatible(clips, ACOUSTICSENSE16).tolist()

    for labels in (("80_rock", "90_rock"), ("rock", "90_rock")):
        with pytest.raises(SettingsError, match=f"'{labels[0]}' and '{labels[1]}' would both be rock|'90_rock' and"):
            allowed(*labels)
    one, other = allowed("10_R_and_B", "10_RnB")
    assert one == other
    one, other = allowed("Hip-Hop", "hiphop")
    assert one == other


def test_a_file_is_known_by_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert datasets.stamp(path) is None
    path.write_bytes(b"one")
    os.utime(path, ns=(5, 5))
    assert datasets.stamp(path) == [3, 5]
