"""A local server that speaks the part of the Hugging Face Hub's and of ModelScope's HTTP that a download needs.

Files are announced as the Hub announces large ones: a redirect to a storage host with `X-Linked-Size`,
`X-Linked-Etag` (the SHA-256) and `X-Repo-Commit`. Transfers serve byte ranges and can be told to go wrong.
"""

import hashlib
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one transfer; the next one takes the next fault, or goes well when none is left."""

    cut_after: int | None = None  # bytes of the body, then the connection is closed
    status: int | None = None
    pause: float = 0.0  # seconds of silence after the first block
    no_range: bool = False  # answers a range with the whole file
    extra: bytes = b""  # sent after the announced end


@dataclass
class Announced:
    """A file, and what the hub says of it (which a test may make untrue)."""

    path: Path
    sha256: str = ""
    size: int = 0

    def __post_init__(self) -> None:
        if not self.sha256:
            with self.path.open("rb") as file:
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.size = self.size or self.path.stat().st_size


@dataclass
class Transfer:
    path: str
    start: int  # first byte asked for
    status: int
    sent: int = 0  # bytes of body that left


@dataclass
class HubServer:
    """Use as a context manager; `url` serves both hubs."""

    files: dict[str, Announced] = field(default_factory=dict)  # "repository/path" -> file
    faults: deque[Fault] = field(default_factory=deque)
    down: dict[str, int] = field(default_factory=dict)  # "huggingface" or "modelscope" -> status of every answer
    transfers: list[Transfer] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers

    def __enter__(self) -> Self:
        hub = self

        class Handler(_Handler):
            server_hub = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """The same server under another host name, as a hub's storage is another host."""
        return f"http://localhost:{self.port}/storage"


class _Handler(BaseHTTPRequestHandler):
    server_hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, url = self.server_hub, urlsplit(self.path)
        hub.asked.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
        parts = unquote(url.path).strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        match parts:
            case ["storage", *rest]:
                self._send_file("/".join(rest))
            case ["api", "v1", "models", owner, name, "repo", "files"]:
                self._list(f"{owner}/{name}")
            case ["api", "v1", "models", owner, name, "repo"] if "FilePath" in query:
                if not self._down("modelscope"):
                    self._send_file(f"{owner}/{name}/{query['FilePath']}")
            case [owner, name, "resolve", revision, *rest] if revision in ("main", COMMIT):
                self._resolve("/".join([owner, name, *rest]))
            case _:
                self._plain(404, b"no such page")

    def _resolve(self, key: str) -> None:
        if self._down("huggingface"):
            return
        found = self.server_hub.files.get(key)
        if found is None:
            self._plain(404, b"Entry not found", {"X-Error-Code": "EntryNotFound"})
            return
        self._plain(
            302,
            b"",
            {
                "Location": f"{self.server_hub.storage}/{key}",
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(found.size),
                "X-Linked-Etag": f'"{found.sha256}"',
                "ETag": '"a-redirect"',
            },
        )

    def _list(self, repository: str) -> None:
        if self._down("modelscope"):
            return
        files = [
            {"Type": "blob", "Path": key.removeprefix(f"{repository}/"), "Size": found.size, "Sha256": found.sha256}
            | {"Revision": COMMIT}
            for key, found in self.server_hub.files.items()
            if key.startswith(f"{repository}/")
        ]
        body = json.dumps({"Code": 200, "Data": {"Files": files}, "Success": True}).encode()
        self._plain(200, body, {"Content-Type": "application/json"})

    def _send_file(self, key: str) -> None:
        hub = self.server_hub
        found = hub.files.get(key)
        if found is None:
            self._plain(404, b"no such file")
            return
        fault = hub.faults.popleft() if hub.faults else Fault()
        asked = self.headers.get("Range", "")
        start = 0 if fault.no_range or not asked else int(asked.removeprefix("bytes=").rstrip("-"))
        real = found.path.stat().st_size
        transfer = Transfer(key, start, fault.status or (206 if start else 200))
        hub.transfers.append(transfer)
        if fault.status:
            self._plain(fault.status, b"trouble")
            return
        if start >= real > 0:
            self._plain(416, b"", {"Content-Range": f"bytes */{real}"})
            return
        self.send_response(transfer.status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(real - start + len(fault.extra)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{real - 1}/{real}")
        self.end_headers()
        limit = real - start if fault.cut_after is None else min(fault.cut_after, real - start)
        try:
            self._copy(found.path, start, limit, fault, transfer)
            if fault.cut_after is not None:
                self.close_connection = True
            elif fault.extra:
                self.wfile.write(fault.extra)
        except OSError:  # the client went away
            self.close_connection = True

    def _copy(self, path: Path, start: int, limit: int, fault: Fault, transfer: Transfer) -> None:
        with path.open("rb") as file:
            file.seek(start)
            while transfer.sent < limit:
                block = file.read(min(BLOCK, limit - transfer.sent))
                self.wfile.write(block)
                transfer.sent += len(block)
                if fault.pause and transfer.sent == len(block):
                    self.wfile.flush()
                    time.sleep(fault.pause)

    def _down(self, hub: str) -> bool:
        status = self.server_hub.down.get(hub)
        if status:
            self._plain(status, b"out of service")
        return status is not None

    def _plain(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
