"""What the copy judge knows before it looks at a stamp: the habits of its product, and how its run's other stamps do.

The nightly work writes both (`nightly`); here they are only read. Models are kept by the text of their habits, since
building one costs a hundred times as much as a check.
"""

import logging
import uuid
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.habits import Habits, habits_of, priors
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.neighbours import Neighbours
from temthat_verify_api.nightly.records import LearnedHabits, RunCopies

log = logging.getLogger(__name__)


def model_for(session: Session, product_id: uuid.UUID) -> Model:
    """The model of a product: its own habits where they were learned, else the operator's, else the priors."""
    query = select(LearnedHabits.product_id, LearnedHabits.text).where(
        or_(LearnedHabits.product_id == product_id, LearnedHabits.product_id.is_(None))
    )
    texts = {row.product_id: row.text for row in session.execute(query)}
    return _model(texts.get(product_id) or texts.get(None, ""))


def neighbours_of(session: Session, run: int) -> Neighbours:
    """What the last night counted of a run's stamps; nothing before the first one."""
    counts = session.get(RunCopies, run)
    return Neighbours(counts.scanned, counts.evident) if counts else Neighbours()


@lru_cache(maxsize=1_000)
def _model(text: str) -> Model:
    return Model(with_learned(text) if text else None)


def with_learned(text: str) -> Habits:
    """Today's priors with the ordinary explanations that were learned.

    Only those are learned, so a new version's limits and thresholds hold at once. What was learned under explanations
    that this version does not have is left aside until the next night.
    """
    known = priors()
    try:
        learned = habits_of(text).ordinary
    except ValueError as error:
        log.warning("learned habits that cannot be read are left aside: %s", error)
        return known
    if [one.name for one in learned] != [one.name for one in known.ordinary]:
        log.warning("learned habits of another version are left aside until the next night")
        return known
    return replace(known, ordinary=learned)
