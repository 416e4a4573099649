"""Figures for whoever runs the service, in Prometheus form. They count answers, never people or places."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from temthat_verify_api.recordhealth import RecordState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry per application, so that several may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.verdicts = Counter(
            "temthat_verdicts", "Verdicts given.", ["verdict", "surface"], registry=self.registry
        )
        self.recorded = Counter(
            "temthat_events_recorded", "Stamp events written.", ["event"], registry=self.registry
        )
        self.refused = Counter("temthat_refused", "Requests refused.", ["error"], registry=self.registry)
        self.seconds = Histogram(
            "temthat_answer_seconds",
            "Time to a verdict, recording included.",
            ["surface"],
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=self.registry,
        )
        self.run_loads = Gauge(
            "temthat_run_loads", "Runs read from the database since start.", registry=self.registry
        )
        self.log_entries = Gauge(
            "temthat_log_entries", "Entries of the public log, published or not.", registry=self.registry
        )
        self.log_published = Gauge(
            "temthat_log_published", "Entries under the published checkpoint.", registry=self.registry
        )
        self.publishing_failed = Gauge(
            "temthat_publishing_failed", "1 while the last try to publish failed.", registry=self.registry
        )
        self.witnesses_missing = Gauge(
            "temthat_witnesses_missing",
            "Witnesses that are set but not on the published checkpoint.",
            registry=self.registry,
        )
        self.trust_left = Gauge(
            "temthat_trust_seconds_left",
            "Seconds until the first role of the trust data expires; 0 without trust data.",
            registry=self.registry,
        )
        self.troubles = Gauge(
            "temthat_record_troubles",
            "Troubles of the public record, as /healthz names them.",
            registry=self.registry,
        )
        self.deliveries = Counter(
            "temthat_epcis_deliveries",
            "Deliveries to EPCIS subscribers, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        self.alert_messages = Counter(
            "temthat_alert_messages",
            "Messages about alerts, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        # Looking a labelled child up costs more than counting; there are a few dozen of them.
        self._told: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._wrote: dict[str, Counter] = {}

    def told(self, surface: str, verdict: str, seconds: float) -> None:
        """A verdict was given on a surface: page, api, bulk, event."""
        children = self._told.get((surface, verdict))
        if children is None:
            children = self.verdicts.labels(verdict, surface), self.seconds.labels(surface)
            self._told[surface, verdict] = children
        count, timer = children
        count.inc()
        timer.observe(seconds)

    def wrote(self, event: str, recorded: bool) -> None:
        """An event was offered to the store."""
        if recorded:
            if event not in self._wrote:
                self._wrote[event] = self.recorded.labels(event)
            self._wrote[event].inc()

    def turned_away(self, error: str) -> None:
        """A request was refused, with this code."""
        self.refused.labels(error).inc()

    def delivered(self, result: str) -> None:
        """A delivery to a subscriber ended: received, failed, or the subscription paused."""
        self.deliveries.labels(result).inc()

    def alerted(self, result: str) -> None:
        """A message about an alert was received or failed, or its address paused."""
        self.alert_messages.labels(result).inc()

    def record(self, state: RecordState) -> None:
        """How the public record stands now."""
        self.log_entries.set(state.entries)
        self.log_published.set(state.published)
        self.publishing_failed.set(state.failing)
        self.witnesses_missing.set(state.witnesses_missing)
        self.trust_left.set(state.trust_left.total_seconds() if state.trust_left is not None else 0)
        self.troubles.set(len(state.troubles))

    def text(self) -> bytes:
        """All figures as text."""
        return generate_latest(self.registry)
