"""A library's rows as a table that can be sorted, filtered and saved. Plain strings in and out, no gradio."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from genre import rows
from genre.labels import Language
from genre.web.answer import BYTE_ORDER_MARK, data_uri, percent
from genre.web.library_files import FILES_MAX
from genre.web.texts import TEXTS, text

ORDERS = ("given", "name", "genre", "probability", "unsure")
FILTER_MAX = 200  # characters


@dataclass(frozen=True)
class Entry:
    """One recording's row, and why it has no answer, in every language."""

    row: Mapping[str, Any]
    reasons: Mapping[Language, str] = field(default_factory=dict)

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The first answer, with id, en, zh and probability; None where there is none."""
        return None if self.reasons else self.row["top"][0]


@dataclass
class Listed:
    """What one session keeps: rows as they come, and how they are looked at. The events of a session share it."""

    total: int = 0
    skipped: int = 0
    beyond: int = 0
    entries: list[Entry] = field(default_factory=list)
    stopping: bool = False
    done: bool = False
    order: str = "given"
    wanted: str = ""

    @property
    def failed(self) -> int:
        """How many have no answer."""
        return sum(bool(entry.reasons) for entry in self.entries)

    def shown(self) -> list[Entry]:
        """Return the entries that are wanted, in the order that is wanted."""
        wanted = self.wanted.casefold()
        found = [entry for entry in self.entries if wanted in _searched(entry).casefold()]
        keys = {
            "name": lambda entry: (entry.row["source"].casefold(),),
            "genre": lambda entry: (entry.best is None, entry.best and entry.best["en"], entry.row["source"]),
            "probability": lambda entry: (-entry.best["probability"] if entry.best else 1.0,),
            "unsure": lambda entry: (entry.best["probability"] if entry.best else 2.0,),
        }
        return sorted(found, key=keys[self.order]) if self.order in keys else found


def table(listed: Listed, language: Language) -> str:
    """Return progress, the table and, when all is done, what saves it."""
    shown = listed.shown()
    heads = "".join(
        f'<th scope="col">{escape(text(key, language))}</th>'
        for key in ("library_file", "library_genre", "library_probability", "library_noticed")
    )
    body = "".join(_line(entry, language) for entry in shown)
    label = escape(text("library_table", language))
    nothing = "" if shown or not listed.entries else f"<p>{escape(text('library_none_shown', language))}</p>"
    return (
        f'<section class="g-answer g-windows g-library" aria-label="{label}">{_state(listed, language)}'
        f'<div tabindex="0" role="region" aria-label="{label}"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{nothing}{_saves(listed, language) if listed.done else ''}</section>"
    )


def empty(language: Language) -> str:
    """Return what stands in the table's place before there is one."""
    return (
        f'<section class="g-answer g-empty"><h2>{escape(text("library_empty_title", language))}</h2>'
        f"<p>{escape(text('library_empty', language))}</p></section>"
    )


def _state(listed: Listed, language: Language) -> str:
    count = len(listed.entries)
    key = ("library_stopped" if count < listed.total else "library_done") if listed.done else "library_hearing"
    words = escape(text(key, language, done=count, total=listed.total, failed=listed.failed))
    bar = "" if listed.done else f'<progress max="{listed.total}" value="{count}" aria-label="{words}"></progress>'
    hints = ""
    if listed.beyond:
        beyond = escape(text("library_beyond", language, count=listed.beyond, limit=FILES_MAX))
        hints += f'<p class="g-hint"><span aria-hidden="true">!</span> {beyond}</p>'
    if listed.skipped:
        hints += f'<p class="g-help">{escape(text("library_skipped", language, count=listed.skipped))}</p>'
    return f'<p class="g-progress" role="status">{words}{bar}</p>{hints}'


def _line(entry: Entry, language: Language) -> str:
    source = escape(entry.row["source"])
    best = entry.best
    if best is None:
        reason = escape(entry.reasons[language].removeprefix(f"{entry.row['source']}: "))  # which stands beside it
        return f'<tr class="g-failed"><th scope="row">{source}</th><td colspan="3">{reason}</td></tr>'
    noticed = ", ".join(_noticed(code, language) for code in entry.row["warnings"])
    return (
        f'<tr data-genre="{escape(best["id"])}"><th scope="row">{source}</th><td>{escape(best[language])}</td>'
        f'<td><span class="g-percent">{percent(best["probability"])}</span><span class="g-bar" aria-hidden="true">'
        f'<span style="width:{100 * best["probability"]:.2f}%"></span></span></td><td>{escape(noticed)}</td></tr>'
    )


def _noticed(code: str, language: Language) -> str:
    key = f"library_{code}"
    return text(key, language) if key in TEXTS else code


def _searched(entry: Entry) -> str:
    """Return what a filter looks into: the name, the genre in both languages, what was noticed."""
    parts = [entry.row["source"], *entry.reasons.values()]
    if entry.best:
        parts += [entry.best["en"], entry.best["zh"]]
        parts += [_noticed(code, language) for code in entry.row["warnings"] for language in ("en", "zh")]
    return "\n".join(parts)


def _saves(listed: Listed, language: Language) -> str:
    """Links that carry their file: nothing to store on the server, nothing to clean up."""
    found = [entry.row for entry in listed.entries]
    files = (
        ("jsonl", "application/x-ndjson", rows.lines_text(found)),
        ("csv", "text/csv", BYTE_ORDER_MARK + rows.csv_text(found)),
    )
    addresses = {kind: data_uri(content.encode("utf-8", "backslashreplace"), media) for kind, media, content in files}
    links = "".join(
        f'<a class="g-save" download="library.genre.{kind}" href="{address}">'
        f"{escape(text(f'library_as_{kind}', language))}</a>"
        for kind, address in addresses.items()
    )
    return f'<p class="g-saves">{links}</p>'
