"""What is in a library, as one HTML file that needs nothing else but the recordings, to play the doubtful ones."""

import heapq
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from genre import __version__
from genre import report_page as page
from genre.error_texts import in_language
from genre.genre_words import Words, folded
from genre.labels import Language
from genre.report_texts import words
from genre.rows import Row

MARK = "<!-- genre batch -->"  # by which a report is known again
DOUBTFUL = 50  # recordings with a player
FAILURES = 100
TAGS, TAGS_KEPT = 40, 2_000  # different ones that are shown of each kind, and that are counted
ANSWERS = 3  # of a doubtful recording, or to a tag
WARNINGS = ("unsure", "not_music", "short", "quiet", "clipped", "dc", "nonfinite", "truncated")


@dataclass(frozen=True)
class Tag:
    """What was answered to recordings whose files state this genre."""

    shown: str  # as the first file spells it
    meant: frozenset[str]  # ids of the genres that it can mean; none where the word is not known
    answers: Counter[str] = field(default_factory=Counter)  # ids of first answers

    @property
    def agreed(self) -> int:
        """How many got an answer that the tag can mean."""
        return sum(self.answers[genre_id] for genre_id in self.meant)


@dataclass
class Summary:
    """What there is to say of any number of rows; of doubtful and failed ones only so many are kept."""

    words: Words
    heard: int = 0
    failed: int = 0
    model: str = ""
    trained_on: str = ""
    genres: Counter[str] = field(default_factory=Counter)  # by id: first answers
    confidence: Counter[str] = field(default_factory=Counter)  # by id: sum of their probabilities
    names: dict[str, Mapping[Language, str]] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    tags: dict[str, Tag] = field(default_factory=dict)  # by folded word
    doubtful: list[tuple[float, int, Row]] = field(default_factory=list)  # a heap, the surest first
    failures: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take in one row."""
        if "error" in row:
            self.failed += 1
            if len(self.failures) < FAILURES:
                self.failures.append(row)
            return
        self.heard += 1
        best = row["top"][0]
        self.model, self.trained_on = row["model"], row["weights"]["trained_on"]
        self.genres[best["id"]] += 1
        self.confidence[best["id"]] += best["probability"]
        self.names.setdefault(best["id"], {"en": best["en"], "zh": best["zh"]})
        self.warnings.update(row["warnings"])
        self.add_tag(row.get("tag") or "", best["id"])
        if "unsure" in row["warnings"]:
            kept = {"source": row["source"], "top": row["top"][:ANSWERS]}
            heapq.heappush(self.doubtful, (-best["probability"], self.heard, kept))
            if len(self.doubtful) > DOUBTFUL:
                heapq.heappop(self.doubtful)

    def add_tag(self, shown: str, answer: str) -> None:
        """Count the answer to a recording whose file states that genre; new ones only up to TAGS_KEPT."""
        key = folded(shown)
        if key and (key in self.tags or len(self.tags) < TAGS_KEPT):
            tag = self.tags.setdefault(key, Tag(shown, self.words.meant_by(shown)))
            tag.answers[answer] += 1


def html(rows: Iterable[Row], rows_path: Path, report: Path, language: Language, known: Words) -> str:
    """Return the report on rows, which lie in `rows_path`.

    `report` is where it will be, for its players' sake; `known` are the words of tags that mean one of our genres.
    """
    found = Summary(known)
    for row in rows:
        found.add(row)
    title = words("library_title", language)
    about = words("library_rows", language, path=rows_path, version=__version__)
    parts = [MARK, f"<h1>{page.text(title)}</h1>", f'<p class="soft">{page.text(about)}</p>']
    if found.heard:
        answered = words("library_model", language, model=found.model, what=found.trained_on)
        ((best, count),) = found.genres.most_common(1)
        lead = words(
            "library_lead",
            language,
            heard=found.heard,
            genre=found.names[best][language],
            share=f"{count / found.heard:.0%}",
        )
        parts += [f'<p class="soft">{page.text(answered)}</p>', f'<p class="lead">{page.text(lead)}</p>']
    else:
        parts.append(f'<p class="lead">{page.text(words("library_no_lead", language))}</p>')
    parts += [
        _counts(found, language),
        _genres(found, language),
        _doubtful(found, report, language),
        _tags(found, language),
        _failures(found, language),
    ]
    return page.document(title, parts, language, media="'self' file:")


def _counts(found: Summary, language: Language) -> str:
    counts = {"heard": found.heard, "failed": found.failed} | {code: found.warnings[code] for code in WARNINGS}
    rows = [
        f'<tr><th scope="row">{page.text(words(f"library_{what}", language))}</th>{page.number(str(count))}</tr>'
        for what, count in counts.items()
        if count or what in ("heard", "failed")
    ]
    return page.section("library_counts", language, page.table("library_counts", ("what", "count"), rows, language))


def _genres(found: Summary, language: Language) -> str:
    if not found.heard:
        return ""
    rows = []
    for genre_id, count in found.genres.most_common():
        share = f"{count / found.heard:.1%}"
        rows.append(
            f'<tr><th scope="row">{page.text(found.names[genre_id][language])}</th>{page.number(str(count))}'
            f'<td class="number share" style="--share: {share}">{share}</td>'
            f"{page.number(f'{found.confidence[genre_id] / count:.0%}')}</tr>"
        )
    head = ("genre", "count", "share", "confidence")
    help_ = page.paragraph("library_genres_help", language)
    return page.section("library_genres", language, help_, page.table("library_genres", head, rows, language))


def _doubtful(found: Summary, report: Path, language: Language) -> str:
    if not found.doubtful:
        return ""
    rows = []
    for _, _, row in sorted(found.doubtful, reverse=True, key=lambda entry: entry[:2]):
        answers = ", ".join(f"{one[language]} {one['probability']:.0%}" for one in row["top"])
        rows.append(
            f'<tr class="explained"><td>{page.text(answers)}</td><td><audio controls preload="none" '
            f'src="{_address(row["source"], report)}" aria-label="{page.text(row["source"])}"></audio></td></tr>'
            f'<tr><td class="soft file" colspan="2">{page.text(row["source"])}</td></tr>'
        )
    help_ = page.paragraph("library_doubtful_help", language, count=DOUBTFUL)
    listed = page.table("library_doubtful", ("answers", "listen"), rows, language)
    return page.section("library_doubtful", language, help_, listed)


def _tags(found: Summary, language: Language) -> str:
    """Return how often each tag got each answer: first those that mean a genre of ours, then the other words."""
    if not found.tags:
        return ""
    tags = sorted(found.tags.values(), key=lambda tag: -tag.answers.total())
    known, unknown = ([tag for tag in tags if bool(tag.meant) is meant] for meant in (True, False))
    parts = [page.paragraph("library_tags_help", language, count=TAGS)]
    if known:
        total, agreed = (sum(numbers) for numbers in zip(*((t.answers.total(), t.agreed) for t in known), strict=True))
        lead = words("library_tags_agreed", language, agreed=agreed, total=total, share=f"{agreed / total:.0%}")
        parts += [f"<p>{page.text(lead)}</p>", _confusion(found, known[:TAGS], language)]
    if unknown:
        names = {genre_id: name[language] for genre_id, name in found.names.items()}
        rows = [
            f'<tr><th scope="row">{page.text(tag.shown)}</th>{page.number(str(tag.answers.total()))}<td>'
            + page.text(", ".join(f"{names[one]} {count}" for one, count in tag.answers.most_common(ANSWERS)))
            + "</td></tr>"
            for tag in unknown[:TAGS]
        ]
        parts.append(page.paragraph("library_tags_unknown", language, count=len(unknown)))
        parts.append(page.table("library_tags", ("tag", "count", "answers"), rows, language))
    return page.section("library_tags", language, *parts)


def _confusion(found: Summary, tags: Iterable[Tag], language: Language) -> str:
    """Return a table of tags against answers; the colour is a cell's share of its row, agreement is in bold."""
    tags = list(tags)
    answered = set().union(*(tag.answers for tag in tags))
    genres = [genre_id for genre_id, _ in found.genres.most_common() if genre_id in answered]
    head = "".join(f'<th scope="col" class="number">{page.text(found.names[one][language])}</th>' for one in genres)
    rows = []
    for tag in tags:
        total = tag.answers.total()
        cells = "".join(
            f'<td class="number share" style="--share: {tag.answers[one] / total:.0%}">'
            + (f"<strong>{tag.answers[one]}</strong>" if one in tag.meant else f"{tag.answers[one]}")
            + "</td>"
            if tag.answers[one]
            else "<td></td>"
            for one in genres
        )
        rows.append(f'<tr><th scope="row">{page.text(tag.shown)} ({total})</th>{cells}</tr>')
    first = page.text(words("column_tag", language))
    content = f'<table><thead><tr><th scope="col">{first}</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return page.wide("library_tags", content, language)


def _failures(found: Summary, language: Language) -> str:
    if not found.failures:
        return ""
    rows = []
    for row in found.failures:
        reason = in_language(row["error"].removeprefix(f"{row['source']}: "), language)  # the file stands beside it
        rows.append(
            f'<tr><td class="file">{page.text(row["source"])}</td><td class="file">{page.text(reason)}</td></tr>'
        )
    help_ = page.paragraph("library_failures_help", language, count=FAILURES)
    return page.section("failures", language, help_, page.table("failures", ("file", "reason"), rows, language))


def _address(source: str, report: Path) -> str:
    """Return where a recording is, seen from the report's folder, as an address."""
    return quote(os.fsencode(os.path.relpath(Path(source).absolute(), report.absolute().parent)))
