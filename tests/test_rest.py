"""`/v1/*` of a real server: the command line's rows, clear errors, bounded bodies, a document that keeps its word."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from page_server import PageServer
from prometheus_client.parser import text_string_to_metric_families
from published import music
from small_model import write_model
from typer.testing import CliRunner

import genre
from genre.cli import app
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE
from genre.web import api_page, schema
from genre.web.programs import NAME_BYTES_MAX, safe_name

UPLOAD_MB = 3
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    folder = tmp_path_factory.mktemp("rest")
    models = folder / "models"
    models.mkdir()
    write_model(models / "tiny_cqt")
    environment = {"GENRE_MAX_UPLOAD_MB": str(UPLOAD_MB), "GENRE_MODELS": str(models)}
    with PageServer(folder, environment) as page:
        page.await_ready()
        yield page


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> Path:
    return write(tmp_path_factory.mktemp("song") / "a 歌.flac", music(14), SAMPLE_RATE, "flac")


def ask(server: PageServer, song: Path | bytes, name: str = "a 歌.flac", **fields: str) -> httpx.Response:
    content = song if isinstance(song, bytes) else song.read_bytes()
    return httpx.post(f"{server.url}/v1/classify", files={"file": (name, content)}, data=fields, timeout=120)


def error(answered: httpx.Response) -> tuple[int, str, str]:
    body = answered.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    return answered.status_code, body["error"]["code"], body["error"]["message"]


# --- answers


def test_an_answer_is_the_row_of_the_command_line(server: PageServer, song: Path, own_settings: None) -> None:
    (told,) = json.loads(CliRunner().invoke(app, ["classify", str(song), "--json", "--top", "16"]).stdout)
    answered = ask(server, song, top="16")
    assert answered.status_code == 200
    row = answered.json()
    for each in (row, told):
        assert schema.Row.model_validate(each).model_dump() == each  # every field is declared, and no other
    assert row["source"] == "a 歌.flac"
    for same in ("model", "taxonomy", "weights", "warnings", "unsure_below"):
        assert row[same] == told[same]
    probabilities = ({best["id"]: best["probability"] for best in each["top"]} for each in (row, told))
    assert next(probabilities) == pytest.approx(next(probabilities), abs=5e-3)
    assert [(w["start"], w["end"]) for w in row["windows"]] == [(w["start"], w["end"]) for w in told["windows"]]


def test_every_choice_is_heeded(server: PageServer, song: Path) -> None:
    row = ask(server, song, model="tiny_cqt", clip_seconds="5", start="2.5", top="2").json()
    assert row["model"] == "tiny_cqt"
    assert len(row["top"]) == 2
    assert row["windows"][0]["start"] == 2.5
    assert "short" in row["warnings"]


def test_models_are_those_that_answer(server: PageServer) -> None:
    models = {each["model"]: each for each in httpx.get(f"{server.url}/v1/models").json()["models"]}
    assert {DEFAULT_MODEL, "tiny_cqt", "resnet18_cqt_acousticsense16"} <= models.keys()
    assert [name for name, each in models.items() if each["is_default"]] == [DEFAULT_MODEL]
    assert models["tiny_cqt"]["weights"]["origin"] == "dropped-in"
    assert len(models["tiny_cqt"]["genres"]) == 16


def test_health_says_ready_and_which_version(server: PageServer) -> None:
    answered = httpx.get(f"{server.url}/v1/health")
    assert answered.json() == {"status": "ready", "version": genre.__version__, "waiting": 0, "working": 0}


# --- errors


@pytest.mark.parametrize(
    ("fields", "status", "code", "said"),
    [
        ({"model": "no_such"}, 404, "unknown_model", DEFAULT_MODEL),
        ({"model": "../vgg19_bn_cqt"}, 404, "unknown_model", "No model named"),
        ({"model": "swin_b_mel"}, 404, "unknown_model", "not on this machine yet"),
        ({"clip_seconds": "0"}, 422, "invalid_parameter", "from 1 to 600"),
        ({"clip_seconds": "nan"}, 422, "invalid_parameter", "from 1 to 600"),
        ({"clip_seconds": "soon"}, 422, "invalid_parameter", "soon"),
        ({"top": "2.5"}, 422, "invalid_parameter", "2.5"),
        ({"start": "-1", "language": "zh"}, 422, "invalid_parameter", "请填 0 到"),
        ({"start": "90"}, 422, "unreadable_recording", "Choose an earlier start"),
        ({"start": "90", "language": "zh"}, 422, "unreadable_recording", "请把起点提前"),
        ({"language": "fr"}, 422, "invalid_parameter", "en, zh"),
        ({"speed": "2"}, 422, "unknown_field", "clip_seconds"),
        ({"top": "9" * 5_000}, 400, "bad_request", "multipart/form-data"),
    ],
)
def test_a_bad_choice_is_told_with_the_remedy(
    server: PageServer, song: Path, fields: dict[str, str], status: int, code: str, said: str
) -> None:
    found = error(ask(server, song, **fields))
    assert found[:2] == (status, code)
    assert said in found[2]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {"file": "song.mp3"}}, 415, "not_a_form"),
        ({"data": {"file": "/etc/passwd"}}, 415, "not_a_form"),
        ({"files": {"other": ("a.wav", b"RIFF")}}, 422, "unknown_field"),
        ({"files": {"top": (None, "3")}}, 422, "missing_file"),
        ({"files": {"file": (None, "/etc/passwd")}}, 422, "missing_file"),
        ({"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]}, 400, "bad_request"),
        ({"files": {"file": ("a.mp3", b"not a song")}}, 422, "unreadable_recording"),
        ({"files": {"file": ("a.mp3", b"")}}, 422, "unreadable_recording"),
        ({"content": b"broken", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, "bad_request"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_request"),
        ({"content": b"", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 422, "missing_file"),
    ],
)
def test_a_bad_form_is_told(server: PageServer, request_: dict[str, Any], status: int, code: str) -> None:
    assert error(httpx.post(f"{server.url}/v1/classify", timeout=60, **request_))[:2] == (status, code)


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "hex", "no-such"])
def test_an_odd_charset_is_no_error_of_the_server(server: PageServer, charset: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="top"\r\n\r\n+2AA-\\ud800\xff\r\n--x--\r\n'
    kind = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    found = error(httpx.post(f"{server.url}/v1/classify", content=part, headers=kind))
    assert 400 <= found[0] < 500


def test_wrong_addresses_and_methods_are_told_alike(server: PageServer) -> None:
    assert error(httpx.get(f"{server.url}/v1/nothing"))[:2] == (404, "not_found")
    assert error(httpx.post(f"{server.url}/v1/classify/"))[:2] == (404, "not_found")
    refused = httpx.get(f"{server.url}/v1/classify")
    assert error(refused)[:2] == (405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"


def test_a_page_of_another_site_can_send_nothing_to_this_machine(server: PageServer, song: Path) -> None:
    def sent(path: str, **headers: str) -> httpx.Response:
        files = {"file": ("a.flac", song.read_bytes())} if "/v1" in path else {"files": ("a.flac", b"RIFF")}
        return httpx.post(server.url + path, files=files, headers=headers, timeout=60)

    before = set(server.kept)
    for path in ("/v1/classify", "/gradio_api/upload"):
        for origin in ("https://stranger.example", "http://127.0.0.1.stranger.example", "null"):
            refused = sent(path, **{"Sec-Fetch-Site": "cross-site", "Origin": origin})
            assert error(refused)[:2] == (403, "other_site")
    assert set(server.kept) == before
    own = {"Sec-Fetch-Site": "same-origin"}
    embedded = {"Sec-Fetch-Site": "cross-site", "Host": "genre.example.org"}  # what others reach anyway
    another_here = {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:3000"}
    for headers in (own, embedded, another_here):
        assert sent("/gradio_api/upload", **headers).status_code == 200
    assert httpx.get(f"{server.url}/v1/docs", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200  # a link


def test_a_body_without_end_is_refused_while_it_comes(server: PageServer) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        while sent < 100 * MEGABYTE:
            sent += MEGABYTE
            yield bytes(MEGABYTE)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    try:
        answered = httpx.post(f"{server.url}/v1/classify", content=endless(), headers=kind, timeout=60)
        assert error(answered)[:2] == (413, "too_large")
        assert f"{UPLOAD_MB} MB" in answered.text
    except httpx.WriteError:  # hung up on in the middle of sending
        pass
    kept = sum(path.stat().st_size for path in server.kept)
    assert kept < UPLOAD_MB * MEGABYTE


def test_nothing_is_left_on_the_disk(server: PageServer, song: Path) -> None:
    before = set(server.kept)
    assert ask(server, song).status_code == 200
    assert ask(server, b"no song").status_code == 422
    assert set(server.kept) == before


def test_a_name_is_no_path() -> None:
    assert safe_name("../../etc/passwd") == "passwd"
    assert safe_name("C:\\music\\a 歌.mp3") == "a 歌.mp3"
    assert safe_name("..") == safe_name("") == safe_name("a/") == safe_name("\0\n") == "recording"
    assert safe_name("\ud800x.mp3") == "x.mp3"
    assert len(safe_name("歌" * 500).encode()) <= NAME_BYTES_MAX


def test_a_hostile_name_is_only_a_name(server: PageServer, song: Path) -> None:
    row = ask(server, song, name="../../../music/<b>x.flac", model="tiny_cqt").json()
    assert row["source"] == "<b>x.flac"


# --- the document


@pytest.fixture(scope="module")
def document(server: PageServer) -> dict[str, Any]:
    found = httpx.get(f"{server.url}/v1/openapi.json").json()
    assert isinstance(found, dict)
    return found


def test_the_document_names_every_route_and_what_it_answers(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/v1"}]
    assert set(document["paths"]) == {"/classify", "/models", "/health"}
    answers = document["paths"]["/classify"]["post"]["responses"]
    statuses = "200 400 401 403 404 408 413 415 422 500 503 507"
    assert set(answers) == set(statuses.split())
    assert answers["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Row"}


@pytest.mark.parametrize(("language", "said"), [("en", "Send a recording"), ("zh", "发送录音")])
def test_the_page_of_the_document_needs_no_network(server: PageServer, language: str, said: str) -> None:
    answered = httpx.get(f"{server.url}/v1/docs", headers={"accept-language": f"{language}-X,en;q=0.5"})
    assert answered.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answered.headers["content-security-policy"]
    assert said in answered.text
    assert f'<html lang="{language}">' in answered.text
    for name in ("RankedGenre", "clip_seconds", "/v1/models", f"-F file=@song.mp3 -F top=3 {server.url}/v1/classify"):
        assert name in answered.text
    assert "<script" not in answered.text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", answered.text)
    anchors = set(re.findall(r'href="#(\w+)"', answered.text))
    assert anchors <= set(re.findall(r'id="(\w+)"', answered.text))


def test_all_that_the_document_says_has_chinese_words(document: dict[str, Any]) -> None:
    said = set(
        re.findall(r'"(?:description|summary)": "([^"]+)"', json.dumps(document["paths"] | document["components"]))
    )
    assert said == api_page.CHINESE.keys()


def test_what_a_document_says_cannot_become_markup(document: dict[str, Any]) -> None:
    evil = json.loads(json.dumps(document).replace("The file's name as it was sent.", "<script>1</script>"))
    assert "<script" not in api_page.page(evil, "/v1", 7860, "en")


def test_schemathesis_finds_no_error_of_the_server(server: PageServer, tmp_path: Path) -> None:
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{server.url}/v1/openapi.json"),
        *("--checks", checks, "--phases", "examples,coverage,fuzzing", "--max-examples", "20"),
        *("--request-timeout", "30", "--seed", "20250", "--no-color", "--workers", "1"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=200)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
    assert "Tested: 3" in done.stdout
    assert "Traceback" not in server.log


# --- numbers


def samples(server: PageServer) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answered = httpx.get(f"{server.url}/metrics")
    assert answered.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answered.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def test_metrics_count_routes_answers_and_loads(server: PageServer, song: Path) -> None:
    def counted(name: str, **labels: str) -> float:
        return samples(server).get((name, frozenset(labels.items())), 0.0)

    asked = {"route": "/v1/classify", "status": "200"}
    before = counted("genre_http_requests_total", **asked), counted("genre_answer_seconds_count", stage="network")
    refused = counted("genre_http_requests_total", route="/v1/classify", status="422")
    assert ask(server, song).status_code == 200
    assert ask(server, b"no song").status_code == 422
    after = counted("genre_http_requests_total", **asked), counted("genre_answer_seconds_count", stage="network")
    assert np.subtract(after, before).tolist() == [1, 1]
    assert counted("genre_http_requests_total", route="/v1/classify", status="422") == refused + 1
    assert counted("genre_http_in_flight") == 1  # this one
    assert counted("genre_model_load_seconds_count") >= 1
    assert counted("process_resident_memory_bytes") > 1e8


def test_metrics_do_not_grow_with_what_strangers_ask(server: PageServer) -> None:
    for number in range(30):
        httpx.get(f"{server.url}/v1/x{number}")
        httpx.get(f"{server.url}/y{number}")
    routes = {dict(labels)["route"] for _, labels in samples(server) if "route" in dict(labels)}
    assert routes <= {"page", "/metrics", *(f"/v1/{name}" for name in ("classify", "models", "health", "docs"))} | {
        "/v1/openapi.json"
    }
