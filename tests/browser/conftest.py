"""A real browser (Debian's Chromium, driven by Playwright) in front of a real server; the microphone is a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from page_server import PageServer
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

import genre
from genre import audio
from genre.settings import SAMPLE_RATE
from genre.web import examples

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP another.machine 127.0.0.1",
)
WAIT_MS = 60_000
DENIED = "Error accessing the microphone: Permission denied"  # Gradio's recorder throws that after we have said it


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "MODELSCOPE_ENDPOINT": "http://127.0.0.1:9"}
    with PageServer(tmp_path_factory.mktemp("server"), {"GENRE_MAX_UPLOAD_MB": "4", **nowhere}) as page:
        yield page


@pytest.fixture(scope="session")
def answers() -> dict[Path, tuple[str, float]]:
    """The most likely genre of every example and its probability, as Python answers it, in the page's order."""
    return {example.path: genre.predict(example.path).ranked[0] for example in examples.find_examples()}


@pytest.fixture(scope="session")
def surest(answers: dict[Path, tuple[str, float]]) -> Path:
    """The example with the surest answer: hearing it from another bar on does not change that."""
    return max(answers, key=lambda path: answers[path][1])


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def hearing(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """Open browsers that let every page use the microphone, into which samples at 22 050 Hz play again and again."""
    with ExitStack() as opened:

        def open_browser(samples: np.ndarray) -> Browser:
            heard = tmp_path_factory.mktemp("microphone") / "heard.wav"
            soundfile.write(heard, samples, SAMPLE_RATE, "PCM_16")
            microphone = ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={heard}")
            found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *microphone])
            opened.callback(found.close)
            return found

        yield open_browser


@pytest.fixture(scope="session")
def browser(hearing: Callable[..., Browser], surest: Path) -> Browser:
    """A browser that hears the surest example."""
    return hearing(audio.load(surest).samples)


@pytest.fixture(scope="session")
def refusing_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose user says no to the microphone."""
    found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--deny-permission-prompts"])
    yield found
    found.close()


@pytest.fixture
def visit(server: PageServer, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page and wait until it is ready; an error in its scripts fails the test."""
    contexts: list[Any] = []
    errors: list[str] = []

    def opened(
        *,
        locale: str = "en-US",
        dark: bool = False,
        size: tuple[int, int] = (1280, 900),
        url: str = server.url,
        browser: Browser = browser,
        on_request: Callable[[str], None] = lambda _: None,
    ) -> Page:
        context = browser.new_context(
            locale=locale,
            color_scheme="dark" if dark else "light",
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)) if DENIED not in str(error) else None)
        page.on("request", lambda request: on_request(request.url))
        page.goto(url)
        page.wait_for_selector(".g-ready")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []
