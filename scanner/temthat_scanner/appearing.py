"""Which stamps come into a camera's view: each is read once for as long as it is held there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

GONE = 1.5
"""Seconds out of view after which the same stamp counts as shown again: longer than a hand blurs it."""

ANOTHER = 0.75
"""The same while another stamp is seen: two held together are not read in turns."""


@dataclass
class View:
    """What is before the camera. Absence is counted from look to look: time in which nobody looked is none."""

    _missed: dict[str, float | None] = field(default_factory=dict)
    """Each stamp in view: None, or the time of the first look since that did not see it."""

    def look(self, at: float, texts: Iterable[str]) -> list[str]:
        """What this look (`at` seconds of a clock that never goes back) sees and was not in view, each once."""
        seen = dict.fromkeys(texts)
        new = [text for text in seen if text not in self._missed]
        enough = ANOTHER if seen else GONE
        for text, since in list(self._missed.items()):
            if text in seen:
                continue
            first = at if since is None else since
            self._missed[text] = first
            if at - first >= enough:
                del self._missed[text]
        self._missed.update(dict.fromkeys(seen))
        return new
