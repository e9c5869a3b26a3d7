"""What Prometheus may know of a server: how many ask what, how long answers take, what is under way.

Every label has a fixed set of values, so that no stranger can make the server remember more and more.
"""

from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import Response

from genre.rows import Row
from genre.web.intake import Application, Message, Receive, Scope, Send
from genre.web.turnstile import Turnstile

# A request's path is never a label: these are, the rest of the page is "page".
ROUTES = ("/v1/classify", "/v1/models", "/v1/health", "/v1/openapi.json", "/v1/docs", "/metrics", "/mcp")
PAGE, GONE = "page", 499  # nginx's number for a client that went away before its answer
STAGES = ("decode", "spectrogram", "music", "network", "total")  # of an answer's seconds
BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)  # seconds


class Metrics:
    """One server's numbers, in a registry of their own."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._registry = CollectorRegistry()
        here = self._registry
        self._requests = Counter("genre_http_requests", "Requests answered", ["route", "status"], registry=here)
        self._seconds = Histogram(
            "genre_http_seconds", "Seconds from request to answer", ["route"], buckets=BUCKETS, registry=here
        )
        self._in_flight = Gauge("genre_http_in_flight", "Requests that are not answered yet", registry=here)
        self._stages = Histogram(
            "genre_answer_seconds",
            "Seconds of a program's answer, by stage",
            ["stage"],
            buckets=BUCKETS,
            registry=here,
        )
        self._loads = Histogram(
            "genre_model_load_seconds", "Seconds that loading a network took", buckets=BUCKETS, registry=here
        )
        waiting = Gauge("genre_waiting", "Requests of programs that wait for their turn", registry=here)
        waiting.set_function(lambda: turnstile.waiting)
        working = Gauge("genre_working", "Requests of programs that are worked on", registry=here)
        working.set_function(lambda: turnstile.working)
        ProcessCollector(registry=self._registry)  # memory, processor time, open files

    def answered(self, row: Row) -> None:
        """Count an answer by the seconds in its row."""
        for stage in STAGES:
            self._stages.labels(stage).observe(row["seconds"][stage])
        if row["seconds"]["load"]:
            self._loads.observe(row["seconds"]["load"])

    async def exposed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with all numbers in Prometheus' text format."""
        await Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)(scope, receive, send)

    def counting(self, app: Application) -> Application:
        """Return an ASGI application that counts what another one is asked."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            route = scope["path"] if scope["path"] in ROUTES else PAGE
            status, begun = 0, perf_counter()

            async def send_noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with self._in_flight.track_inprogress():
                try:
                    await app(scope, receive, send_noting)
                finally:
                    self._requests.labels(route, status or GONE).inc()
                    if route != PAGE:  # the page holds streams open as long as somebody looks at it
                        self._seconds.labels(route).observe(perf_counter() - begun)

        return counted
