"""How well the copy model does here: alerts per million checks, what people found, whether its chances came true."""

from decimal import Decimal

from fastapi import Response
from sqlalchemy import func, select

from temthat_stamps.copies.calibration import per_million
from temthat_stamps.copies.campaigns import TOGETHER, AlertState
from temthat_stamps.copies.habits import priors
from temthat_trace.parties import PRODUCERS, Party, PartyKind
from temthat_verify_api.accounts import Role
from temthat_verify_api.alerts.records import Alert
from temthat_verify_api.calibration import EMVS_PER_MILLION, Parties, by_chance, by_month
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.nightly.records import LearnedHabits

router = desk_router()

MONTHS = 24
LIMITS = 7
"""Things that the model cannot tell, in the texts."""


@router.get("/alerts/model")
def model_page(desk: SignedIn) -> Response:
    """For offices: figures over all organisations they may see."""
    if desk.party.kind in PRODUCERS and desk.person.role is not Role.OPERATOR:
        raise NotFound
    parties = _parties(desk)
    months, thresholds = by_month(desk.db, parties), priors().thresholds
    checks, alerts = sum(m.checks for m in months), sum(m.alerts for m in months)
    suspects = sum(m.suspects for m in months)
    learned = desk.db.scalars(select(LearnedHabits).where(LearnedHabits.product_id.is_(None))).first()
    return desk.page(
        "alert_model.html",
        months=months[:MONTHS],
        checks=checks,
        alerts=alerts,
        suspects=suspects,
        per_million=per_million(alerts, checks),
        suspects_per_million=per_million(suspects, checks),
        emvs=EMVS_PER_MILLION,
        outcomes=_outcomes(desk),
        bins=by_chance(desk.db, parties),
        thresholds=thresholds,
        nats=[Decimal(str(value)) for value in (thresholds.suspect, thresholds.alert)],
        together=TOGETHER.days,
        learned=learned,
        limits=range(1, LIMITS + 1),
    )


def _outcomes(desk: Desk) -> dict[str, int]:
    """How many alerts came to what; "" is still undecided, or closed without."""
    query = (
        select(Alert.outcome, func.count())
        .join(Party, Party.id == Alert.party_id)
        .where(visible(desk.person), Alert.merged_into.is_(None))
        .group_by(Alert.outcome)
    )
    counted = {outcome or "": n for outcome, n in desk.db.execute(query)}
    return {name: counted.get(name, 0) for name in (AlertState.CONFIRMED, AlertState.EXPLAINED, "")}


def _parties(desk: Desk) -> Parties:
    """Whose stamps this person may know of; None for everybody's."""
    everybody = desk.person.role in (Role.INSPECTOR, Role.OPERATOR)
    if everybody or desk.party.kind is PartyKind.NATIONAL_ALLIANCE:
        return None
    return desk.db.scalars(select(Party.id).where(visible(desk.person))).all()
