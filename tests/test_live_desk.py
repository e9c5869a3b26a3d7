"""Live sound as browsers send it: checked, kept apart, bounded; and the words and bars that the page shows of it."""

import base64
import gc
import re
import time
from typing import Any

import numpy as np
import psutil
import pytest

from genre import audio
from genre.classifier import classifier
from genre.labels import LANGUAGES
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE, Settings
from genre.web import live_desk, live_view
from genre.web.answer import Heard, Refused
from genre.web.examples import find_examples
from genre.web.handlers import Desk
from genre.web.live_desk import LiveDesk
from genre.web.texts import TEXTS, text

MEGABYTE = 1 << 20
RATE = 48_000


@pytest.fixture
def live() -> LiveDesk:
    return LiveDesk(Desk(Settings()))


@pytest.fixture(scope="module")
def songs() -> list[np.ndarray]:
    """12 s of two examples, int16 at 22 050 Hz."""
    clips = [audio.load(example.path, clip_seconds=12).samples for example in find_examples()[:2]]
    return [np.rint(clip * 32_767).astype("<i2") for clip in clips]


def message(samples: np.ndarray, session: int = 1, **others: Any) -> dict[str, Any]:
    return {
        "session": f"{session:032x}",
        "model": DEFAULT_MODEL,
        "language": "en",
        "rate": SAMPLE_RATE,
        "channels": 1,
        "pcm": base64.b64encode(samples.tobytes()).decode(),
        "lost": 0,
        "last": False,
        **others,
    }


# --- what comes in


def test_what_is_sent_gets_a_state(live: LiveDesk, songs: list[np.ndarray]) -> None:
    early = live.hear(message(songs[0][: 4 * SAMPLE_RATE]))
    assert early["remarks"][0] == "early"
    assert len(early["bars"]) == 5
    assert early["picture"].startswith("data:image/webp;base64,")
    full = live.hear(message(songs[0][4 * SAMPLE_RATE :], last=True))
    assert "early" not in full["remarks"]
    assert full["end"] == pytest.approx(12, abs=0.01)
    assert full["end"] - full["start"] == pytest.approx(full["whole"], abs=0.01)
    probabilities = [probability for _, probability in full["bars"]]
    assert probabilities == sorted(probabilities, reverse=True)


def test_stereo_and_losses_are_understood(live: LiveDesk, songs: list[np.ndarray]) -> None:
    stereo = np.repeat(songs[0][: 4 * SAMPLE_RATE, np.newaxis], 2, axis=1)
    assert live.hear(message(stereo, channels=2))["end"] == pytest.approx(4, abs=0.06)
    after = live.hear(message(songs[0][:SAMPLE_RATE], lost=30))
    assert after["end"] - after["start"] == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(
    "wrong",
    [
        {"session": "../../etc"},
        {"session": "F" * 32},
        {"session": None},
        {"rate": 10},
        {"rate": 10**9},
        {"rate": 44_100.5},
        {"rate": "48000"},
        {"channels": 0},
        {"channels": 3},
        {"channels": "1"},
        {"lost": -1},
        {"lost": float("nan")},
        {"lost": "1"},
        {"pcm": None},
        {"pcm": "not base64!"},
        {"pcm": "QQ=="},
        {"pcm": "A" * 30_000_000},
    ],
    ids=lambda wrong: "-".join(f"{name} {str(value)[:12]}" for name, value in wrong.items()),
)
def test_what_no_page_sends_is_refused(live: LiveDesk, songs: list[np.ndarray], wrong: dict[str, Any]) -> None:
    answer = live.hear({**message(songs[0][:100]), **wrong})
    assert list(answer) == ["refused"]
    assert text("live_broken", "en") in answer["refused"]
    assert live.hear("nonsense")["refused"] == answer["refused"]


@pytest.mark.parametrize("model", ["nothing", "/etc/passwd", "../models", None, ["vgg19_bn_cqt"]])
def test_a_model_is_a_known_name(live: LiveDesk, songs: list[np.ndarray], model: object) -> None:
    assert "No model named" in live.hear(message(songs[0][:100], model=model))["refused"]
    assert "没有名为" in live.hear(message(songs[0][:100], model=model, language="zh"))["refused"]


def test_another_model_begins_anew(live: LiveDesk, songs: list[np.ndarray]) -> None:
    live.hear(message(songs[0][: 4 * SAMPLE_RATE]))
    other = live.hear(message(songs[0][: 4 * SAMPLE_RATE], model="resnet18_cqt_acousticsense16"))
    assert other["end"] == pytest.approx(4, abs=0.06)
    assert {genre for genre, _ in other["bars"]} <= {
        genre.id for genre in classifier("resnet18_cqt_acousticsense16").card.taxonomy.genres
    }


def test_another_model_needs_no_place_of_its_own(
    live: LiveDesk, songs: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_desk, "LISTENERS_MAX", 1)
    assert "end" in live.hear(message(songs[0][:100]))
    assert "end" in live.hear(message(songs[0][:100], model="resnet18_cqt_acousticsense16"))


# --- many people


