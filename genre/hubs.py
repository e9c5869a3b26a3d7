"""One file from a model hub to this disk: found, transferred with resume, verified by its SHA-256.

Plain HTTP, the same for both hubs. `huggingface_hub` is not used for it: its downloads forget what an interrupted call
had received, its xet transfer talks to hosts that no mirror behind `HF_ENDPOINT` stands in for, it reads `HF_ENDPOINT`
once, when it is imported, and its requests describe the machine.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from genre import __version__
from genre.checkpoints import sha256
from genre.settings import Hub

log = logging.getLogger(__name__)

HUBS: dict[Hub, str] = {"huggingface": "Hugging Face Hub", "modelscope": "ModelScope"}
ENDPOINTS: dict[Hub, tuple[str, str]] = {  # environment variable, default
    "huggingface": ("HF_ENDPOINT", "https://huggingface.co"),
    "modelscope": ("MODELSCOPE_ENDPOINT", "https://www.modelscope.cn"),
}
HUGGINGFACE_REVISION, MODELSCOPE_REVISION = "main", "master"

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0  # silence after which a connection counts as broken
CHUNK_BYTES = 1 << 20
ATTEMPTS = 4  # in a row without a new byte
REDIRECTS = 5
BACKOFF_SECONDS = 0.5  # doubled with every such attempt
RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})

HEADERS = {"user-agent": f"genre/{__version__}", "accept-encoding": "identity"}

Progress = Callable[[int, int], None]  # bytes here, bytes in all


class HubError(Exception):
    """This hub cannot give the file; another one might. The message completes "<hub> (<endpoint>) …"."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on a hub, and what must arrive."""

    hub: Hub
    url: str
    size: int  # bytes
    sha256: str
    revision: str  # commit that answered


def locate(hub: Hub, repository: str, path: str) -> RemoteFile:
    """Ask the hub for the file's size, hash and revision. HubError: unreachable, absent, or without a hash."""
    size, digest, revision, url = (
        _locate_huggingface(repository, path) if hub == "huggingface" else _locate_modelscope(repository, path)
    )
    if not isinstance(size, int) or size < 1 or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise HubError("states no size and SHA-256 of the file, so it is not a published checkpoint")
    return RemoteFile(hub, url, size, digest, revision)


def endpoint(hub: Hub) -> str:
    """Return the hub's address, read from the environment at every call."""
    variable, default = ENDPOINTS[hub]
    return (os.environ.get(variable) or default).rstrip("/")


def address(hub: Hub, repository: str, path: str) -> str:
    """Return the address at which a person can fetch the file with a browser."""
    if hub == "huggingface":
        return f"{endpoint(hub)}/{repository}/resolve/{HUGGINGFACE_REVISION}/{path}"
    return f"{endpoint(hub)}/models/{repository}/resolve/{MODELSCOPE_REVISION}/{path}"


def fetch(remote: RemoteFile, part: Path, progress: Progress | None = None) -> None:
    """Complete the file `part` from the hub, going on where it ends, and verify it.

    HubError: the hub gave up (what came stays in `part`) or sent another file (`part` is removed).
    OSError: this disk cannot hold it.
    """
    idle = 0
    while (done := _size(part)) < remote.size:
        cause = "closed the connection early"
        try:
            _transfer(remote, part, done, progress)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            cause = _reason(error)
            log.warning("%s %s at %d of %d bytes", remote.url, cause, _size(part), remote.size)
        if _size(part) < remote.size:
            idle = 0 if _size(part) > done else idle + 1
            if idle == ATTEMPTS:
                raise HubError(f"{cause}; {_size(part)} of {remote.size} bytes arrived and are kept for the next try")
            time.sleep(BACKOFF_SECONDS * 2**idle)
    if _size(part) != remote.size or sha256(part) != remote.sha256:
        part.unlink()
        raise HubError("did not send the file it announced (its SHA-256 differs)")


def _transfer(remote: RemoteFile, part: Path, done: int, progress: Progress | None) -> None:
    """Append one response to `part`, or start over where the server does not serve ranges."""
    with _get(remote.url, {"range": f"bytes={done}-"} if done else {}) as response:
        if response.status_code not in (200, 206):
            if response.status_code not in RETRIED_STATUS:
                raise HubError(f"answered with status {response.status_code}")
            response.raise_for_status()
        resumed = response.status_code == 206
        if resumed and not response.headers.get("content-range", "").startswith(f"bytes {done}-"):
            raise HubError("answered with another range than asked for")
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_raw(CHUNK_BYTES):
                file.write(chunk)
                if progress:
                    progress(min(file.tell(), remote.size), remote.size)
                if file.tell() > remote.size:
                    return  # more than announced: the check of the hash refuses it


def _locate_huggingface(repository: str, path: str) -> tuple[int | None, str, str, str]:
    hub: Hub = "huggingface"
    try:
        with _client() as client:
            response = client.head(address(hub, repository, path))
            # The Hub redirects renamed repositories to itself and large files, whose hash it states, to its storage.
            for _ in range(REDIRECTS):
                if response.next_request and "x-linked-etag" not in response.headers:
                    response = client.send(response.next_request)
        if response.is_error:
            response.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HubError(_reason(error)) from error
    headers = response.headers
    size = headers.get("x-linked-size", "")
    digest = headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
    revision = headers.get("x-repo-commit", HUGGINGFACE_REVISION)
    url = f"{endpoint(hub)}/{repository}/resolve/{revision}/{path}"  # stays the same file if main moves on
    return int(size) if size.isdecimal() else None, digest.lower(), revision, url


def _locate_modelscope(repository: str, path: str) -> tuple[int | None, str, str, str]:
    api = f"{endpoint('modelscope')}/api/v1/models/{repository}/repo"
    listing = f"{api}/files?Revision={MODELSCOPE_REVISION}&Recursive=true"
    try:
        with _get(listing, {}) as response:
            response.read()
            response.raise_for_status()
            entries: list[Mapping[str, Any]] = response.json()["Data"]["Files"]
        found = next((entry for entry in entries if entry["Path"] == path), None)
        if found is None:
            raise HubError(f"does not have {path}")
        url = f"{api}?Revision={MODELSCOPE_REVISION}&FilePath={path.replace('/', '%2F')}"
        return found["Size"], str(found["Sha256"]).lower(), str(found.get("Revision") or MODELSCOPE_REVISION), url
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise HubError(_reason(error)) from error


@contextmanager
def _get(url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
    with _client() as client, client.stream("GET", url, headers=headers, follow_redirects=True) as response:
        yield response


def _client() -> httpx.Client:
    try:
        return httpx.Client(timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), headers=HEADERS)
    except (ImportError, ValueError) as error:  # a proxy is set that httpx cannot use
        raise HubError(_reason(error)) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """Say in a few words what an HTTP library says in many."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status:
        return f"answered with status {status}"
    if isinstance(error, KeyError | TypeError):  # JSON, but not the one expected
        return "did not answer with a list of files"
    return f"failed: {str(error).strip().splitlines()[0].rstrip('.') if str(error).strip() else type(error).__name__}"
