"""How to get a file's bytes back from another that has most of them: what an undo to the last bit needs to keep.

A program that writes tags moves a recording's sound and pictures about, and hardly changes them. So the old file is
described as pieces of the new one and the few bytes that are no longer anywhere in it.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

BLOCK = 64  # bytes; a piece of the new file that is shorter is not worth its place in the list
CHUNK = 1 << 16  # bytes compared or copied at once
SEARCHES_MAX = 1_000  # through all of the new file; what is not found by then is kept as it is

Piece = tuple[int, int] | bytes  # from and length in the new file; or bytes that are not in it


class Buffer(Protocol):
    """Bytes, or a file mapped into memory."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: slice, /) -> bytes: ...
    def find(self, sub: bytes, /) -> int:
        """Return where these bytes are, else -1."""


def describe(old: Buffer, new: Buffer) -> list[Piece]:
    """Return pieces that make up `old`, out of `new` where it has them."""
    pieces: list[Piece] = []
    at = kept = shift = searches = 0  # `kept`: up to here it is described
    while at + BLOCK <= len(old):
        # Where the next block goes on as the piece before did, this one has changed in place: no need to search.
        place = at + shift if _same(old, at, new, at + shift) else -1
        if place < 0 and searches < SEARCHES_MAX and not _same(old, at + BLOCK, new, at + BLOCK + shift):
            searches += 1
            place = new.find(old[at : at + BLOCK])
        if place < 0:
            at += BLOCK
            continue
        shift, begin = place - at, at
        while begin > kept and begin + shift > 0 and old[begin - 1 : begin] == new[begin - 1 + shift : begin + shift]:
            begin -= 1
        at = _end_of_match(old, at, new, place)
        if begin > kept:
            pieces.append(old[kept:begin])
        pieces.append((begin + shift, at - begin))
        kept = at
    if kept < len(old):
        pieces.append(old[kept : len(old)])
    return pieces


def restore(pieces: Sequence[Piece], new: BinaryIO, out: BinaryIO) -> None:
    """Write the old file; EOFError where the new one lacks a piece."""
    for piece in pieces:
        if isinstance(piece, bytes):
            out.write(piece)
            continue
        begin, left = piece
        new.seek(begin)
        while left:
            chunk = new.read(min(left, CHUNK))
            if not chunk:
                raise EOFError
            out.write(chunk)
            left -= len(chunk)


def to_json(pieces: Sequence[Piece]) -> list[Any]:
    """Return the pieces as JSON has them: pairs of numbers, and base64."""
    return [base64.b64encode(one).decode() if isinstance(one, bytes) else list(one) for one in pieces]


def from_json(values: Any) -> list[Piece]:
    """Return the pieces that `to_json` has written; ValueError for anything else."""
    pieces: list[Piece] = []
    try:
        for value in values:
            if isinstance(value, str):
                pieces.append(base64.b64decode(value, validate=True))
            else:
                begin, length = map(int, value)
                if begin < 0 or length < 0:
                    raise ValueError("a piece cannot begin before the file does")
                pieces.append((begin, length))
    except (TypeError, binascii.Error) as error:
        raise ValueError(str(error)) from error
    return pieces


def _same(old: Buffer, at: int, new: Buffer, place: int) -> bool:
    """Whether a whole block is the same in both."""
    if place < 0 or at + BLOCK > len(old):
        return False
    return old[at : at + BLOCK] == new[place : place + BLOCK]


def _end_of_match(old: Buffer, at: int, new: Buffer, place: int) -> int:
    """Return where in `old` the bytes end that are the same in both from here on."""
    step = CHUNK
    while step:
        piece = old[at : at + step]
        if len(piece) == step and piece == new[place : place + step]:
            at, place = at + step, place + step
        else:
            step //= 2
    return at
