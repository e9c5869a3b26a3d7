"""A real server under load and faults: slow and vanishing clients, a full disk, replaced weights, its end.

One server for all, with one place to work and three to wait; the last test ends it.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from page_server import PageServer
from published import music
from small_model import write_model

from genre.settings import SAMPLE_RATE
from genre.web.server import CLOSING_SECONDS, DRAIN_SECONDS
from tests.hostile.test_hostile_audio import IMPOSTORS, flac, sine, wav

PATIENCE, QUEUE, UPLOAD_MB = 2, 3, 12
MODEL = "mine_cqt"
SLOW_SECONDS = 300  # of sound: about a second of work

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / MODEL)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[PageServer]:
    environment = {
        "GENRE_RECEIVE_SECONDS": str(PATIENCE),
        "GENRE_CONCURRENCY": "1",
        "GENRE_QUEUE_SIZE": str(QUEUE),
        "GENRE_MAX_UPLOAD_MB": str(UPLOAD_MB),
        "GENRE_MODELS": str(models),
        "GENRE_PRECISION": "float32",  # in which the weights could stay where they are mapped
    }
    with PageServer(tmp_path_factory.mktemp("faults"), environment) as page:
        page.await_ready()
        yield page


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path]) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("songs")
    return {
        "short": write(folder / "short", music(12), SAMPLE_RATE, "flac").read_bytes(),
        "long": write(folder / "long", np.tile(music(60), SLOW_SECONDS // 60), SAMPLE_RATE, "mp3").read_bytes(),
    }


@pytest.fixture
def ask(server: PageServer, songs: dict[str, bytes]) -> Ask:
    def asked(content: bytes | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("song", songs["short"] if content is None else content)}
        return httpx.post(f"{server.url}/v1/classify", files=files, data={"model": MODEL} | fields, timeout=120)

    return asked


@pytest.fixture
def ask_long(ask: Ask, songs: dict[str, bytes]) -> Ask:
    return lambda: ask(songs["long"], clip_seconds=str(SLOW_SECONDS))


def until(reached: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def load(server: PageServer) -> tuple[int, int]:
    health = httpx.get(f"{server.url}/v1/health", timeout=30).json()
    return health["working"], health["waiting"]


@contextmanager
def connected(server: PageServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        yield client


def head(length: int, path: str = "/v1/classify") -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: multipart/form-data; boundary=x",
        f"Content-Length: {length}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def dripped(client: socket.socket, sent: bytes) -> tuple[bytes, float]:
    """Send at once, then a byte at a time, until the server has said something or hung up; the answer, the seconds."""
    begun = time.monotonic()
    client.sendall(sent)
    client.settimeout(0.2)
    while time.monotonic() - begun < 60:
        try:
            answer = client.recv(65_536)
            while answer.endswith(b"\r\n\r\n"):  # the body is on its way
                answer += client.recv(65_536)
            return answer, time.monotonic() - begun
        except TimeoutError:
            try:
                client.sendall(b"x")
            except OSError:
                return b"", time.monotonic() - begun
        except OSError:
            return b"", time.monotonic() - begun
    raise AssertionError("the server waits for ever")


# --- slow clients


def test_a_head_that_does_not_end_is_hung_up_on(server: PageServer) -> None:
    with connected(server) as client:
        answer, seconds = dripped(client, b"POST /v1/classify HTTP/1.1\r\nX: ")
    assert answer == b""
    assert PATIENCE * 0.9 < seconds < PATIENCE + 5


def test_a_connection_that_says_nothing_is_hung_up_on(server: PageServer) -> None:
    with connected(server) as client:
        assert client.recv(1) == b""


@pytest.mark.parametrize("path", ["/v1/classify", "/gradio_api/upload"])
def test_a_body_that_drips_is_told_to_be_too_slow(server: PageServer, path: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    with connected(server) as client:
        answer, seconds = dripped(client, head(100_000, path) + part)
    assert answer.startswith(b"HTTP/1.1 408")
    assert seconds < PATIENCE + 5
    if path.startswith("/v1"):
        assert b'"code":"too_slow"' in answer.partition(b"\r\n\r\n")[2]


def test_who_goes_on_sending_after_the_answer_is_hung_up_on(server: PageServer) -> None:
    with connected(server) as client:
        answer, _ = dripped(client, head(100_000, "/v1/nothing"))
        assert answer.startswith(b"HTTP/1.1 404")
        deadline = time.monotonic() + PATIENCE + 10
        client.setblocking(True)
        while time.monotonic() < deadline:
            try:
                client.sendall(b"x")
            except OSError:
                return
            time.sleep(0.1)
    pytest.fail("it may send for ever")


def test_slow_clients_do_not_starve_others(server: PageServer, ask: Ask) -> None:
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    for number, client in enumerate(clients):
        client.sendall(head(100_000) if number % 2 else b"GET / HTTP/1.1\r\nX: ")
    try:
        assert ask().status_code == 200
        assert load(server) == (0, 0)  # those who still send wait for no turn
    finally:
        for client in clients:
            client.close()
    assert server.process.poll() is None


# --- clients that vanish


def test_who_vanishes_leaves_no_file_and_no_place(server: PageServer, ask: Ask, songs: dict[str, bytes]) -> None:
    before = set(server.kept)
    body = httpx.Request(
        "POST",
        "http://x/v1/classify",
        files={"file": ("long.mp3", songs["long"])},
        data={"clip_seconds": str(SLOW_SECONDS), "model": MODEL},
    )
    content, kind = body.read(), body.headers["content-type"]
    sent = f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    for share in (0.0, 0.4, 0.9, 1.0, 1.0, 1.0):  # the last three are worked on, or wait
        with connected(server) as client:
            client.sendall(sent.encode() + content[: round(share * len(content))])
            if share == 1.0:
                time.sleep(0.2)
    until(lambda: load(server) == (0, 0))
    assert ask().status_code == 200
    assert set(server.kept) == before


# --- more than it can do


def test_over_capacity_is_a_polite_503(server: PageServer, ask: Ask, ask_long: Ask) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ask_long(), range(10)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert len(answers) - len(refused) >= 1 + QUEUE
    for answer in refused:
        assert answer.json()["error"]["code"] == "busy"
        assert int(answer.headers["retry-after"]) >= 1
    assert ask().status_code == 200


def test_hostile_files_among_others_cost_only_themselves(server: PageServer, ask: Ask, songs: dict[str, bytes]) -> None:
    hostile = {
        **IMPOSTORS,
        "rate": wav(rate=4_000_000_000),
        "channels": wav(channels=1_000),
        "hour of silence": flac(44_100, 3_600 * 44_100 // 65_535),
        "claim": flac(8_000, 1, sine(1)[:100], claimed=2**36 - 1),
        "cut": songs["long"][: len(songs["long"]) // 3][1_000:1_400],
    }
    mixed = [(name, content) for name, content in hostile.items() for content in (content, None)]
    with ThreadPoolExecutor(1 + QUEUE) as pool:
        answers = list(pool.map(lambda one: ask(one[1]), mixed))
    for (name, content), answer in zip(mixed, answers, strict=True):
        expected = 200 if content is None else 422
        assert answer.status_code == expected, (name, answer.text)
    assert server.process.poll() is None
    assert "Traceback" not in server.log


# --- the ground moves


def test_weights_that_are_replaced_answer_or_are_told(
    server: PageServer, ask: Ask, models: Path, tmp_path: Path
) -> None:
    weights = models / MODEL / "model.safetensors"
    old, other = weights.read_bytes(), write_model(tmp_path / MODEL, seed=1) / "model.safetensors"
    first = ask().json()
    shutil.copyfile(other, weights)  # into the very file that is loaded, as `cp` does
    second = ask().json()
    assert second["weights"]["sha256"] != first["weights"]["sha256"]
    assert second["top"] != first["top"]

    for content in (b"", b"garbage", old[: len(old) // 2]):
        weights.write_bytes(content)
        told = ask()
        assert (told.status_code, told.json()["error"]["code"]) == (503, "model_unavailable"), told.text
        assert str(models) not in told.text
    weights.unlink()
    assert ask().status_code in (404, 503)
    shutil.copyfile(other, tmp_path / "new")
    (tmp_path / "new").replace(weights)
    assert ask().json()["top"] == second["top"]


def test_weights_may_be_overwritten_while_requests_are_under_way(
    server: PageServer, ask: Ask, ask_long: Ask, models: Path, tmp_path: Path
) -> None:
    weights = models / MODEL / "model.safetensors"
    ended = threading.Event()

    def replace() -> None:
        for seed in (2, 3, 4):
            content = write_model(tmp_path / f"{seed}_cqt", seed) / "model.safetensors"
            shutil.copyfile(content, weights)
            ended.wait(0.7)

    replacing = threading.Thread(target=replace)
    with ThreadPoolExecutor(3) as pool:
        long = [pool.submit(ask_long) for _ in range(2)]
        replacing.start()
        statuses = {ask().status_code for _ in range(5)} | {one.result().status_code for one in long}
    ended.set()
    replacing.join()
    assert statuses <= {200, 503}
    assert server.process.poll() is None
    assert ask().status_code == 200


def test_a_full_disk_is_told_and_passes(server: PageServer, ask: Ask, songs: dict[str, bytes]) -> None:
    if os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    place = server.folder / "tmp"
    uploads = server.uploads.name
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        (place / uploads).mkdir()
        full = ask(songs["long"])
        assert (full.status_code, full.json()["error"]["code"]) == (507, "disk_full")
        assert ask().status_code == 200  # a small one has room
        (place / "rest").write_bytes(bytes(1_900_000))
        small = ask()  # received in memory, but cannot be kept
        assert (small.status_code, small.json()["error"]["code"]) == (507, "disk_full")
        opened = [file.readlink() for file in Path(f"/proc/{server.process.pid}/fd").iterdir()]
        assert not [file for file in opened if file.is_relative_to(place)]
        page = httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("long.mp3", songs["long"])}, timeout=30)
        assert page.status_code == 507
        assert "disk is full" in page.text
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)  # Gradio may hold what it could not write
    assert ask().status_code == 200
    assert server.process.poll() is None


# --- the end


def test_sigterm_lets_what_is_under_way_be_answered(server: PageServer, ask_long: Ask) -> None:
    with ThreadPoolExecutor(3) as pool, httpx.stream("GET", f"{server.url}/gradio_api/heartbeat/abc", timeout=60):
        asked = [pool.submit(ask_long) for _ in range(3)]
        until(lambda: min(load(server)) > 0)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(DRAIN_SECONDS + CLOSING_SECONDS + 5) == 0
        assert [one.result(10).status_code for one in asked] == [200, 200, 200]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port)).close()
    assert server.kept == []
    assert "Traceback" not in server.log


def test_ctrl_c_is_the_ordinary_end(tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else the server inherits that a script's tests ignore it
    with PageServer(tmp_path, {}, ("-m", "genre", "serve")) as own:
        own.await_ready()
        own.process.send_signal(signal.SIGINT)
        assert own.process.wait(DRAIN_SECONDS + CLOSING_SECONDS + 5) == 0
        assert "Traceback" not in own.log
