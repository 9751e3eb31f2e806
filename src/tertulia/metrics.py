"""What the server counts. Shown at /metrics in the format of Prometheus.

Each process (and each test) has its own registry: no global state.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
WEBHOOK_OUTCOMES = ("delivered", "failed", "dead", "dropped")
"""Of an attempt: the last three are a failure that is tried again, one that is not, and a dead one that was let go."""
RESUME_KINDS = ("ring", "database", "reload", "gone")
"""How a room was continued: from memory, from the database, afresh, or not at all."""

_BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The Prometheus objects by name. All of them may be changed from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges()
        self._counters()
        self._histograms()
        for outcome in WEBHOOK_OUTCOMES:
            self.webhooks.labels(outcome)
        for kind in RESUME_KINDS:
            self.resumes.labels(kind)  # a series that starts at 0 can be watched from the start

    def _gauges(self) -> None:
        registry = self.registry
        self.connections = Gauge("tertulia_connections", "Live sockets", registry=registry)
        self.queue_depth = Gauge("tertulia_queue_depth", "What waits in a queue", ["queue"], registry=registry)

    def _counters(self) -> None:
        registry = self.registry
        self.posts = Counter("tertulia_posts", "Messages posted and committed", registry=registry)
        self.deliveries = Counter("tertulia_deliveries", "Durable events handed to a socket", registry=registry)
        self.slow_closes = Counter("tertulia_slow_closes", "Sockets closed: they read too slowly", registry=registry)
        self.resumes = Counter("tertulia_resumes", "Rooms continued after a pause", ["kind"], registry=registry)
        self.repairs = Counter("tertulia_repairs", "Rooms read because the bus left a gap", registry=registry)
        self.errors = Counter("tertulia_errors", "Refusals by code, on REST and sockets", ["code"], registry=registry)
        self.webhooks = Counter("tertulia_webhook_deliveries", "What became of them", ["outcome"], registry=registry)
        self.requests = Counter("tertulia_http_requests", "HTTP requests answered", ["status"], registry=registry)

    def _histograms(self) -> None:
        self.commit_batch = Histogram(
            "tertulia_commit_batch_size", "Changes in one commit", buckets=_BATCH_SIZES, registry=self.registry
        )
        self.commit_seconds = Histogram(
            "tertulia_commit_seconds", "From taking a batch to its commit", buckets=_SECONDS, registry=self.registry
        )

    def text(self) -> bytes:
        """All of it, as `CONTENT_TYPE` says."""
        return generate_latest(self.registry)
