"""The pictures of measuring and training, as PNG bytes: confusion matrix, reliability diagram, learning curves.

matplotlib is imported when a picture is asked for, and through its objects, never pyplot, which keeps every figure of
the process in memory.
"""

import io
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genre.calibration import BINS, reliability_bins
from genre.labels import Language
from genre.report_texts import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
CJK_FONT = "Noto Sans CJK SC"
NAME_COLUMNS, TITLE_COLUMNS = 28, 90  # of a monospaced font; longer texts lose their end
CELL_INCHES = 0.46
COLUMN_INCHES = 0.08  # of a class's name
SIDE_INCHES = (2.5, 16.0)  # of the square that holds the matrix
COUNTED_CLASSES = 40  # more classes leave no room for counts in the cells


@dataclass(frozen=True)
class Suit:
    """Colours of a picture on a light or a dark page."""

    paper: str
    ink: str
    faint: str
    accent: str
    second: str
    heat: tuple[str, ...]  # from none to all of a row


LIGHT = Suit("#ffffff", "#1b2430", "#c3ccd5", "#0f766e", "#b45309", ("#f6f9fa", "#9fd3cc", "#2a9187", "#0b4f49"))
DARK = Suit("#161b22", "#e6ebf1", "#3f4a56", "#2dd4bf", "#fbbf24", ("#1b222b", "#14534e", "#1d9c90", "#7ff0e2"))


def drawn_language(language: Language) -> Language:
    """Return the language that pictures can be written in: English where no font here has Chinese characters."""
    return "en" if language == "zh" and CJK_FONT not in _fonts() else language


def confusion(
    matrix: NDArray[np.int64], names: Sequence[str], *, title: str, language: Language = "en", dark: bool = False
) -> bytes:
    """Draw counts [true class, answered class] with their numbers; the colour is a cell's share of its row."""
    suit = DARK if dark else LIGHT
    size = len(names)
    shown = [_plain(name, NAME_COLUMNS) for name in names]
    longest = max(int(_columns(name)[-1]) for name in shown) * COLUMN_INCHES
    side = float(np.clip(size * CELL_INCHES, *SIDE_INCHES))
    figure = _figure((side + longest + 2.2, side + 0.75 * longest + 1.2), suit)
    axes = figure.add_subplot()
    support = matrix.sum(axis=1)
    share = matrix / np.maximum(support, 1)[:, None]
    # Lines between the cells, so that an empty row is still a row.
    places = np.arange(size)
    image = axes.pcolormesh(
        places, places, share, cmap=_colours(suit), vmin=0, vmax=1, edgecolors=suit.paper, linewidth=1.2
    )
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_title(_plain(title, TITLE_COLUMNS), color=suit.ink, fontsize=12, pad=12, parse_math=False)
    axes.set_xlabel(words("plot_answered", language), color=suit.ink)
    axes.set_ylabel(words("plot_true", language), color=suit.ink)
    rows = [f"{name}  ({count})" for name, count in zip(shown, support, strict=True)]
    axes.set_xticks(range(size), shown, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    axes.set_yticks(range(size), rows, parse_math=False)
    axes.tick_params(length=0, labelsize=9, colors=suit.ink)
    if size <= COUNTED_CLASSES:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            axes.text(
                column,
                row,
                str(matrix[row, column]),
                ha="center",
                va="center",
                fontsize=9 if matrix.max() < 1_000 else 7,
                color=_ink_on(image.cmap(share[row, column])),
                fontweight="bold" if row == column else "normal",
                in_layout=False,  # lies within its cell: measuring it takes most of the time
            )
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=28, pad=0.02, format=lambda x, _: f"{x:.0%}")
    bar.set_label(words("plot_row_share", language), color=suit.ink)
    bar.ax.tick_params(colors=suit.ink, labelsize=8, length=0)
    bar.outline.set_visible(False)
    _bare(axes)
    return _png(figure)


