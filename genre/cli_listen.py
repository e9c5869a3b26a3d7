"""`genre listen`: what is played, told while it plays."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from genre.errors import AudioError
from genre.labels import Language, display
from genre.settings import DEFAULT_MODEL
from genre.terminal import (
    LANGUAGE,
    Errors,
    console,
    interrupt_kept,
    printable,
    raise_kept_interrupt,
    refusals_told,
    say,
)
from genre.web.answer import clock
from genre.web.texts import text

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table

    from genre.cards import ModelCard
    from genre.live import Listener, State
    from genre.microphone import Microphone

    Ranked = tuple[tuple[str, float], ...]

EVERY_SECONDS = 0.5
EVERY_SECONDS_MIN, EVERY_SECONDS_MAX = 0.1, 60.0
LISTEN_SECONDS_MAX = 7 * 24 * 3_600.0
METER_DB = -60.0  # where the level meter begins
BAR_WIDTH = 30  # columns
TOP = 5


def listen(
    device: Annotated[str | None, typer.Option(help=say("device"), metavar="N|NAME", show_default=False)] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help=say("list_devices"))] = False,
    seconds: Annotated[
        float | None, typer.Option(help=say("listen_seconds"), min=1.0, max=LISTEN_SECONDS_MAX, show_default=False)
    ] = None,
    every: Annotated[
        float, typer.Option(help=say("listen_every"), min=EVERY_SECONDS_MIN, max=EVERY_SECONDS_MAX)
    ] = EVERY_SECONDS,
    model: Annotated[str, typer.Option(help=say("model"), metavar="NAME|FOLDER")] = DEFAULT_MODEL,
    lang: Annotated[Language, typer.Option(help=say("lang"), show_default=False)] = LANGUAGE,
    top: Annotated[int, typer.Option(help=say("top"), min=1)] = TOP,
    as_json: Annotated[bool, typer.Option("--json", help=say("json_lines"))] = False,
) -> None:
    """Listen until Ctrl-C or for some seconds; end with the ordinary answer for what was heard last."""
    errors = Errors(lang)
    with refusals_told(lang):
        from genre import microphone

        if list_devices:
            _print_devices(lang)
            return
        found = microphone.find(device)  # first, because loading a model takes seconds

        from genre import spectrogram
        from genre.classifier import classifier
        from genre.live import Listener

        judge = classifier(model).load()
        spectrogram.warm_up(judge.card.spectrogram)
        listener = Listener(judge, source=found.name)
        with microphone.Microphone(found) as ear:
            with _shown(judge.card, found.name, top, lang, as_json) as show:
                try:
                    with interrupt_kept():
                        for state in _states(ear, listener, every, seconds):
                            show(state)
                except KeyboardInterrupt:  # the ordinary way to stop
                    pass
                except AudioError as error:  # the device is gone; what was heard until then is still answered
                    errors.tell(str(error))
                listener.finish()
            if ear.overruns:
                print(say("overruns", lang, count=ear.overruns), file=sys.stderr)
        _tell_answer(listener, top, errors, as_json)
    if errors.any:
        raise typer.Exit(1)


def _states(ear: "Microphone", listener: "Listener", every: float, seconds: float | None) -> Iterator["State"]:
    """Yield a state after every so many seconds of sound; what piled up meanwhile is heard before the next one."""
    rate, due = ear.device.rate, every
    left = None if seconds is None else round(seconds * rate)  # frames
    while left is None or left > 0:
        chunk = ear.read()
        raise_kept_interrupt()
        samples = chunk.samples
        if chunk.lost:
            listener.lose(chunk.lost)
        if left is not None:
            samples = samples[: max(0, left - round(chunk.lost * rate))]
            left -= round(chunk.lost * rate) + len(samples)
        listener.feed(rate, samples)
        if listener.heard >= due and not ear.behind:
            yield listener.update()
            due = listener.heard + every


def _print_devices(language: Language) -> None:
    from rich.table import Table

    from genre import microphone

    here = microphone.devices()
    if not here:
        raise AudioError(f"microphone: {microphone.NO_DEVICE}")
    table = Table.grid(padding=(0, 2))
    for device in here:
        facts = say("device_facts", language, channels=device.channels, rate=device.rate)
        default = say("device_default", language) if device.default else ""
        table.add_row(str(device.index), printable(device.name), printable(device.interface), facts, default)
    console().print(table)


@contextmanager
def _shown(
    card: "ModelCard", source: str, top: int, language: Language, as_json: bool
) -> Iterator[Callable[["State"], None]]:
    """Yield what shows a state: as a line of JSON, as bars that move in a terminal, or as a line of text elsewhere."""
    if as_json:
        yield lambda state: print(json.dumps(state.to_dict(top), ensure_ascii=False), flush=True)
        return
    screen = console()
    _introduce(card, source, language, screen)
    if not screen.is_terminal:
        yield lambda state: print(_line(state, language), flush=True)
        return

    from rich.live import Live

    from genre.web.live_view import arranged

    order: tuple[str, ...] = ()

    def show(state: "State") -> None:
        nonlocal order
        order = arranged(order, state.ranked)
        moving.update(_frame(state, order[:top], language), refresh=True)

    with Live(console=screen, transient=True, auto_refresh=False) as moving:
        yield show


def _introduce(card: "ModelCard", source: str, language: Language, screen: "Console") -> None:
    from genre.web.models import provenance

    screen.print(text("answered_by", language, model=printable(card.name)), style="dim")
    screen.print(printable(provenance(card, language)), style="dim")
    screen.print()
    screen.print(say("listening", language, source=printable(source)), style="bold", soft_wrap=True)


def _frame(state: "State", order: tuple[str, ...], language: Language) -> "Group":
    """Return what a terminal shows of a state, the genres in that order."""
    from rich.bar import Bar
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    meter = Table.grid(padding=(0, 2))
    level = max(0.0, 1.0 - state.level / METER_DB)
    color = "red" if state.clipped else "green"
    meter.add_row(clock(state.heard), Bar(1.0, 0.0, level, width=BAR_WIDTH, color=color), f"{state.level:.0f} dB")
    shown = dict(state.ranked)
    ranked = tuple((genre_id, shown[genre_id]) for genre_id in order)
    bars = _bars(state.card, ranked, language) if ranked else Text(text("live_wait", language))
    return Group(meter, Text(_remarks(state, language) or " ", "yellow"), Text(), bars)


def _line(state: "State", language: Language) -> str:
    """Return one state as one line of text."""
    best = " · ".join(
        f"{display(state.card.taxonomy[genre_id], language)} {probability:.0%}"
        for genre_id, probability in state.ranked[:3]
    )
    parts = (
        clock(state.heard),
        f"{state.level:.0f} dB",
        best or text("live_wait", language),
        _remarks(state, language),
    )
    return "  ".join(filter(None, parts))


def _remarks(state: "State", language: Language) -> str:
    """Say what is to be said about a state beside its answer."""
    whole = state.card.spectrogram.window_seconds
    heard = {"heard": f"{state.end - state.start:.0f}", "whole": f"{whole:.0f}"}
    return " · ".join(text(f"live_{code}", language, **heard) for code in state.warnings)


def _bars(card: "ModelCard", ranked: "Ranked", language: Language) -> "Table":
    from rich.bar import Bar
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right", min_width=6)
    for genre_id, probability in ranked:
        bar = Bar(1.0, 0.0, probability, width=BAR_WIDTH)
        table.add_row(printable(display(card.taxonomy[genre_id], language)), f"{probability:.1%}", bar)
    return table


def _tell_answer(listener: "Listener", top: int, errors: Errors, as_json: bool) -> None:
    """Print the ordinary answer for the last window, or why there is none."""
    language = errors.language
    try:
        prediction = listener.prediction()
    except AudioError as error:
        errors.tell(str(error))
        if as_json:
            print(json.dumps({"source": listener.source, "error": str(error)}, ensure_ascii=False))
        return
    if as_json:
        print(json.dumps(prediction.to_dict(top), ensure_ascii=False))
        return
    screen, window = console(), prediction.windows[0]
    screen.print()
    screen.print(
        text("heard", language, source=printable(listener.source), start=clock(window.start), end=clock(window.end)),
        style="bold",
        soft_wrap=True,
    )
    screen.print(_bars(prediction.card, prediction.ranked[:top], language))
    for code in prediction.warnings:
        said = text(f"warning_{code}", language, percent=f"{prediction.unsure_below:.0%}")
        screen.print(said, style="yellow", soft_wrap=True)
