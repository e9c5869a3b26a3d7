"""What every command says and how: its language, errors on stderr, names made printable, Ctrl-C that is never lost."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from genre.cli_texts import CLI
from genre.error_texts import in_language
from genre.errors import GenreError, SettingsError
from genre.labels import Language

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130  # exit code, as shells give it
PIPED_WIDTH = 160  # columns of a table that no terminal limits


def language_of(environment: Mapping[str, str]) -> Language:
    """Return the language that a terminal's locale asks for, in gettext's order."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


LANGUAGE = language_of(os.environ)


def say(key: str, language: Language = LANGUAGE, **values: object) -> str:
    """Return one of the command line's sentences, with its blanks filled."""
    return CLI[key][language].format(**values)


class Errors:
    """Tells errors on stderr, and remembers that there were any."""

    def __init__(self, language: Language = LANGUAGE) -> None:
        self.any = False
        self.language = language

    def tell(self, message: str) -> None:
        """Print one error, in the language of the command."""
        self.any = True
        said = printable(in_language(message, self.language))
        print(say("error", self.language, message=said), file=sys.stderr, flush=True)


@contextmanager
def refusals_told(language: Language = LANGUAGE) -> Iterator[None]:
    """End a command with the reason and exit code 1 where it cannot be done."""
    try:
        with interrupt_kept():  # a reader that was interrupted takes the file for a broken one
            yield
    except GenreError as error:
        Errors(language).tell(str(error))
        raise typer.Exit(1) from None


@contextmanager
def disk_refusals_told(path: Path, language: Language = LANGUAGE) -> Iterator[None]:
    """Turn what the disk refuses to write, at `path` where the system names none, into a SettingsError."""
    try:
        yield
    except OSError as error:
        said = say("unwritable", language, path=error.filename or path, reason=error.strerror or error)
        raise SettingsError(said) from error


@contextmanager
def progress_bar(screen: "Console", words: str) -> Iterator[Callable[[float, float | None], None]]:
    """Show a progress bar and yield what moves it: (done, of how much if known); that raises a Ctrl-C that was kept."""
    from rich.progress import Progress, TimeElapsedColumn

    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    bar = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    with interrupt_kept(), bar as progress:
        task = progress.add_task(words, total=None)

        def move(done: float, total: float | None) -> None:
            raise_kept_interrupt()
            progress.update(task, completed=done, total=total)

        yield move


def printable(words: str) -> str:
    """Escape what a terminal would obey: a file's name may hold anything."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def console(*, stderr: bool = False) -> "Console":
    """Return a rich console that takes nothing in a text for markup."""
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else PIPED_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


_interrupted = False  # no Event: its lock, taken in a signal's handler, could be waited for in another


def keep_interrupts() -> None:
    """Remember every Ctrl-C from now on: what is written in C may swallow it, or raise an error of its own instead.

    A callback of libsndfile's, for one, cannot raise it, and safetensors calls it a wrong shape.
    """

    def remember(number: int, frame: FrameType | None) -> None:
        global _interrupted
        _interrupted = True
        signal.default_int_handler(number, frame)

    def unraisable(what: "sys.UnraisableHookArgs") -> None:
        global _interrupted
        if issubclass(what.exc_type, KeyboardInterrupt):
            _interrupted = True
        else:
            sys.__unraisablehook__(what)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, or somebody else's
        signal.signal(signal.SIGINT, remember)
    sys.unraisablehook = unraisable


def raise_kept_interrupt() -> None:
    """Raise, once, the Ctrl-C that `keep_interrupts` remembers; to be called between two files."""
    if _interrupted:
        forget_interrupt()
        raise KeyboardInterrupt


def forget_interrupt() -> None:
    """Take the Ctrl-C that came for one that has done what it was to do."""
    global _interrupted
    _interrupted = False


@contextmanager
def interrupt_kept() -> Iterator[None]:
    """Raise the Ctrl-C that came inside, unless it was raised and something went wrong while the work was ended."""
    try:
        yield
    except GenreError as error:
        if _follows_interrupt(error):
            forget_interrupt()
        raise
    finally:
        raise_kept_interrupt()


def _follows_interrupt(error: BaseException) -> bool:
    """Whether an error came while a KeyboardInterrupt was on its way."""
    before = error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _follows_interrupt(before))


@contextmanager
def interrupt_held() -> Iterator[None]:
    """Do as a whole what is inside, such as writing a row and counting it: a Ctrl-C meanwhile comes behind it.

    The second one comes at once. For the main thread, where Python handles signals.
    """
    came = False

    def hold(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came and callable(before):
            before(number, frame)
        came = True

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:  # whatever else has happened
            signal.raise_signal(signal.SIGINT)
