"""Sets of serials as stretches, both ends included."""


class Spans:
    """Stretches of serials, no two of them touching; a run has few."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, first: int, last: int) -> None:
        """Put serials `first` to `last` in."""
        near = [span for span in self._spans if span[0] <= last + 1 and first <= span[1] + 1]
        kept = [span for span in self._spans if span not in near]
        self._spans = [*kept, (min([first, *(s[0] for s in near)]), max([last, *(s[1] for s in near)]))]

    def remove(self, first: int, last: int) -> None:
        """Take serials `first` to `last` out."""
        kept = []
        for start, end in self._spans:
            if start < first:
                kept.append((start, min(end, first - 1)))
            if end > last:
                kept.append((max(start, last + 1), end))
        self._spans = kept

    def cover(self, first: int, last: int) -> bool:
        """Whether all of these serials are in."""
        return any(start <= first and last <= end for start, end in self._spans)

    def touch(self, first: int, last: int) -> bool:
        """Whether any of these serials is in."""
        return any(start <= last and first <= end for start, end in self._spans)
