"""The page's words and HTML, and its server from outside: answers, errors, limits, and what it must never give away."""

import json
import re
import string
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hub_server import Announced, Fault, HubServer
from page_server import PageServer

import genre
from genre import audio, cards, similarity, store
from genre.errors import AudioError, ModelError, SettingsError
from genre.labels import CCMUSIC16, LANGUAGES, Language
from genre.recording import streamed
from genre.settings import DEFAULT_MODEL, HUB_REPOSITORY, Settings
from genre.similarity import Impression
from genre.spectrogram import SpectrogramSpec
from genre.web import answer, examples, explain_view, live_view
from genre.web.answer import Heard, Picture, Refused
from genre.web.handlers import number, refusals_worded
from genre.web.models import RefusalError, Shelf, provenance, unplaced
from genre.web.server import launch
from genre.web.texts import TEXTS, reasons

MEGABYTE = 1 << 20
UPLOAD_MB = 3
REPOSITORY = Path(genre.__file__).parent.parent


# --- words


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    blanks = {
        language: {name for _, name, _, _ in string.Formatter().parse(TEXTS[key][language]) if name}
        for language in LANGUAGES
    }
    assert set(TEXTS[key]) == set(LANGUAGES)
    assert blanks["en"] == blanks["zh"]
    assert all(TEXTS[key][language].strip() for language in LANGUAGES)


def test_every_warning_and_origin_has_words() -> None:
    assert {f"warning_{code}" for code in audio.WARNINGS | {"not_music", "short", "unsure"}} <= TEXTS.keys()
    assert {f"origin_{origin}" for origin in store.ORIGINS} <= TEXTS.keys()