def reliability(
    confidences: NDArray[np.float64],
    hits: NDArray[np.bool_],
    *,
    title: str,
    language: Language = "en",
    dark: bool = False,
) -> bytes:
    """Draw how often answers of a confidence are right (15 bins, Guo et al. 2017, figure 1), and how many there are."""
    suit = DARK if dark else LIGHT
    bins = [entry for entry in reliability_bins(confidences, hits) if entry.clips]
    figure = _figure((6.0, 6.4), suit)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    middle = [(entry.low + entry.high) / 2 for entry in bins]
    accuracy = np.array([entry.accuracy for entry in bins])
    gap = np.array([entry.confidence for entry in bins]) - accuracy
    above.plot((0, 1), (0, 1), color=suit.ink, linestyle=(0, (4, 3)), linewidth=1, label=words("plot_honest", language))
    above.bar(middle, accuracy, 1 / BINS, color=suit.accent, edgecolor=suit.paper)
    label = words("plot_gap", language)
    above.bar(middle, gap, 0.5 / BINS, accuracy, color=suit.second, alpha=0.6, edgecolor=suit.paper, label=label)
    above.set(xlim=(0, 1), ylim=(0, 1))
    above.set_ylabel(words("plot_accuracy", language), color=suit.ink)
    figure.suptitle(_plain(title, TITLE_COLUMNS), color=suit.ink, fontsize=12, parse_math=False)
    figure.legend(loc="outside lower center", frameon=False, labelcolor=suit.ink, fontsize=9, ncols=2)
    counts = below.bar(middle, [entry.clips for entry in bins], 1 / BINS, color=suit.faint, edgecolor=suit.paper)
    below.bar_label(counts, fontsize=7, color=suit.ink, padding=2)
    below.margins(y=0.25)
    below.set_xlabel(words("plot_confidence", language), color=suit.ink)
    below.set_ylabel(words("plot_clips", language), color=suit.ink)
    above.yaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    below.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    below.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    figure.align_ylabels()
    for axes in (above, below):
        _open(axes, suit)
    return _png(figure)


def curves(history: Sequence[Mapping[str, Any]], *, language: Language = "en", dark: bool = False) -> bytes:
    """Draw the loss and the validation accuracy (0-1) of every epoch; dashed lines mark where the image size changed.

    Entries have the keys epoch, loss, accuracy and image_size.
    """
    if not history:
        raise ValueError("A run without a finished epoch has no curves.")
    suit = DARK if dark else LIGHT
    figure = _figure((7.2, 5.6), suit)
    above, below = figure.subplots(2, 1, sharex=True)
    epochs = [entry["epoch"] for entry in history]
    above.plot(
        epochs, [entry["loss"] for entry in history], color=suit.accent, marker="o", markersize=3.5, clip_on=False
    )
    below.plot(
        epochs, [entry["accuracy"] for entry in history], color=suit.second, marker="o", markersize=3.5, clip_on=False
    )
    above.set_ylabel(words("plot_loss", language), color=suit.ink)
    below.set_ylabel(words("plot_validation", language), color=suit.ink)
    below.set_xlabel(words("plot_epoch", language), color=suit.ink)
    below.yaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    below.set_ylim(0, 1)
    below.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    for axes in (above, below):
        _open(axes, suit)
    begins = [
        entry
        for before, entry in zip([None, *history], history, strict=False)
        if before is None or before["image_size"] != entry["image_size"]
    ]
    for place, entry in enumerate(begins):
        border = entry["epoch"] - 0.5
        if place:
            for axes in (above, below):
                axes.axvline(border, color=suit.ink, linestyle=(0, (4, 3)), linewidth=1, alpha=0.7)
        above.annotate(
            words("plot_pixels", language, size=entry["image_size"]),
            (border, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=suit.ink,
            fontsize=9,
        )
    below.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    figure.align_ylabels()
    return _png(figure)


def _figure(inches: tuple[float, float], suit: Suit) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=inches, dpi=DPI, layout="constrained", facecolor=suit.paper)


def _colours(suit: Suit) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", suit.heat)


def _ink_on(color: tuple[float, float, float, float]) -> str:
    """Return the ink that stands out from a colour: by relative luminance, as WCAG 2.1 defines contrast."""
    luminance = float(np.dot((0.2126, 0.7152, 0.0722), np.array(color[:3]) ** 2.2))
    return LIGHT.ink if luminance > 0.18 else DARK.ink


def _bare(axes: "Axes") -> None:
    axes.spines[:].set_visible(False)


def _open(axes: "Axes", suit: Suit) -> None:
    """Leave the left and the lower side of the frame, and faint lines to read values by."""
    axes.set_facecolor(suit.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(suit.faint)
    axes.tick_params(colors=suit.ink, labelsize=9)
    axes.grid(axis="y", color=suit.faint, linewidth=0.6, alpha=0.6)
    axes.set_axisbelow(True)


def _fonts() -> set[str]:
    from matplotlib import font_manager

    return set(font_manager.fontManager.get_font_names())


def _png(figure: "Figure") -> bytes:
    """Return the figure as PNG; characters that no font here has become boxes, without a word on stderr."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    families = ["DejaVu Sans", *([CJK_FONT] if CJK_FONT in _fonts() else [])]
    for text in figure.findobj(Text):
        text.set_fontfamily(families)
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(out, format="png", bbox_inches="tight", pad_inches=0.15)
    return out.getvalue()


def _plain(text: str, columns: int) -> str:
    """Return a text from a file as one line of visible characters, cut where it is too long to draw."""
    line = "".join(c if c.isprintable() else "�" for c in text) or "?"
    ends = _columns(line)
    return line if ends[-1] <= columns else f"{line[: int((ends < columns).sum())]}…"


def _columns(line: str) -> NDArray[np.int64]:
    """Return at which column of a monospaced font each character ends."""
    return np.cumsum([2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line])
