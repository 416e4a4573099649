"""The demo's trust: its two witnesses, its signer, and a ceremony of all roles at one table. Never for production."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.log.entries import size
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.runs.custody import request_issuer_key
from temthat_stamps.runs.enrolment import publish_delegation
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import online_keys
from temthat_trace.parties import CONFIRMERS, PRODUCERS, Party
from temthat_verify_api.demo.card import witnesses_in
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import Services

WITNESSES = ("nhan-chung-1.mau", "nhan-chung-2.mau")


def witnessed(settings: Settings, sealer: Sealer) -> Settings:
    """The settings with the demo's two witnesses, which are made."""
    for number, name in enumerate(WITNESSES, 1):
        LocalWitness.new(
            settings.data_dir / f"witness-{number}", name, [log_signer(sealer, settings.origin).key]
        )
    return settings.model_copy(update={"witnesses": witnesses_in(settings.data_dir)})


def delegate(session: Session, services: Services) -> None:
    """Found the whole chain of trust and have every party's key approved, as a ceremony would. Commits."""
    settings, now = services.settings, services.now()
    parties = session.scalars(select(Party).where(Party.kind.in_(PRODUCERS | CONFIRMERS))).all()
    keys = [request_issuer_key(session, services.registry, party) for party in parties]
    policy = services.book.policy
    log = LogTrust(
        settings.origin,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (services.registry.operator.public_key,),
        tuple(sorted(settings.hosts)),
    )
    ceremony = HouseCeremony(
        settings.data_dir / "ceremony",
        settings.public_dir / "trust",
        online_keys(services.sealer),
        mode=settings.mode,
    )
    provinces = sorted({party.province for party in parties if party.province})
    ceremony.found(log, provinces, now)
    ceremony.approve([key.enrolment for key in keys], size(session), now)
    publish_delegation(session, services.registry, settings.public_dir / "trust")
    session.commit()
