"""The press of this service: where its print files are made, and the worker that makes them."""

import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from temthat_stamps.runs.produce import Press, give_up, produce, sweep, unfinished_jobs
from temthat_verify_api.wiring import Services

log = logging.getLogger(__name__)


def press_of(services: Services) -> Press:
    """The press as the settings describe it."""
    settings = services.settings
    return Press(
        sessions=services.sessions,
        registry=services.registry,
        prove=services.book.prove_run,
        folder=settings.data_dir / "prints",
        host=settings.host,
        scheme=settings.scheme,
    )


class PressWorker:
    """Makes print files one after the other in a thread; jobs interrupted by a stop or a crash come first."""

    def __init__(self, services: Services) -> None:
        self.press = press_of(services)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="press")
        self._known: set[uuid.UUID] = set()
        self._lock = threading.Lock()

    def resume(self) -> None:
        """Take up what was left unfinished; remove files past their time."""
        self._pool.submit(sweep, self.press)
        with self.press.sessions() as session:
            for job_id in unfinished_jobs(session):
                self.submit(job_id)

    def submit(self, job_id: uuid.UUID) -> None:
        """Make this job's file soon; asking twice is harmless."""
        with self._lock:
            if job_id not in self._known:
                self._known.add(job_id)
                self._pool.submit(self._make, job_id)

    def close(self) -> None:
        """Finish the job at hand; the rest is resumed at the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make(self, job_id: uuid.UUID) -> None:
        try:
            produce(self.press, job_id)
            sweep(self.press)
        except Exception:
            log.exception("print job %s", job_id)
            give_up(self.press, job_id)
        finally:
            with self._lock:
                self._known.discard(job_id)
