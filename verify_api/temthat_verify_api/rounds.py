"""A thread that does one thing again every few seconds until it is closed."""

import logging
import threading
from abc import ABC, abstractmethod

log = logging.getLogger("temthat")


class Rounds(ABC):
    """Something done every `seconds`. What a round raises is logged, and the next one comes all the same."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def round(self) -> None:
        """What is done each time."""

    @property
    def is_over(self) -> bool:
        """Whether the work at hand should be the last."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin; the first round comes after the first pause."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is at hand and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self.round()
            except Exception:
                log.exception("a round of the %s", self._name)
