"""What decided an answer, drawn over the spectrogram: what counted stays lit, the rest is veiled, regions are numbered.

A veil and not a tint, because the notes under it are what one wants to read. It is a picture of its own, so that the
page can fade it without asking the server. Drawn with Pillow alone, as `genre.preview`.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genre import preview
from genre.settings import VEIL_STRENGTH
from genre.spectrogram import Floats, SpectrogramSpec

VEIL = (8, 10, 14)
MARK = (0, 229, 255)  # a colour that magma has not
LINE_WIDTH = 4  # pixels, in a picture of preview.WIDTH

Box = tuple[tuple[int, int], tuple[int, int]]  # (frame, frame after the last), (lowest row, highest row)


def overlay(
    relevance: Floats, boxes: Sequence[Box] = (), *, width: int = preview.WIDTH, height: int = preview.HEIGHT
) -> Image.Image:
    """Draw a map [bins, frames] from 0 to 1 to be laid over `preview.draw` of that size, RGBA; boxes are numbered."""
    bins, frames = relevance.shape
    left, top, right, bottom = preview.plot_area(width, height)
    lit = Image.fromarray(relevance[::-1]).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
    veil = np.rint(255 * (1 - np.sqrt(np.clip(np.asarray(lit), 0, 1)))).astype(np.uint8)  # a quarter is half lit
    picture = Image.new("RGBA", (width, height), (*VEIL, 0))
    picture.paste(Image.merge("RGBA", [*Image.new("RGB", lit.size, VEIL).split(), Image.fromarray(veil)]), (left, top))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(preview.text_size(width))
    line, tag = max(1, round(LINE_WIDTH * width / preview.WIDTH)), round(1.2 * preview.text_size(width))
    for number, ((begin, end), (low, high)) in enumerate(boxes, start=1):
        across = [round(left + frame / frames * (right - left)) for frame in (begin, end)]
        down = [round(bottom - row / bins * (bottom - top)) for row in (high + 1, low)]
        pen.rectangle((across[0], down[0], across[1] - 1, down[1] - 1), outline=MARK, width=line)
        pen.rectangle((across[0], down[0], across[0] + tag, down[0] + tag), fill=MARK)
        pen.text((across[0] + tag / 2, down[0] + tag / 2), str(number), fill=VEIL, font=font, anchor="mm")
    return picture


def draw(
    decibels: Floats,
    spec: SpectrogramSpec,
    relevance: Floats,
    boxes: Sequence[Box] = (),
    *,
    strength: float = VEIL_STRENGTH,
    start: float = 0.0,
    width: int = preview.WIDTH,
    height: int = preview.HEIGHT,
    dark: bool = False,
) -> Image.Image:
    """Draw a spectrogram as `preview.draw` does, with a map laid over it; strength 0 to 1."""
    picture = preview.draw(decibels, spec, start=start, width=width, height=height, dark=dark)
    veil = overlay(relevance, boxes, width=width, height=height)
    veil.putalpha(veil.getchannel("A").point(lambda alpha: round(strength * alpha)))
    picture.paste(veil, mask=veil)
    return picture