def test_errors_of_the_rooms_are_told_in_chinese(
    tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path], video: Callable[..., Path]
) -> None:
    """Makes every error that a recording can cause on the page; each must be recognised, none by the fallback."""
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "text.mp3").write_text("not a song\n" * 40)
    many, wide = tone(seconds=1.5), np.tile(tone(seconds=1.5)[:, None], (1, 70))
    bad = tone(seconds=2)
    bad[: len(bad) * 3 // 4] = np.nan
    sources: list[tuple[Any, dict[str, float]]] = [
        (tmp_path / "empty.mp3", {}),
        (tmp_path / "text.mp3", {}),
        (video(tmp_path / "silent.mp4", None), {}),
        (write(tmp_path / "slow.wav", many, rate=4_000), {}),
        (write(tmp_path / "wide.wav", wide), {}),
        (write(tmp_path / "brief.wav", tone(seconds=0.4)), {}),
        (write(tmp_path / "late.wav", tone(seconds=2)), {"start": 60.0}),
        (write(tmp_path / "still.wav", tone(seconds=2, level=0)), {}),
        (write(tmp_path / "bad.wav", bad, kind="wavfloat"), {}),
    ]
    hours = (8_000, np.broadcast_to(np.float32(0), 25 * 3_600 * 8_000))
    causes: list[Callable[[], object]] = [partial(audio.load, source, **crop) for source, crop in sources]
    recognised = set()
    second = np.zeros((similarity.SPEC.bins, 43), np.float32)
    brief = Impression("brief.wav", 0.0, 1.0, (), second, np.ones(1, np.float32))
    causes.append(partial(similarity.compare, brief, brief, store.find(DEFAULT_MODEL, Settings())))
    for cause in (*causes, streamed(hours).__enter__):
        with pytest.raises(AudioError) as caught:
            cause()
        said = reasons(str(caught.value), "error_audio")
        assert said["en"] == str(caught.value)
        assert said["zh"] != TEXTS["error_audio"]["zh"], said["en"]
        assert "{" not in said["zh"]
        recognised.add(said["zh"])
    assert len(recognised) == len(causes) + 1


def test_where_the_server_keeps_its_files_is_not_told() -> None:
    with pytest.raises(RefusalError) as caught, refusals_worded("song.mp3"):
        raise ModelError("/home/ann/.cache/genre/models/mine_mel/save.pt is cut off; give mp4 or webm/opus.")
    refused = caught.value.refused
    assert refused.reasons["en"] == refused.details == "mine_mel/save.pt is cut off; give mp4 or webm/opus."
    for other in ("https://example.org/a/b answers 404", "a song/with/slashes.mp3: it is empty", "5 / 6 / 7"):
        assert unplaced(other) == other


# --- the answer as HTML


def heard(source: str = "song.mp3", windows: int = 3) -> Heard:
    ids = CCMUSIC16.ids
    share = {genre_id: (16 - place) / 136 for place, genre_id in enumerate(ids)}
    row: dict[str, Any] = {
        "source": source,
        "model": "vgg19_bn_cqt",
        "taxonomy": "ccmusic16",
        "weights": {"origin": "embedded", "trained_on": "x", "accuracy": 0.5, "measured_on": "y", "sha256": "ab" * 32},
        "top": [{"id": g.id, "en": g.en, "zh": g.zh, "probability": share[g.id]} for g in CCMUSIC16.genres],
        "windows": [
            {"start": 11.4 * n, "end": 11.4 * (n + 1), "probabilities": {**share, ids[n]: 0.9}} for n in range(windows)
        ],
        "warnings": ["unsure", "quiet"],
        "music": 0.9,
        "unsure_below": 0.6,
        "seconds": {"decode": 0.1, "spectrogram": 0.2, "network": 0.3, "total": 0.6},
    }
    return Heard(row, 34.2, 0.0, {"en": "embedded · learned", "zh": "内置 · 学习"})


def test_answer_names_five_genres_with_their_share_as_text_and_as_meter() -> None:
    page = answer.answer(heard(), "en")
    bars = page[page.index('<ol class="g-bars"') : page.index("</ol>")]
    assert re.findall(r'data-genre="(\w+)"', bars) == list(CCMUSIC16.ids[:5])
    assert re.findall(r'class="g-percent">([\d.]+)%', bars) == ["11.8", "11.0", "10.3", "9.6", "8.8"]
    assert re.findall(r'role="meter" aria-label="([^"]+)"', bars)[1:3] == ["Opera", "Solo"]
    assert re.findall(r'aria-valuenow="([\d.]+)"', bars)[0] == "11.8"


def test_answer_tells_warnings_windows_and_weights_in_each_language() -> None:
    english, chinese = (answer.answer(heard(), language) for language in LANGUAGES)
    assert "under 60%" in english
    assert "低于 60%" in chinese
    assert "Very quiet" in english
    assert "embedded · learned" in english
    assert "内置 · 学习" in chinese
    assert "abababababab…" in english
    times = re.findall(r"<th scope='row'>([\d:–]+)</th><td>([^<]+?)(?: <small|<)", english)
    assert times == [("0:00–0:11", "Symphony"), ("0:11–0:22", "Opera"), ("0:22–0:34", "Solo")]
    assert "0:22–0:34</th><td>独奏 <small" in chinese
    assert "<details" not in answer.answer(heard(windows=1), "en")


def test_an_answer_is_marked_by_another_threshold_without_being_asked_again() -> None:
    marked = heard()
    marked.mark(0.1)  # the first answer has 11.8 %
    assert (marked.row["warnings"], marked.row["unsure_below"]) == (["quiet"], 0.1)
    marked.mark(0.25)
    assert marked.row["warnings"] == ["quiet", "unsure"]
    assert "under 25%" in answer.answer(marked, "en")


def test_what_is_no_music_has_no_genre_as_headline() -> None:
    speech = heard()
    speech.row["warnings"] = ["not_music"]
    speech.mark(0.6)
    for language in LANGUAGES:
        page = answer.answer(speech, language)
        headline = page[page.index("<h2") : page.index("</h2>")]
        assert TEXTS["not_music"][language] in headline
        assert "11.8" not in headline
        assert re.findall(r'data-code="(\w+)"', page) == ["not_music"]
        assert re.findall(r'data-genre="(\w+)"', page) == list(CCMUSIC16.ids[:5])


def test_a_file_name_cannot_become_markup() -> None:
    page = answer.answer(heard("<img src=x onerror=alert(1)>\"'.mp3"), "en")
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    reason = Refused({"en": "<script>1</script>.mp3: bad", "zh": "<script>2</script>"}, "<b>")
    assert "<script>" not in answer.refusal(reason, "en") + answer.refusal(reason, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_classes_that_a_stranger_has_named_cannot_become_markup(language: Language) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    kept = heard(hostile)
    kept.row["model"] = kept.provenance["en"] = kept.provenance["zh"] = hostile
    kept.row["top"][0] = {"id": hostile, "en": hostile, "zh": hostile, "probability": 0.9}
    kept.row["windows"] = 2 * [{"start": 0.0, "end": 5.0, "probabilities": {hostile: 0.9}}]
    kept.picture, kept.axes = Picture("light", "dark"), explain_view.axes(SpectrogramSpec())
    kept.decided[hostile] = Refused({"en": hostile, "zh": hostile})
    named = cards.taxonomy({"id": hostile, "genres": [hostile, "b"]}, Path())
    card = replace(store.find(DEFAULT_MODEL, Settings()), taxonomy=named)
    for page in (
        answer.answer(kept, language),
        explain_view.picture(kept, language, hostile),
        live_view.stage(hostile, card, language),
    ):
        assert "&lt;img" in page
        assert "<img src=x" not in page


def test_saved_files_hold_the_row() -> None:
    page = answer.answer(heard("a b#c.mp3"), "zh")
    links = dict(re.findall(r'download="[^"]+\.(json|csv)" href="data:[^,]+,([^"]+)"', page))
    assert json.loads(unquote(links["json"])) == [heard("a b#c.mp3").row]
    lines = unquote(links["csv"]).removeprefix(answer.BYTE_ORDER_MARK).splitlines()
    assert len(lines) == 1 + 16
    assert "symphony,Symphony,交响乐,0.11764705882352941" in lines[1]


def test_saved_files_are_called_like_the_recording() -> None:
    assert 'download="我的 歌.v2.genre.json"' in answer.answer(heard("我的 歌.v2.mp3"), "zh")
    assert 'download="&quot; onclick=&quot;.genre.csv"' in answer.answer(heard('" onclick=".mp3'), "en")
    assert answer.stem_of(".mp3") == "genre"


# --- what comes in


@pytest.mark.parametrize("value", [None, "5", True, float("nan"), float("inf"), 0.99, 600.01, [30]])
def test_numbers_out_of_range_are_refused_in_words(value: object) -> None:
    with pytest.raises(RefusalError) as caught:
        number(value, "clip_seconds", 1, 600)
    assert "1" in caught.value.refused.reasons["zh"]
    assert "600" in caught.value.refused.reasons["en"]


def test_numbers_at_the_limits_are_taken() -> None:
    assert (number(1, "clip_seconds", 1, 600), number(600.0, "clip_seconds", 1, 600)) == (1.0, 600.0)


def test_examples_are_known_by_the_genre_in_their_names(tmp_path: Path) -> None:
    for name in ("contemporary_dance_pop.opus", "02_dance_pop_x.mp3", "Solo.wav", "notes.txt", "unknown.mp3"):
        (tmp_path / name).touch()
    found = examples.find_examples(tmp_path)
    assert [example.genre.id for example in found] == ["solo", "contemporary_dance_pop", "dance_pop"]
    assert found[0].caption("zh") == "独奏"
    assert examples.find_examples(tmp_path / "absent") == ()


def test_clips_for_the_classroom_stand_apart_from_the_examples(tmp_path: Path) -> None:
    lessons = examples.find_lessons()
    assert [lesson.caption("en") for lesson in lessons] == ["C major", "C minor"]
    assert [lesson.caption("zh") for lesson in lessons] == ["C 大调", "C 小调"]
    assert not {lesson.path for lesson in lessons} & {example.path for example in examples.find_examples()}
    assert examples.find_lessons(tmp_path) == ()


# --- downloads


def test_download_shows_how_far_it_is_and_why_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "save.pt"
    wrong.write_bytes(bytes(24 * MEGABYTE))
    files = {f"{HUB_REPOSITORY}/vit_b_16_mel/save.pt": Announced(wrong)}
    with HubServer(files=files, faults=deque([Fault(pause=1.0)] * 4)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
        monkeypatch.setattr("genre.web.models.POLL_SECONDS", 0.05)
        shelf = Shelf(Settings(cache=tmp_path / "cache"))
        steps = shelf.download("vit_b_16_mel", "en")
        seen = [next(steps)]
        with pytest.raises(RefusalError) as caught:
            seen.extend(steps)
    assert any('<progress max="25165824" value="' in html and "of 25 MB" in html for html in seen)
    assert "vit_b_16_mel" in caught.value.refused.reasons["en"]
    assert "vit_b_16_mel 下载失败" in caught.value.refused.reasons["zh"]
    assert shelf.absent("vit_b_16_mel")


def test_what_a_model_does_not_state_is_said_in_each_language() -> None:
    unstated = {"origin": "dropped-in", "licence": "not stated", "temperature": None, "words_zh": {}}
    card = replace(store.find(DEFAULT_MODEL, Settings()), **unstated)
    assert "your own file" in provenance(card, "en")
    assert "licence: not stated" in provenance(card, "en")
    assert "probabilities not calibrated" in provenance(card, "en")
    assert "概率已校准（温度 1.23）" in provenance(replace(card, temperature=1.2345), "zh")
    assert "自己的模型" in provenance(card, "zh")
    assert "许可：未注明" in provenance(card, "zh")
    assert "训练数据：未注明" in provenance(replace(card, trained_on="not stated"), "zh")


def test_the_published_checkpoint_is_offered_beside_the_embedded_one_of_its_name(tmp_path: Path) -> None:
    shelf = Shelf(Settings(cache=tmp_path))
    choices = {reference: words for words, reference in shelf.choices("en")}
    assert "not downloaded" in choices["hub:vgg19_bn_cqt"]
    assert "not downloaded" not in choices["vgg19_bn_cqt"]
    assert shelf.absent("hub:vgg19_bn_cqt") == "vgg19_bn_cqt"
    assert shelf.absent("vgg19_bn_cqt") is None
    assert shelf.absent("vit_b_16_cqt") == "vit_b_16_cqt"


def test_only_published_checkpoints_can_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match="vit_b_16_mel"):
        list(Shelf(Settings(cache=tmp_path)).download("../../etc", "en"))


# --- the server from outside


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    limits = {"GENRE_MAX_UPLOAD_MB": str(UPLOAD_MB)}
    with PageServer(tmp_path_factory.mktemp("page"), limits) as page:
        yield page


@pytest.fixture(scope="module")
def client(server: PageServer) -> Client:
    return Client(server.url, verbose=False)


@pytest.fixture
def song(tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]) -> Path:
    return write(tmp_path / "a song.flac", tone(330, seconds=13), kind="flac")


def test_classify_gives_the_row_of_the_command_line(client: Client, song: Path) -> None:
    row = client.predict(handle_file(song), api_name="/classify")
    direct = genre.predict(song).to_dict()
    assert row.keys() == direct.keys()
    assert row["source"] == "a song.flac"
    assert (row["model"], row["weights"], row["warnings"]) == (DEFAULT_MODEL, direct["weights"], direct["warnings"])
    assert [answer["id"] for answer in row["top"]] == [answer["id"] for answer in direct["top"]]
    assert row["top"][0]["probability"] == pytest.approx(direct["top"][0]["probability"], abs=5e-3)
    assert row["windows"][0]["end"] == direct["windows"][0]["end"]


def test_classify_takes_every_choice(client: Client, song: Path) -> None:
    row = client.predict(
        file=handle_file(song),
        model=DEFAULT_MODEL,
        clip_seconds=5,
        start=2.5,
        language="zh",
        top=16,
        api_name="/classify",
    )
    assert len(row["top"]) == 16
    assert row["windows"][0]["start"] == 2.5
    assert "short" in row["warnings"]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"model": "no_such_model"}, DEFAULT_MODEL),
        ({"model": f"../{DEFAULT_MODEL}"}, "No model named"),
        ({"model": str(REPOSITORY / DEFAULT_MODEL)}, "No model named"),
        ({"model": "swin_b_mel"}, "not on this machine yet"),
        ({"clip_seconds": 0}, "from 1 to 600"),
        ({"start": -1}, "from 0 to"),
        ({"start": 90}, "Choose an earlier start"),
        ({"top": 0}, "from 1 to"),
        ({"language": "zh", "start": 90}, "请把起点提前"),
        ({"language": "fr"}, "choose one of: en, zh"),
    ],
)
def test_errors_reach_programs_with_their_text(client: Client, song: Path, choice: dict[str, Any], said: str) -> None:
    with pytest.raises(AppError, match=re.escape(said)):
        client.predict(handle_file(song), **choice, api_name="/classify")


