"""The plain HTTP interface, `/v1/*`: a form in, JSON out, and errors that a program can act on.

An application of its own beside the page, so that every answer under `/v1`, whatever went wrong, has the same shape.
"""

import hmac
from collections.abc import Awaitable, Collection
from typing import Any, TypeVar

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import genre
from genre.labels import LANGUAGES, Language
from genre.settings import CLIP_SECONDS
from genre.web import api_page
from genre.web.handlers import TOP, known_language
from genre.web.intake import Application, Receive, Scope, Send
from genre.web.metrics import GONE
from genre.web.models import refuse
from genre.web.programs import RETRY_SECONDS, ProblemError, Programs, full_disk_told, problem
from genre.web.schema import FORM, Health, Models, Problem, Row

PREFIX = "/v1"
OPEN = ("/health", "/openapi.json", "/docs")  # for whoever has no token
FIELDS_MAX, FIELD_BYTES_MAX = 20, 4_096
CODES = {404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large"}
MEANINGS = {
    400: "The form cannot be read.",
    401: "The token is missing or wrong.",
    403: "A page of another site has sent it.",
    404: "No such model, or no such address.",
    405: "Not with this method.",
    408: "The body came too slowly.",
    413: "The recording is too large.",
    415: "The body is not multipart/form-data.",
    422: "The recording cannot be heard, or a field is wrong.",
    500: "An error of the server.",
    503: "Too many wait, or the model's weights cannot be used; see Retry-After.",
    507: "The server's disk is full.",
}

T = TypeVar("T")


def application(programs: Programs) -> FastAPI:
    """Return what is mounted at PREFIX."""
    api = FastAPI(
        title="genre",
        version=genre.__version__,
        description="Tells which musical genre a recording is.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    settings = programs.desk.settings

    @api.post(
        "/classify",
        response_model=Row,
        summary="Tell the genre of a recording",
        responses=_problems(400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 507),
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
    )
    async def classify(request: Request) -> dict[str, Any]:
        programs.check_room()
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind.strip().lower() != "multipart/form-data":
            raise problem(415, "not_a_form")
        try:
            with full_disk_told():
                form = await request.form(max_files=1, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)
        except UnicodeError as error:  # a charset that does not fit, or is none
            raise HTTPException(400, "its text cannot be decoded.") from error
        try:
            fields, upload = _fields(form)
            request.state.language = known_language(fields.get("language"))
            answer = programs.classify(
                upload.file,
                upload.filename or "",
                model=fields.get("model"),
                clip_seconds=_number(fields.get("clip_seconds"), CLIP_SECONDS),
                start=_number(fields.get("start"), 0.0),
                top=_whole(_number(fields.get("top"), TOP)),
            )
            return await _while_connected(request, answer)
        finally:
            await form.close()

    @api.get("/models", summary="List the models that can answer", responses=_problems(401, 500))
    def models() -> Models:
        return Models.model_validate({"models": programs.models()})

    @api.get(
        "/health",
        summary="Say whether the server answers",
        responses={503: {"model": Health, "description": "Not yet, or without a model."}},
    )
    def health(response: Response) -> Health:
        status = programs.status()
        response.status_code = 200 if status == "ready" else 503
        at = programs.turnstile
        return Health.model_validate(
            {"status": status, "version": genre.__version__, "waiting": at.waiting, "working": at.working}
        )

    @api.get("/docs", include_in_schema=False)
    def docs(request: Request, lang: str = "") -> HTMLResponse:
        accepted = request.headers.get("accept-language", "")
        language: Language = known_language(lang or accepted[:2].lower())
        return HTMLResponse(api_page.page(api.openapi(), PREFIX, settings.port, language))

    @api.exception_handler(ProblemError)
    def told(request: Request, error: ProblemError) -> JSONResponse:
        return answered(error, getattr(request.state, "language", "en"))

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code in CODES:
            found = problem(error.status_code, CODES[error.status_code], megabytes=settings.max_upload_mb)
        else:
            found = problem(error.status_code, "bad_request", reason=error.detail)
        return answered(found, headers=error.headers)

    @api.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=GONE)  # nobody reads it; the log and the metrics do

    @api.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> JSONResponse:
        return answered(problem(500, "internal_error"))

    return api


def answered(found: ProblemError, language: Language = "en", headers: Any = None) -> JSONResponse:
    """Return a problem as the JSON that every `/v1` route answers with."""
    headers = dict(headers or {})
    if found.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if found.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        {"error": {"code": found.code, "message": found.reasons[language]}}, found.status, headers=headers
    )


class Guarded:
    """An ASGI application behind the token, if there is one: nothing of a request is read before it is checked."""

    def __init__(self, app: Application, token: str, open_paths: Collection[str] = ()) -> None:
        self._app, self._token, self._open = app, token.encode(), frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 without the token."""
        if scope["type"] == "http" and self._token and scope["path"] not in self._open:
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
                await answered(problem(401, "unauthorised"))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Few:
    """An ASGI application that has only so many requests sent to it at once; more are answered 503 and not read."""

    def __init__(self, app: Application, most: int) -> None:
        self._app, self._most, self._now = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 where there are so many already."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if self._now >= self._most:
            await answered(problem(503, "busy"))(scope, receive, send)
            return
        self._now += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1


def guarded(programs: Programs) -> Guarded:
    """Return `/v1`, whose health and documentation are for everybody."""
    app: Any = application(programs)
    return Guarded(app, programs.desk.settings.api_token, [PREFIX + path for path in OPEN])


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": MEANINGS[status]} for status in statuses}


def _fields(form: FormData) -> tuple[dict[str, str], UploadFile]:
    """Return a form's fields and its recording; ProblemError where something is missing, unknown or there twice."""
    fields: dict[str, str] = {}
    upload = None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name == "file":
                upload = value
                continue
        elif name in FORM["properties"] and name != "file" and name not in fields:
            fields[name] = value
            continue
        if name != "file":
            known = ", ".join(FORM["properties"])
            raise problem(422, "unknown_field", name=_shown(name), known=known)
    if upload is None:
        raise problem(422, "missing_file")
    if (language := fields.get("language", "en")) not in LANGUAGES:
        refused = refuse("error_language", value=_shown(language), known=", ".join(LANGUAGES)).refused
        raise ProblemError(422, "invalid_parameter", refused.reasons)
    return fields, upload


def _number(given: str | None, default: float) -> float | str:
    """Return a number; text that is none as it is, which the desk then refuses by name."""
    if given is None:
        return float(default)
    try:
        return float(given)
    except ValueError:
        return _shown(given)


def _shown(given: str) -> str:
    """Return the beginning of what a stranger sent, as every encoder takes it."""
    return given[:40].encode("utf-8", "replace").decode()


def _whole(given: float | str) -> float | str:
    return given if isinstance(given, str) or given.is_integer() else str(given)


async def _while_connected(request: Request, work: Awaitable[T]) -> T:
    """Return what the work gives; who goes away leaves the queue, and ClientDisconnect is raised."""
    outcome: list[T | ProblemError] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            outcome.append(await work)
        except ProblemError as error:  # the group would wrap it
            outcome.append(error)
        group.cancel_scope.cancel()
    if not outcome:
        raise ClientDisconnect
    if isinstance(outcome[0], ProblemError):
        raise outcome[0]
    return outcome[0]
