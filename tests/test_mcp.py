"""`genre serve --mcp` and the token, from outside: the SDK's own client against a real server process."""

import base64
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from page_server import PageServer
from published import music
from small_model import write_model
from typer.testing import CliRunner

from genre.cli import app
from genre.settings import DEFAULT_MODEL, SAMPLE_RATE, Settings
from genre.web import schema
from genre.web.mcp_tools import CALLS_WAITING, recording_mb

TOKEN = "a-token.of~our_own"
UPLOAD_MB = 2
MODEL = "tiny_cqt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    folder = tmp_path_factory.mktemp("mcp")
    models = folder / "models"
    models.mkdir()
    write_model(models / MODEL)
    environment = {"GENRE_API_TOKEN": TOKEN, "GENRE_MAX_UPLOAD_MB": str(UPLOAD_MB), "GENRE_MODELS": str(models)}
    with PageServer(folder, environment, ("-m", "genre", "serve", "--mcp")) as page:
        page.await_ready()
        yield page


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> bytes:
    return write(tmp_path_factory.mktemp("song") / "song", music(13), SAMPLE_RATE, "flac").read_bytes()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def asked(server: PageServer, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    """Ask as a language model's program does; return what the client got."""

    async def ask_once() -> Any:
        http = create_mcp_http_client(headers={"Authorization": f"Bearer {TOKEN}"})
        async with http, Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client:
            return await ask(client)

    with ThreadPoolExecutor(1) as pool:  # Playwright's event loop is that of the tests' own thread
        return pool.submit(anyio.run, ask_once).result()


def called(server: PageServer, tool: str, arguments: dict[str, Any]) -> Any:
    return asked(server, lambda client: client.call_tool(tool, arguments))


# --- tools


def test_the_tools_are_offered_with_words(server: PageServer) -> None:
    tools = {tool.name: tool for tool in asked(server, lambda client: client.list_tools()).tools}
    assert set(tools) == {"classify", "similar", "models"}
    assert "genre" in tools["classify"].description
    properties = tools["classify"].input_schema["properties"]
    assert set(properties) == {"audio", "name", "model", "clip_seconds", "start", "top"}  # no path, no address
    assert "base64" in properties["audio"]["description"]


def test_classify_gives_the_row(server: PageServer, song: bytes) -> None:
    arguments = {"audio": encoded(song), "name": "song.flac", "model": MODEL, "top": 2}
    answer = called(server, "classify", arguments)
    assert not answer.is_error
    row = answer.structured_content
    assert schema.Row.model_validate(row).model_dump() == row
    assert (row["source"], row["model"], len(row["top"])) == ("song.flac", MODEL, 2)


def test_similar_knows_a_recording_again(server: PageServer, song: bytes) -> None:
    answer = called(server, "similar", {"a": encoded(song), "b": encoded(song), "model": MODEL})
    assert not answer.is_error
    assert answer.structured_content["ssim"] > 0.99
    assert answer.structured_content["verdict"] == "possibly_same_source"


def test_models_are_those_of_the_server(server: PageServer) -> None:
    answer = called(server, "models", {})
    found = {model["model"] for model in answer.structured_content["result"]}
    assert {MODEL, DEFAULT_MODEL} <= found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"audio": "/etc/passwd"}, "paths and links are not opened"),
        ({"audio": "https://example.org/song.mp3"}, "paths and links are not opened"),
        ({"audio": encoded(b"no song")}, "not sound"),
        ({"audio": ""}, "empty"),
        ({"audio": "AAAA" * (UPLOAD_MB * 400_000)}, f"larger than {UPLOAD_MB} MB"),
        ({"audio": encoded(b"x"), "model": "../vgg19_bn_cqt"}, "No model named"),
        ({"audio": encoded(b"x"), "clip_seconds": 0}, "from 1 to 600"),
        ({"audio": encoded(b"x"), "top": 0}, "from 1 to"),
        ({}, "audio"),
    ],
)
def test_what_cannot_be_answered_is_told(server: PageServer, arguments: dict[str, Any], said: str) -> None:
    answer = called(server, "classify", arguments)
    assert answer.is_error
    assert said in answer.content[0].text
    assert "Traceback" not in answer.content[0].text


