"""Figures for whoever runs the service, in Prometheus form. They count answers, never people or places."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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

    def text(self) -> bytes:
        """All figures as text."""
        return generate_latest(self.registry)
