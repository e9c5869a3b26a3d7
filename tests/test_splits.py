"""Which clips are held out: whole groups, about the share of every genre, and what a table says of it is kept."""

import logging
from collections import Counter
from pathlib import Path

import pytest

from genre.datasets import Clip
from genre.splits import split_groups


def clips_of(groups: dict[str, dict[str, int]], split: str = "") -> list[Clip]:
    """Return the clips of labels, each with its groups and their sizes."""
    return [
        Clip(Path(f"{label}/{group}/{number}.mp3"), label, f"{label}/{group}", split=split)
        for label, sizes in groups.items()
        for group, size in sizes.items()
        for number in range(size)
    ]


def held_of(clips: list[Clip], share: float, seed: int = 0) -> Counter[str]:
    """Return the held clips of each label."""
    held = split_groups(clips, share, seed)
    return Counter(clip.label for clip, is_held in zip(clips, held, strict=True) if is_held)


def test_groups_are_never_torn() -> None:
    clips = [
        Clip(Path(f"{label}{number}.mp3"), label, group)
        for label in ("rock", "pop")
        for number, group in enumerate(("a", "a", "shared", "b", "b", "c", "d"))
    ]
    clips.append(Clip(Path("lone.mp3"), "lone", "lone"))
    for seed in range(20):
        held = split_groups(clips, 0.3, seed)
        for group in {clip.group for clip in clips}:
            assert len({kept for kept, clip in zip(held, clips, strict=True) if clip.group == group}) == 1
        for label in ("rock", "pop"):
            kept = [held[i] for i, clip in enumerate(clips) if clip.label == label]
            assert 0 < sum(kept) < len(kept)
        assert not held[-1]  # the only group of a genre is for learning
    assert (split_groups(clips, 0.3, 1) == split_groups(clips, 0.3, 1)).all()


@pytest.mark.parametrize("genres", [2, 5, 16])
def test_no_more_is_held_out_than_asked_where_artists_are_of_several_genres(genres: int) -> None:
    clips = [
        Clip(Path(f"{artist}/{genre}.mp3"), f"genre{genre}", f"artist{artist}")
        for artist in range(20)
        for genre in range(genres)
    ]
    for seed in range(10):
        assert split_groups(clips, 0.2, seed).mean() == pytest.approx(0.2)
    # A small genre, all of whose artists are needed by nobody else, is never held out whole.
    clips += [Clip(Path("small/0.mp3"), "small", "artist0"), Clip(Path("small/1.mp3"), "small", "artist1")]
    for seed in range(10):
        assert split_groups(clips, 0.5, seed)[-2:].sum() == 1


def test_the_share_is_of_the_clips_and_not_of_the_groups(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clips = clips_of({genre: {"large": 48, "small": 2} for genre in ("jazz", "pop", "rock")})
    for seed in range(20):
        assert held_of(clips, 0.2, seed) == {"jazz": 2, "pop": 2, "rock": 2}
    assert "clips learned from / checked on: jazz 48/2, pop 48/2, rock 48/2\n" in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    sizes = {"a": 25, "b": 10, "c": 10, "d": 55}
    assert {held_of(clips_of({"rock": sizes}), 0.2, seed)["rock"] for seed in range(20)} == {20}  # b and c


def test_more_than_was_asked_for_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert held_of(clips_of({"rock": {"a": 30, "b": 20}, "pop": {"a": 1, "b": 1}}), 0.2) == {"rock": 20, "pop": 1}
    assert "more than the share of 0.2 is checked on" in caplog.text
    assert "torn: rock 20 of 50\n" in caplog.text  # of two clips less than one cannot be held


def test_many_unequal_groups_come_near_the_share() -> None:
    sizes = {f"artist{number}": 1 + number**2 % 37 for number in range(60)}
    clips = clips_of({"rock": sizes, "pop": {**sizes, "huge": 400}})
    for seed in range(5):
        for label, held in held_of(clips, 0.2, seed).items():
            assert held / sum(clip.label == label for clip in clips) == pytest.approx(0.2, abs=0.005)
    assert len({tuple(split_groups(clips, 0.2, seed)) for seed in range(5)}) == 5


def test_rows_of_split_train_are_learned_from_where_there_are_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    marked = clips_of({"rock": {f"m{number}": 5 for number in range(8)}, "pop": {"m0": 5, "m1": 5}}, "train")
    clips = [*marked, *clips_of({"rock": {"a": 5, "b": 5}})]
    for seed in range(10):
        held = split_groups(clips, 0.2, seed)
        assert {clip.group for clip, is_held in zip(clips, held, strict=True) if is_held} >= {"rock/a", "rock/b"}
        assert held_of(clips, 0.2, seed) == {"rock": 10, "pop": 5}
    assert "no row is of split validation, so that some of split train are checked on: pop\n" in caplog.text


def test_a_stated_validation_is_taken_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stated = clips_of({"rock": {"b": 9}, "pop": {"b": 1}}, "validation")
    assert held_of([*clips_of({"rock": {"a": 1}, "pop": {"a": 9}}), *stated], 0.2) == {"rock": 9, "pop": 1}
    assert "clips learned from / checked on: pop 9/1, rock 1/9\n" in caplog.text
    assert "more than the share" not in caplog.text