def test_a_call_that_is_far_too_large_is_refused_unread(server: PageServer) -> None:
    large = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"x": "A" * (20 * UPLOAD_MB << 20)}}
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json, text/event-stream"}
    with suppress(httpx.WriteError):  # hung up on
        assert httpx.post(f"{server.url}/mcp", json=large, headers=headers, timeout=60).status_code == 413
    assert server.process.poll() is None


def test_calls_that_memory_has_no_room_for_are_turned_away_unread(server: PageServer) -> None:
    def listed() -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json, text/event-stream"}
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        return httpx.post(f"{server.url}/mcp", json=asked, headers=headers, timeout=30)

    most = Settings().concurrency + CALLS_WAITING
    lines = ("POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {TOKEN}")
    lines += ("Accept: application/json, text/event-stream", "Content-Type: application/json", "Content-Length: 9999")
    with ExitStack() as stack:
        for _ in range(most - 1):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall("\r\n".join([*lines, "", "{"]).encode())
        assert listed().status_code == 200  # there is room for one
        client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        client.sendall("\r\n".join([*lines, "", "{"]).encode())
        deadline = time.monotonic() + 10
        while (refused := listed()).status_code == 200:
            assert time.monotonic() < deadline
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
        assert int(refused.headers["retry-after"]) >= 1
    deadline = time.monotonic() + 10
    while listed().status_code != 200:  # they have gone
        assert time.monotonic() < deadline


def test_a_page_of_another_site_cannot_speak_to_it(server: PageServer) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for stranger in ({"Host": "rebound.example"}, {"Origin": "https://stranger.example"}):
        answered = httpx.post(f"{server.url}/mcp", json={}, headers=bearer | stranger)
        assert answered.status_code in (403, 421)


def test_a_call_holds_less_than_an_upload() -> None:
    assert recording_mb(Settings()) == 16
    assert recording_mb(Settings(max_upload_mb=4)) == 4


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)  # as if it were not installed
    done = CliRunner().invoke(app, ["serve", "--mcp"])
    assert done.exit_code == 1
    assert "pip install 'genre[mcp]'" in done.stderr


# --- the token

WRONG = [None, "", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer é"]


@pytest.mark.parametrize("given", WRONG)
def test_without_the_token_nothing_is_read(server: PageServer, song: bytes, given: str | None) -> None:
    headers = [] if given is None else [("Authorization", given.encode())]
    files = {"file": ("song.flac", song)}
    answers = [
        httpx.post(f"{server.url}/v1/classify", headers=headers, files=files),
        httpx.get(f"{server.url}/v1/models", headers=headers),
        httpx.get(f"{server.url}/v1/nothing", headers=headers),
        httpx.get(f"{server.url}/metrics", headers=headers),
        httpx.post(f"{server.url}/mcp", headers=headers, json={}),
    ]
    for answered in answers:
        assert answered.status_code == 401, answered.url
        assert answered.json()["error"]["code"] == "unauthorised"
        assert answered.headers["www-authenticate"] == "Bearer"


def test_with_the_token_everything_is_open_and_some_things_always(server: PageServer, song: bytes) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answered = httpx.post(
        f"{server.url}/v1/classify", headers=bearer, files={"file": ("a", song)}, data={"model": MODEL}, timeout=60
    )
    assert answered.status_code == 200
    for path in ("/v1/models", "/metrics"):
        assert httpx.get(server.url + path, headers=bearer).status_code == 200
    for path in ("/v1/health", "/v1/docs", "/v1/openapi.json", "/"):
        assert httpx.get(server.url + path).status_code == 200
    assert TOKEN not in server.log
