"""What programs get from `/v1/*`, field by field: the models that the OpenAPI document is made of.

`Row` is what `genre classify --json` prints for a file; a test holds the two together.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from genre.settings import CLIP_SECONDS, CLIP_SECONDS_MAX, CLIP_SECONDS_MIN
from genre.web.handlers import START_MAX, TOP, TOP_MAX

SHARE = Field(ge=0, le=1)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Weights(_Model):
    """Where the weights come from that gave an answer."""

    origin: Literal["embedded", "dropped-in", "hub"]
    trained_on: str
    accuracy: float | None = Field(description="Share of right answers, 0 to 1; null where it was not measured.")
    measured_on: str
    sha256: str


class Genre(_Model):
    """A class of a model's taxonomy."""

    id: str
    en: str
    zh: str


class RankedGenre(Genre):
    """A genre with its probability, the mean over all windows."""

    probability: float = SHARE


class Window(_Model):
    """What one stretch of the recording sounds like; seconds into the file."""

    start: float
    end: float
    probabilities: dict[str, float]


class Seconds(_Model):
    """How long each step took."""

    decode: float
    spectrogram: float
    music: float
    load: float
    network: float
    total: float


class Row(_Model):
    """The answer for one recording."""

    source: str = Field(description="The file's name as it was sent.")
    model: str
    taxonomy: str
    weights: Weights
    top: list[RankedGenre] = Field(description="The most likely first.")
    windows: list[Window]
    warnings: list[Literal["not_music", "unsure", "short", "quiet", "clipped", "dc", "nonfinite", "truncated"]] = Field(
        description="not_music and unsure say that the answer is not to be trusted."
    )
    music: float = Field(ge=0, le=1, description="How much the sound is like music at all.")
    unsure_below: float = SHARE
    seconds: Seconds


class Model(_Model):
    """A model that can answer now."""

    model: str = Field(description="What to give as the field model.")
    is_default: bool
    name: str
    backbone: str
    transform: Literal["cqt", "mel", "chroma"]
    taxonomy: str
    genres: list[Genre]
    weights: Weights
    licence: str
    unsure_below: float = SHARE


class Models(_Model):
    """Every model that can answer now."""

    models: list[Model]


class Health(_Model):
    """Whether the server answers already, and how busy it is."""

    status: Literal["ready", "starting", "no_model"]
    version: str
    waiting: int = Field(description="Requests of programs that wait for their turn.")
    working: int = Field(description="Requests of programs that are worked on.")


class Error(_Model):
    """What went wrong."""

    code: str = Field(description="Stable, for programs.")
    message: str = Field(description="For people: what, and what to do.")


class Problem(_Model):
    """The body of every answer that is not a success."""

    error: Error


# The form of `POST /v1/classify`; the values are checked where the page's are, and refused in the same words.
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The recording."},
        "model": {"type": "string", "description": "One of /v1/models; where it is left out, the default one."},
        "clip_seconds": {
            "type": "number",
            "minimum": CLIP_SECONDS_MIN,
            "maximum": CLIP_SECONDS_MAX,
            "default": CLIP_SECONDS,
            "description": "Seconds that are heard.",
        },
        "start": {
            "type": "number",
            "minimum": 0,
            "maximum": START_MAX,
            "default": 0,
            "description": "Seconds into the file at which hearing begins.",
        },
        "top": {
            "type": "integer",
            "minimum": 1,
            "maximum": TOP_MAX,
            "default": TOP,
            "description": "How many genres.",
        },
        "language": {"type": "string", "enum": ["en", "zh"], "default": "en", "description": "Language of errors."},
    },
}
