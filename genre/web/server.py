"""The server of the page: its address and limits, what it refuses to serve, how it looks."""

import atexit
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils
from starlette.middleware import Middleware

from genre.errors import SettingsError
from genre.settings import Settings
from genre.web import examples
from genre.web.texts import TEXTS
from genre.web.theme import THEME

log = logging.getLogger(__name__)

KEEP_SECONDS, SWEEP_SECONDS = 3_600, 600  # how long uploads stay, and how often that is looked at
SIGNAL_SECONDS = 0.1  # between two looks at whether to stop
SESSIONS_MAX = 200  # whose answers are remembered; the oldest is forgotten first
HERE = Path(__file__).parent
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

# Routes of Gradio that this page does not need: they fetch what a stranger names, or store what a stranger sends.
CLOSED = ("/gradio_api/file=http", "/gradio_api/file=//", "/gradio_api/proxy=", "/gradio_api/process_recording")
HEADERS = {
    # Nothing may be loaded from, or sent to, anywhere else. Gradio's front end compiles code and inlines styles.
    b"content-security-policy": b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    b"font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    b"base-uri 'self'; form-action 'self'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def prepare() -> None:
    """Keep Gradio quiet towards the outside, and its uploads in a folder that only this user can read."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Gradio would fetch a link that a program sends in place of a file, from anywhere and of any size.
    processing_utils.async_ssrf_protected_download = _refuse_link
    if "GRADIO_TEMP_DIR" not in os.environ:
        cache = tempfile.mkdtemp(prefix="genre-")
        os.environ["GRADIO_TEMP_DIR"] = cache
        atexit.register(shutil.rmtree, cache, ignore_errors=True)


async def _refuse_link(url: str, cache_dir: str) -> str:
    """Raise gr.Error in English: a program sent the link, the page does not."""
    raise gr.Error(TEXTS["error_url"]["en"], print_exception=False)


def launch(page: gr.Blocks, settings: Settings) -> None:
    """Serve until interrupted or terminated; SettingsError where the address cannot be had."""
    # Gradio asks its own address whether it is there; a proxy that is set for the outside must not get in between.
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), *LOCAL_HOSTS, settings.host)))
    stopping: list[int] = []
    if threading.current_thread() is threading.main_thread():
        # Noted, not raised: whatever is under way, starting up too, ends before the server does.
        signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    try:
        page.launch(
            server_name=settings.host,
            server_port=settings.port,
            show_error=True,
            max_file_size=settings.max_upload_mb * gr.FileSize.MB,
            allowed_paths=[str(examples.folder())],
            state_session_capacity=SESSIONS_MAX,
            app_kwargs={"middleware": [Middleware(_Guard)], "docs_url": None, "redoc_url": None},
            footer_links=["api"],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            theme=THEME,
            css_paths=HERE / "style.css",
            head=_head(),
        )
    except OSError as error:
        raise SettingsError(
            f"The page cannot be served on {settings.host}:{settings.port} ({error}). "
            "Stop what uses that port, or choose another one with --port or GENRE_PORT."
        ) from error
    log.info("The page is on %s", page.local_url)
    try:
        while page.is_running and not stopping:
            time.sleep(SIGNAL_SECONDS)
    except KeyboardInterrupt:
        pass
    log.info("The page is closing")
    page.close(verbose=False)


def _head() -> str:
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("root.css", "page.js"))
    return f"<style>{style}</style><script>{script}</script>"


class _Guard:
    """ASGI middleware: closes routes and adds HEADERS to every answer."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].lower()
        if any(closed in path for closed in CLOSED):
            await send({"type": "http.response.start", "status": 403, "headers": list(HEADERS.items())})
            await send({"type": "http.response.body", "body": b"Not served here."})
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)
