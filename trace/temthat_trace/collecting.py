"""What makes very many small objects does so without the garbage collector walking through them again and again.

A walk of a lineage, or the capture of a long document, makes some hundred thousand and drops none until it is done:
collecting on the way finds nothing, and takes a fifth to half of the time. Reference counts free all of it afterwards.
The bounds of a walk or document bound the memory.
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
