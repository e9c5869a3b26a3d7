"""What the reports have in common: one HTML file that needs nothing else, for light and dark screens and for phones."""

from collections.abc import Iterable
from html import escape

from genre.labels import Language
from genre.report_texts import words
from genre.terminal import printable

NUMBERS = frozenset(
    {"value", "interval", "clips", "answered", "recall", "precision", "f1", "probability"}
    | {"count", "share", "confidence"}
)  # columns
STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #4b5866; --line: #d9dfe6;
  --accent: #0f766e; --bar: #cfe8e4; }
@media (prefers-color-scheme: dark) { :root { --paper: #0e1116; --card: #161b22; --ink: #e6ebf1; --soft: #a3b0be;
  --line: #2f3843; --accent: #2dd4bf; --bar: #164a45; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-family: system-ui, -apple-system,
  "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem;
  margin-top: 1.25rem; }
p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .92rem; }
.lead { font-size: 1.25rem; font-weight: 600; margin-top: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
tr:last-child > * { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.file { overflow-wrap: anywhere; }
.share { min-width: 7rem;
  background: linear-gradient(var(--bar), var(--bar)) no-repeat left center / var(--share) 70%; }
.explained > * { border-bottom: 0; padding-bottom: 0; }
td.soft { font-size: .92em; }
.interval { display: block; color: var(--soft); font-size: .85em; }
img { display: block; max-width: 100%; height: auto; margin: .5rem auto; }
.diagrams { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
audio { display: block; width: 16rem; max-width: 100%; height: 2.25rem; margin-left: auto; }
code { font-size: .85em; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding: 1rem .5rem 3rem; }
  section { padding: 1rem .75rem; }
  table { font-size: .85rem; }
  th, td { padding-right: .45rem; }
  tr > :last-child { padding-right: 0; }
  thead th { white-space: normal; }
  .share { min-width: 4.5rem; }
}
"""


def document(title: str, parts: Iterable[str], language: Language, media: str = "'none'") -> str:
    """Return a page of these parts, without those that are empty; `media` is where its policy lets sound come from."""
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"media-src {media}; style-src 'unsafe-inline'\">\n"
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(key: str, language: Language, *content: str) -> str:
    """Return a part with its heading."""
    return f"<section>\n<h2>{text(words(key, language))}</h2>\n{''.join(content)}\n</section>"


def paragraph(key: str, language: Language, **values: object) -> str:
    """Return an explanation."""
    return f'<p class="soft">{text(words(key, language, **values))}</p>'


def wide(key: str, content: str, language: Language) -> str:
    """Return what may be scrolled sideways, by the keyboard too; the key is that of its name."""
    label = text(words(key, language))
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{content}</div>'


def table(key: str, head: Iterable[str], rows: Iterable[str], language: Language) -> str:
    """Return a table with these columns; the key is that of its name."""
    cells = "".join(
        f'<th scope="col"{" class=number" if key in NUMBERS else ""}>{text(words(f"column_{key}", language))}</th>'
        for key in head
    )
    content = f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return wide(key, content, language)


def number(shown: str) -> str:
    """Return a cell with a number."""
    return f'<td class="number">{text(shown)}</td>'


def text(shown: str) -> str:
    """Return text as HTML; what nobody can see, such as a turn of the reading direction, is spelled out."""
    return escape(printable(shown))
