"""The server: its address and limits, what it refuses to serve, how the page looks, how it ends."""

import atexit
import logging
import math
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from gradio import processing_utils
from gradio.routes import App as GradioApp
from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Mount

from genre.errors import GenreError, SettingsError
from genre.settings import Settings
from genre.web import examples, intake
from genre.web.intake import Application, Message, Receive, Scope, Send
from genre.web.programs import FULL_DISK, problem
from genre.web.rest import answered
from genre.web.texts import TEXTS
from genre.web.theme import THEME

log = logging.getLogger(__name__)

KEEP_SECONDS, SWEEP_SECONDS = 3_600, 600  # how long uploads stay, and how often that is looked at
SIGNAL_SECONDS = 0.1  # between two looks at whether to stop
DRAIN_SECONDS, CLOSING_SECONDS = 20, 5  # for what is under way when the server is to stop; and for the rest
CONNECTIONS_MAX, BACKLOG = 500, 512  # open at once, half of what a process may have; not yet looked at
SESSIONS_MAX = 200  # whose answers are remembered; the oldest is forgotten first
HERE = Path(__file__).parent
SCRIPTS = ("page.js", "live.js", "timeline.js")
BOUND_THEMSELVES = ("/gradio_api/upload", "/mcp")  # the first takes many files, and bounds each

# Routes of Gradio that this page does not need: they fetch what a stranger names, or store what a stranger sends.
CLOSED = ("/gradio_api/file=http", "/gradio_api/file=//", "/gradio_api/proxy=", "/gradio_api/process_recording")
READING = ("GET", "HEAD", "OPTIONS")
THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)  # as browsers write it
HEADERS = {
    # Nothing may be loaded from, or sent to, anywhere else. Gradio's front end compiles code and inlines styles.
    b"content-security-policy": b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    b"font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    b"base-uri 'self'; form-action 'self'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


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


def application(
    page: gr.Blocks, settings: Settings, routes: Sequence[BaseRoute] = (), lifespan: Lifespan | None = None
) -> FastAPI:
    """Return the page with routes beside it, as one application behind the guard.

    lifespan: what runs as long as the server does, around everything.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.router.routes.extend(routes)
    page.state_session_capacity = SESSIONS_MAX
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        show_error=True,
        max_file_size=settings.max_upload_mb * gr.FileSize.MB,
        allowed_paths=[str(examples.folder())],
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        theme=THEME,
        css_paths=HERE / "style.css",
        head=_head(),
    )
    # What `Blocks.launch` would have set: only then does Gradio look whose files it is given, and can be closed.
    (mounted,) = (route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, GradioApp))
    page.app = page.server_app = mounted
    page.has_launched = True
    mounted.add_exception_handler(OSError, _told_full_disk)
    app.add_middleware(_Guard, settings=settings)
    return app


def _told_full_disk(request: Request, error: Exception) -> JSONResponse:
    """Answer an upload of the page for which there is no room."""
    if not isinstance(error, OSError) or error.errno not in FULL_DISK:
        raise error
    return JSONResponse({"detail": TEXTS["api_disk_full"]["en"]}, 507)


def launch(
    page: gr.Blocks,
    settings: Settings,
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    around: Callable[[Application], Application] | None = None,
) -> None:
    """Serve a page and routes beside it until interrupted or terminated; SettingsError where the address is taken.

    around: middleware that sees every request first. What is under way at the end is still answered, for up to
    DRAIN_SECONDS.
    """
    stopping: list[int] = []
    if threading.current_thread() is threading.main_thread():
        # Noted, not raised: whatever is under way, starting up too, ends before the server does.
        signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    app = application(page, settings, routes, lifespan)
    if around:
        app.add_middleware(around)
    listening = _listen(settings)
    server = _Server(page, app, settings)
    # A daemon: what does not come to its end in time does not keep the process either.
    serving = threading.Thread(target=server.run, args=([listening],), name="server", daemon=True)
    serving.start()
    told = False
    try:
        while serving.is_alive() and not stopping:
            if server.started and not told:
                log.info("The page is on http://%s:%d/", settings.host, settings.port)
                told = True
            time.sleep(SIGNAL_SECONDS)
        if not stopping:
            raise GenreError("The server has stopped; the lines above say why.")
    except KeyboardInterrupt:
        pass
    log.info("The page is closing")
    server.should_exit = True
    serving.join(DRAIN_SECONDS + CLOSING_SECONDS)


def _listen(settings: Settings) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"The page cannot be served on {settings.host}:{settings.port} ({error}). "
            "Stop what uses that port, or choose another one with --port or GENRE_PORT."
        ) from error


class _Server(uvicorn.Server):
    """uvicorn, which tells the page when it is to end: its streams would stay open as long as somebody looks at it."""

    def __init__(self, page: gr.Blocks, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=intake.Protocol.waiting(settings.receive_seconds),
                ws="none",
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        self._page = page

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the page's streams and answer what is under way."""
        self._page.close(verbose=False)
        await super().shutdown(sockets)


def _head() -> str:
    style, *scripts = ((HERE / name).read_text(encoding="utf-8") for name in ("root.css", *SCRIPTS))
    return f"<style>{style}</style>" + "".join(f"<script>{script}</script>" for script in scripts)


class _Guard:
    """ASGI middleware: closes routes, bounds what is sent, by whom and how slowly, and adds HEADERS to every answer."""

    def __init__(self, app: Application, settings: Settings) -> None:
        self._app = app
        self._patience = settings.receive_seconds
        self._bytes_max = (settings.max_upload_mb << 20) + intake.AROUND_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].lower()
        if any(closed in path for closed in CLOSED):
            await send({"type": "http.response.start", "status": 403, "headers": list(HEADERS.items())})
            await send({"type": "http.response.body", "body": b"Not served here."})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS.items()]
            await send(message)

        if _is_of_another_site(scope):
            await answered(problem(403, "other_site"))(scope, receive, send_with_headers)
            return
        bytes_max = math.inf if path in BOUND_THEMSELVES else self._bytes_max
        await self._app(scope, intake.bounded(receive, self._patience, bytes_max), send_with_headers)


def _is_of_another_site(scope: Scope) -> bool:
    """Whether a page of another site sends something to a server of its visitor's own machine.

    Its browser lets it, though it shows it no answer: it could fill the disk, or keep the processors busy.
    """
    headers = Headers(scope=scope)
    if scope["method"] in READING or headers.get("sec-fetch-site") != "cross-site":
        return False
    origin = headers.get("origin", "").partition("://")[2]
    return bool(THIS_MACHINE.fullmatch(headers.get("host", ""))) and not THIS_MACHINE.fullmatch(origin)
