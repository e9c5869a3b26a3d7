"""Whose turn it is: as many requests of programs as the settings allow are worked on, a bounded number waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from genre.settings import Settings


class FullError(Exception):
    """Nobody more may wait."""


class Turnstile:
    """Lets in `concurrency` requests at once, in the order they came; used in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.waiting = self.working = 0
        self._waiting_max = settings.queue_size
        self._free = asyncio.Semaphore(settings.concurrency)

    def check(self) -> None:
        """Raise FullError where whoever comes now could not even wait."""
        if self.waiting >= self._waiting_max and self._free.locked():
            raise FullError

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and hold it; FullError where too many wait already. Who is cancelled leaves the queue."""
        self.check()
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1
            self._free.release()