def test_an_unreadable_file_is_named_without_the_servers_folders(client: Client, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("not a song\n" * 40)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(text), api_name="/classify")
    assert "notes.mp3: this is not sound that can be read" in str(caught.value)
    assert "/" not in str(caught.value).replace("mp4 or", "")


def test_only_one_endpoint_is_offered(client: Client) -> None:
    offered = client.view_api(return_format="dict", print_info=False)
    assert list(offered["named_endpoints"]) == ["/classify"]
    assert not offered["unnamed_endpoints"]
    parameters = offered["named_endpoints"]["/classify"]["parameters"]
    assert [parameter["parameter_name"] for parameter in parameters] == [
        "file", "model", "clip_seconds", "start", "language", "top",
    ]  # fmt: skip


def test_twenty_callers_at_once_each_get_their_own_answer(
    server: PageServer, tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]
) -> None:
    files = [
        write(tmp_path / f"{note}.flac", tone(110 * 2 ** (note / 4), seconds=2), kind="flac") for note in range(20)
    ]
    expected = [genre.predict(file).to_dict(top=16) for file in files]

    def ask(file: Path) -> dict[str, Any]:
        row = Client(server.url, verbose=False).predict(handle_file(file), top=16, api_name="/classify")
        assert isinstance(row, dict)
        return row

    with ThreadPoolExecutor(20) as pool:
        rows = list(pool.map(ask, files))
    for row, file, direct in zip(rows, files, expected, strict=True):
        assert row["source"] == file.name
        got = {answer["id"]: answer["probability"] for answer in row["top"]}
        assert got == pytest.approx({answer["id"]: answer["probability"] for answer in direct["top"]}, abs=5e-3)


