"""A file can be had back from the one that took its place, and little is kept for it."""

import io
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from genre import delta
from genre.delta import Piece

PARTS = st.lists(st.binary(max_size=300), max_size=8)


def back(pieces: list[Piece], new: bytes) -> bytes:
    out = io.BytesIO()
    delta.restore(delta.from_json(delta.to_json(pieces)), io.BytesIO(new), out)
    return out.getvalue()


def literal(pieces: list[Piece]) -> int:
    """Return how many bytes are kept."""
    return sum(len(piece) for piece in pieces if isinstance(piece, bytes))


@given(parts=PARTS, order=st.randoms(use_true_random=False), cut=st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_any_file_comes_back(parts: list[bytes], order: random.Random, cut: int) -> None:
    old = b"".join(parts)
    shuffled = [part[cut % (len(part) + 1) :] for part in parts]
    order.shuffle(shuffled)
    new = b"".join(shuffled)
    assert back(delta.describe(old, new), new) == old


def test_what_has_moved_is_not_kept() -> None:
    noise = random.Random(1).randbytes
    sound, cover, tags, now = noise(500_000), noise(80_000), noise(300), noise(700)
    old, new = tags + cover + bytes(900) + sound, now + bytes(300) + cover + sound + noise(128)
    pieces = delta.describe(old, new)
    assert back(pieces, new) == old
    assert literal(pieces) < 500


def test_pages_that_are_numbered_anew_cost_their_numbers_only() -> None:
    noise = random.Random(2).randbytes
    pages = [noise(4_000) for _ in range(1_500)]
    old = b"".join(number.to_bytes(4, "big") + page for number, page in enumerate(pages))
    new = noise(5_000) + b"".join((number + 1).to_bytes(4, "big") + page for number, page in enumerate(pages))
    pieces = delta.describe(old, new)
    assert back(pieces, new) == old
    assert literal(pieces) < 5 * len(pages)


def test_nothing_in_common_and_nothing_at_all() -> None:
    for old, new in ((b"a" * 1_000, b"b" * 1_000), (b"", b"x"), (b"x", b""), (b"", b"")):
        assert back(delta.describe(old, new), new) == old
