"""The tools that a language model's program may call over MCP (Model Context Protocol): classify, similar, models.

The only room that imports the SDK, which is an extra. Recordings come as base64 inside a call: a path would be one of
this machine, and links are not fetched.
"""

import base64
import binascii
import io
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

import genre
from genre.errors import SettingsError
from genre.settings import CLIP_SECONDS, Settings
from genre.web.handlers import TOP
from genre.web.programs import ProblemError, Programs

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from starlette.applications import Starlette

PATH = "/mcp"
RECORDING_MB_MAX = 16  # of one recording: a call is held in memory, and as text it is a third larger
CALLS_WAITING = 6  # besides those that are worked on: each holds up to 100 MB
INSTRUCTIONS = (
    "Tells which musical genre a recording is. Give the bytes of an audio file (wav, mp3, flac, ogg, opus, m4a, webm) "
    f"as base64, up to {RECORDING_MB_MAX} MB; thirty seconds are enough. Believe the warnings of an answer: not_music "
    "and unsure mean that its genres say little."
)

Recording = Annotated[str, Field(description="An audio file as base64.")]
ModelName = Annotated[str | None, Field(description="A name that the tool `models` gives; by default its default.")]
Clip = Annotated[float, Field(description="Seconds that are heard, 1 to 600.")]
Start = Annotated[float, Field(description="Seconds into the recording at which hearing begins.")]


def check_installed() -> None:
    """Raise SettingsError where the extra is missing."""
    try:
        import mcp.server  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            f"genre serve --mcp needs the MCP SDK, version 2 or newer ({error}). Install it: "
            "pip install 'genre[mcp]', or pip install '.[mcp]' in a clone."
        ) from error


def recording_mb(settings: Settings) -> int:
    """Return the largest recording that a call may hold."""
    return min(settings.max_upload_mb, RECORDING_MB_MAX)


def application(programs: Programs) -> "Starlette":
    """Return the application that speaks MCP at PATH, over streamable HTTP; its lifespan has to be entered."""
    settings = programs.desk.settings
    body = 2 * (recording_mb(settings) << 20) * 4 // 3 + (1 << 20)  # two recordings, and what is around them
    # On this machine's own addresses the SDK checks Host and Origin: no web page can reach it through a rebound name.
    return server(programs).streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=body,
        host=settings.host,
    )


def server(programs: Programs) -> "MCPServer[Any]":
    """Return the SDK's server with the tools."""
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError

    offered = MCPServer("genre", version=genre.__version__, instructions=INSTRUCTIONS)
    bytes_max = recording_mb(programs.desk.settings) << 20

    def decoded(name: str, content: str) -> io.BytesIO:
        if len(content) > bytes_max * 4 // 3 + 4:
            raise ToolError(f"{name} is larger than {bytes_max >> 20} MB. Cut out the part that matters.")
        try:
            return io.BytesIO(base64.b64decode(content, validate=True))
        except (binascii.Error, ValueError):
            raise ToolError(
                f"{name} is not base64. Give the bytes of an audio file; paths and links are not opened."
            ) from None

    @offered.tool()
    async def classify(
        audio: Recording,
        name: Annotated[str, Field(description="What the answer calls the recording.")] = "recording",
        model: ModelName = None,
        clip_seconds: Clip = CLIP_SECONDS,
        start: Start = 0.0,
        top: Annotated[int, Field(description="How many genres.")] = TOP,
    ) -> dict[str, Any]:
        """Tell the musical genre of a recording: the likeliest genres with probabilities, warnings, provenance."""
        try:
            return await programs.classify(
                decoded("audio", audio), name, model=model, clip_seconds=clip_seconds, start=start, top=top
            )
        except ProblemError as error:
            raise ToolError(str(error)) from error

    @offered.tool()
    async def similar(
        a: Recording, b: Recording, model: ModelName = None, clip_seconds: Clip = CLIP_SECONDS, start: Start = 0.0
    ) -> dict[str, Any]:
        """Tell whether two recordings may come from one source (`ssim`), and how alike they sound (`cosine`)."""
        try:
            return await programs.similar(
                decoded("a", a), decoded("b", b), model=model, clip_seconds=clip_seconds, start=start
            )
        except ProblemError as error:
            raise ToolError(str(error)) from error

    @offered.tool()
    def models() -> list[dict[str, Any]]:
        """List the models that can answer, with their genres and where their weights come from."""
        return programs.models()

    return offered
