"""Audits of the tests' logs, and their findings in short."""

import datetime as dt
from pathlib import Path
from typing import Any

from temthat_stamps.log.audit import Report, audit
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.reader import FolderReader

from ..bundle.house import ORIGIN as HOUSE_ORIGIN
from ..bundle.house import House
from .published import publish
from .world import MAY, World

LATER = MAY + dt.timedelta(days=60)


def audited(world: World, folder: Path, *witnesses: Cosigner, **options: Any) -> Report:
    """The report on a world's log as it is now."""
    publish(world, folder, *witnesses)
    return audit(FolderReader(folder), world.origin, world.log_signer.vkey, now=LATER, **options)


def found(report: Report) -> list[tuple[int | None, str]]:
    """Which entry, and what is wrong."""
    return [(finding.index, finding.code.value) for finding in report.findings]


def audited_house(house: House) -> Report:
    """The report on the house's public folder."""
    return audit(FolderReader(house.public), HOUSE_ORIGIN, house.log_signer.vkey, now=house.now)
