"""Large answers are built without the garbage collector walking through them again and again.

A walk makes some hundred thousand small objects and drops none until it is told: collecting on the way finds nothing,
and takes more than half of the time. Reference counts free all of it afterwards. The bounds of a walk bound the memory.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No cyclic collection inside, in the whole process; other threads' cycles wait that long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
