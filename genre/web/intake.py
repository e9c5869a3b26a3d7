"""How much a client may send, and how long it may take: nobody holds a connection, or fills the disk, by being slow.

uvicorn bounds neither the head of a request nor its body, so `Protocol` watches the first and `bounded` the second.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import h11
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.h11_impl import H11Protocol

from genre.settings import Settings

BYTES_PER_SECOND_MIN = 4_096  # of a body, on average: half of what the slowest mobile networks carry
AROUND_BYTES = 1 << 20  # what a form may hold besides the recording

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def bounded(receive: Receive, patience: float, bytes_max: float) -> Receive:
    """Return a `receive` that raises HTTPException: 413 past so many bytes, 408 where a body comes too slowly.

    patience: seconds without a byte, or behind BYTES_PER_SECOND_MIN. What a header says of the length is not believed:
    bytes are counted as they come.
    """
    begun = time.monotonic()
    taken = 0
    is_whole = False

    async def receive_bounded() -> Message:
        nonlocal taken, is_whole
        if is_whole:  # all that can come is that the client goes away, whenever it likes
            return await receive()
        left = begun + patience + taken / BYTES_PER_SECOND_MIN - time.monotonic()
        try:
            async with asyncio.timeout(min(patience, left)):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
        if taken > bytes_max:
            raise HTTPException(413)
        return message

    return receive_bounded


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, which hangs up on a client that does not come to the end of its request's head.

    Also on one that goes on sending a body long after it was answered.
    """

    head_seconds = Settings.receive_seconds
    _hanging_up: asyncio.TimerHandle | None = None

    @classmethod
    def waiting(cls, seconds: float) -> type["Protocol"]:
        """Return the protocol with so much patience."""
        return type("PatientProtocol", (cls,), {"head_seconds": seconds})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Go on, and see whether there is still something to wait for."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._stop_watching()

    def _watch(self) -> None:
        answered = self.cycle is not None and self.cycle.response_complete
        if self.conn.their_state is h11.IDLE or (answered and self.conn.their_state is h11.SEND_BODY):
            if self._hanging_up is None:
                self._hanging_up = self.loop.call_later(self.head_seconds, self.transport.close)
        else:
            self._stop_watching()

    def _stop_watching(self) -> None:
        if self._hanging_up is not None:
            self._hanging_up.cancel()
            self._hanging_up = None
