"""A thread of rounds: one that fails is followed by the next, and closing lets the work at hand end."""

import threading

from temthat_verify_api.rounds import Rounds


class Counting(Rounds):
    """Fails the first time, is closed in the third."""

    def __init__(self) -> None:
        super().__init__("counting", 0.001)
        self.rounds = 0
        self.third = threading.Event()
        self.is_done = False

    def round(self) -> None:
        self.rounds += 1
        if self.rounds == 1:
            raise ZeroDivisionError
        if self.rounds == 3:
            self.third.set()
            while not self.is_over:
                pass
            self.is_done = True


def test_a_failed_round_is_not_the_last_and_the_last_is_finished() -> None:
    counting = Counting()
    counting.start()
    assert counting.third.wait(60)
    counting.close()
    assert (counting.rounds, counting.is_done) == (3, True)