# --- what it must never give away


def uploaded(server: PageServer, file: Path) -> str:
    with file.open("rb") as content:
        answered = httpx.post(f"{server.url}/gradio_api/upload", files={"files": (file.name, content)})
    assert answered.status_code == 200
    return str(answered.json()[0])


def called(server: PageServer, function: str, data: list[Any]) -> tuple[str, Any]:
    """Call any event, hidden or not, as the page itself does; return how it ended and what came with it."""
    config = httpx.get(f"{server.url}/config").json()
    index = next(event["id"] for event in config["dependencies"] if event["api_name"] == function)
    session = f"test-{function}-{np.random.default_rng().integers(1 << 40)}"
    body = {"fn_index": index, "data": data, "session_hash": session}
    joined = httpx.post(f"{server.url}/gradio_api/queue/join", json=body)
    assert joined.status_code == 200, joined.text
    with httpx.stream("GET", f"{server.url}/gradio_api/queue/data?session_hash={session}", timeout=120) as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line else {}
            if message.get("msg") == "process_completed":
                return ("ok" if message["success"] else "error"), message["output"]
    raise AssertionError("the server closed the stream without an answer")


SECRETS = [
    "/etc/passwd",
    f"{REPOSITORY}/genre/classifier.py",
    f"{REPOSITORY}/app.py",
    f"{REPOSITORY}/{DEFAULT_MODEL}/model.safetensors",
    f"{REPOSITORY}/{DEFAULT_MODEL}/config.json",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_files_of_the_machine_cannot_be_read(server: PageServer, secret: str) -> None:
    inside = str(server.uploads)
    climbing = f"{inside}/" + "../" * inside.count("/") + secret.lstrip("/")
    for path in (secret, climbing, climbing.replace("../", "..%2f"), secret.replace("/", "%2f"), f"file://{secret}"):
        for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/", "/"):
            answered = httpx.get(f"{server.url}{route}{path}", follow_redirects=True)
            assert answered.status_code >= 400, (route, path)


@pytest.mark.parametrize("secret", SECRETS)
def test_files_of_the_machine_cannot_be_heard(server: PageServer, secret: str) -> None:
    file = {"path": secret, "meta": {"_type": "gradio.FileData"}}
    climbing = {"path": f"{server.uploads}/../../../../../..{secret}", "meta": {"_type": "gradio.FileData"}}
    for payload in (file, climbing):
        for function, data in (
            ("classify", [payload, DEFAULT_MODEL, 30, 0, "en", 5]),
            ("hear", [payload, DEFAULT_MODEL, 30, 0, 60, "en", False, False, None]),
        ):
            state, output = called(server, function, data)
            assert state == "error", output
            assert "not uploaded" in output["error"]


def test_links_are_not_fetched(server: PageServer, song: Path) -> None:
    with HubServer() as stranger:
        for path in (f"{stranger.url}/song.flac", "https://example.org/song.flac"):
            payload = {"path": path, "meta": {"_type": "gradio.FileData"}}
            state, output = called(server, "classify", [payload, DEFAULT_MODEL, 30, 0, "en", 5])
            assert state == "error"
            assert "Links are not fetched" in output["error"]
            assert httpx.get(f"{server.url}/gradio_api/file={path}").status_code == 403
            assert httpx.get(f"{server.url}/gradio_api/proxy={path}").status_code == 403
        assert stranger.asked == []


@pytest.mark.parametrize(
    ("function", "data"),
    [
        ("hear", ["FILE", "/etc", 30, 0, 60, "en", False, False, None]),
        ("hear", ["FILE", DEFAULT_MODEL, 1e9, 0, 60, "en", False, False, None]),
        ("hear", ["FILE", DEFAULT_MODEL, 30, 0, 101, "en", False, False, None]),
        ("hear", ["FILE", DEFAULT_MODEL, 30, 0, "all", "en", False, False, None]),
        ("mark", [{"row": "x"}, -5, "xx"]),
        ("hear_example", [99, DEFAULT_MODEL, 30, 0, 60, "en", False, False, None]),
        ("hear_example", [-1, DEFAULT_MODEL, 30, 0, 60, "en", False, False, None]),
        ("hear_lesson", [2, DEFAULT_MODEL, 30, 0, 60, "en", False, False, None]),
        ("hear_lesson", ["c_major", DEFAULT_MODEL, 30, 0, 60, "en", False, False, None]),
        ("describe", ["../../etc", "en"]),
        ("download", ["../../etc", "en"]),
        ("look", [{"picture": "x"}, "xx", True, True, "../../etc"]),
        ("decide", [{"picture": "x"}, "xx", True, True, None]),
    ],
)
def test_hidden_events_withstand_nonsense(server: PageServer, song: Path, function: str, data: list[Any]) -> None:
    file = {"path": uploaded(server, song), "meta": {"_type": "gradio.FileData"}}
    state, output = called(server, function, [file if value == "FILE" else value for value in data])
    told = json.dumps(output)
    assert "Traceback" not in told
    assert state == "error" or "g-refused" in told or "g-best" not in told


def test_uploads_over_the_limit_are_refused_before_they_are_kept(server: PageServer) -> None:
    def stored() -> int:
        return sum(path.stat().st_size for path in server.uploads.rglob("*") if path.is_file())

    before = stored()
    big = {"files": ("big.wav", b"RIFF" + bytes(UPLOAD_MB * MEGABYTE + 1))}
    assert httpx.post(f"{server.url}/gradio_api/upload", files=big).status_code == 413
    assert stored() - before < MEGABYTE


def test_the_page_may_load_nothing_from_elsewhere(server: PageServer) -> None:
    answered = httpx.get(server.url)
    policy = answered.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert "*" not in policy
    assert answered.headers["x-content-type-options"] == "nosniff"


def test_another_site_cannot_use_the_page_behind_its_visitors_back(server: PageServer) -> None:
    stranger = {"Origin": "https://stranger.example"}
    answered = httpx.get(f"{server.url}/config", headers=stranger)
    assert answered.headers.get("access-control-allow-origin") is None


# --- how it comes and goes


def test_a_taken_port_is_told_in_words(server: PageServer) -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML("taken")
    with ThreadPoolExecutor(1) as pool:  # not the main thread, whose signals are pytest's
        serving = pool.submit(launch, page, Settings(port=server.port))
        with pytest.raises(SettingsError, match=f"cannot be served on 127.0.0.1:{server.port}.*--port"):
            serving.result(60)


def test_uploads_are_private_and_leave_with_the_server(tmp_path: Path, song: Path) -> None:
    with PageServer(tmp_path) as page:
        kept = Path(uploaded(page, song))
        assert kept.is_relative_to(page.uploads)
        assert page.uploads.stat().st_mode & 0o077 == 0
        page.stop()
    assert not kept.exists()
    assert page.process.returncode == 0
    assert "Traceback" not in page.log  # also where it was stopped while it still warmed up