def test_two_people_do_not_mix(live: LiveDesk, songs: list[np.ndarray]) -> None:
    for begin in range(0, len(songs[0]), 4 * SAMPLE_RATE):
        found = [
            live.hear(message(song[begin : begin + 4 * SAMPLE_RATE], session, last=True))["bars"]
            for session, song in enumerate(songs)
        ]
    alone = []
    for session, song in enumerate(songs):
        kept = live.keep(f"{session:032x}")
        assert isinstance(kept, Heard)
        window = song[-round(11.4 * SAMPLE_RATE) :].astype(np.float32) / 32_768
        expected = classifier().predict((SAMPLE_RATE, window)).ranked
        assert kept.row["top"][0]["id"] == expected[0][0]
        assert kept.row["top"][0]["probability"] == pytest.approx(expected[0][1], abs=0.01)
        alone.append(expected[0][0])
    assert alone[0] != alone[1]
    assert found[0] != found[1]


def test_places_are_bounded_and_go_to_who_still_listens(
    live: LiveDesk, songs: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_desk, "LISTENERS_MAX", 2)
    sound = songs[0][:100]
    assert "end" in live.hear(message(sound, 1))
    assert "end" in live.hear(message(sound, 2))
    assert text("live_full", "en") in live.hear(message(sound, 3))["refused"]
    assert "end" in live.hear(message(sound, 1))  # who is here stays here
    monkeypatch.setattr(live_desk, "IDLE_SECONDS", 0.05)
    time.sleep(0.1)
    assert "end" in live.hear(message(sound, 1))
    assert "end" in live.hear(message(sound, 3))  # has 2's place, who has been still for longest
    assert isinstance(live.keep(f"{2:032x}"), Refused)
    monkeypatch.setattr(live_desk, "FORGET_SECONDS", 0.05)
    time.sleep(0.1)
    live.hear(message(sound, 4))
    assert len(live._ears) == 1


def test_who_gets_no_turn_is_told_and_loses_no_sound(
    live: LiveDesk, songs: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_desk, "TURN_SECONDS", 0.05)
    for _ in range(live._desk.settings.concurrency):
        live._turns.acquire()
    assert live.hear(message(songs[0][: 2 * SAMPLE_RATE])) == {"late": True}
    live._turns.release()
    assert live.hear(message(songs[0][: 2 * SAMPLE_RATE]))["end"] == pytest.approx(4, abs=0.06)


def test_five_minutes_take_no_more_memory_than_one(live: LiveDesk, rng: np.random.Generator) -> None:
    process = psutil.Process()
    piece = message((rng.standard_normal(15 * SAMPLE_RATE) * 3_000).astype("<i2"))

    def hear(minutes: int) -> int:
        for _ in range(4 * minutes):
            assert len(live.hear(piece)["bars"]) == 5
        gc.collect()
        return int(process.memory_info().rss)

    after_one = hear(1)
    assert hear(4) - after_one < 16 * MEGABYTE


# --- keeping


def test_what_is_kept_is_an_ordinary_answer(live: LiveDesk, songs: list[np.ndarray]) -> None:
    live.hear(message(songs[0], last=True))
    kept = live.keep(f"{1:032x}")
    assert isinstance(kept, Heard)
    file = classifier().predict((SAMPLE_RATE, songs[0][-round(11.4 * SAMPLE_RATE) :])).to_dict(16)
    assert kept.row["top"] == file["top"]
    assert kept.row.keys() == file.keys()
    assert kept.row["source"] == text("live_source", "en")
    assert kept.start == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("session", [None, "", "0" * 32, ["x"], {"a": 1}])
def test_there_is_nothing_to_keep_of_nobody(live: LiveDesk, session: object) -> None:
    kept = live.keep(session)
    assert isinstance(kept, Refused)
    assert kept.reasons["zh"] == text("live_nothing", "zh")


# --- words and bars


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_may_have_to_be_said_is_on_the_page(language: Any) -> None:
    ear = live_view.ear(language)
    codes = set(re.findall(r'data-code="(\w+)"', ear))
    assert codes == {"early", "silent", "not_music", *audio.WARNINGS - {"truncated"}, "unsure"}
    assert all(f"live_{status}" in TEXTS and f'data-{status}="' in ear for status in live_view.STATUS)
    stage = live_view.stage("a&b", classifier().card, language)
    assert len(re.findall(r"<li data-genre=", stage)) == 16
    assert 'data-model="a&amp;b"' in stage


def test_bars_change_places_only_for_a_lead() -> None:
    first = live_view.arranged((), (("a", 0.5), ("b", 0.3), ("c", 0.2)))
    assert first == ("a", "b", "c")
    equal = live_view.arranged(first, (("b", 0.405), ("a", 0.395), ("c", 0.2)))
    assert equal == ("a", "b", "c")
    ahead = live_view.arranged(equal, (("b", 0.42), ("a", 0.38), ("c", 0.2)))
    assert ahead == ("b", "a", "c")
    assert live_view.arranged(ahead, (("c", 0.9), ("a", 0.06), ("b", 0.04))) == ("c", "a", "b")
    assert live_view.arranged(("x", "y"), (("a", 0.6), ("b", 0.4))) == ("a", "b")  # another model's genres
