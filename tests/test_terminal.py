"""A Ctrl-C is never lost, and never hides what went wrong."""

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from genre import terminal
from genre.errors import AudioError, SettingsError


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep interrupts as `genre` does, and put everything back."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    terminal.keep_interrupts()
    yield
    signal.signal(signal.SIGINT, before)
    terminal.forget_interrupt()


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def swallow() -> None:
    try:
        interrupt()
    except KeyboardInterrupt as error:
        cast(Any, sys.unraisablehook)(SimpleNamespace(exc_type=type(error)))


def test_an_interrupt_is_raised_at_once_and_once() -> None:
    with pytest.raises(KeyboardInterrupt), terminal.interrupt_kept():
        interrupt()
    terminal.raise_kept_interrupt()


def test_a_swallowed_interrupt_is_raised_when_the_work_is_done() -> None:
    done = []

    def work() -> None:
        swallow()
        done.append(True)

    with pytest.raises(KeyboardInterrupt), terminal.interrupt_kept():
        work()
    assert done


@pytest.mark.parametrize("error", [ValueError("the shape of object type"), AudioError("a.mp3: this is not sound")])
def test_an_error_made_of_an_interrupt_is_one(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    swallow()
    with pytest.raises(KeyboardInterrupt), terminal.refusals_told("en"):
        raise error
    assert capsys.readouterr().err == ""


def test_what_goes_wrong_while_the_work_is_ended_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def save() -> None:
        try:
            raise OSError("No space left on device")
        except OSError as error:
            raise SettingsError(f"The index cannot be written: {error}") from error

    def work() -> None:
        try:
            interrupt()
        finally:
            save()

    with pytest.raises(typer.Exit), terminal.refusals_told("en"), terminal.interrupt_kept():
        work()
    assert "No space left on device" in capsys.readouterr().err
    terminal.raise_kept_interrupt()


def test_an_interrupt_that_has_been_answered_hides_no_later_error(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with suppress(KeyboardInterrupt), terminal.interrupt_kept():
            interrupt()
        raise SettingsError("The table cannot be written")

    with pytest.raises(typer.Exit), terminal.refusals_told("en"):
        work()
    assert "The table cannot be written" in capsys.readouterr().err


def test_an_interrupt_that_is_held_comes_behind_the_work() -> None:
    done = []

    def work() -> None:
        interrupt()
        done.append(True)

    with pytest.raises(KeyboardInterrupt), terminal.interrupt_kept(), terminal.interrupt_held():
        work()
    assert done


def test_who_starts_a_command_without_interrupts_wants_none() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminal.keep_interrupts()
    interrupt()
    terminal.raise_kept_interrupt()
