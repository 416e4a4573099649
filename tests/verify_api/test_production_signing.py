"""In production the service has no hand on keys: what it is given signs by way of the signer process, or not at all."""

import datetime as dt
from pathlib import Path

import pytest

from temthat_stamps.custody.client import SignerClient
from temthat_stamps.custody.errors import SignerUnreachable
from temthat_stamps.log.policy import Policy
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import open_custody

ISSUER = "00000000-0000-0000-0000-000000000001"


def test_production_without_a_signer_signs_nothing(tmp_path: Path) -> None:
    """No vault in its own process, whatever keys it has: a refusal that says the signer is not there."""
    sealer = Sealer(bytes(range(32)))
    policy = Policy("tem.example.vn/log", log_signer(sealer, "tem.example.vn/log").key, (), 0)
    settings = Settings(mode="production", data_dir=tmp_path, host="tem.example.vn")
    custody = open_custody(settings, sealer, policy, lambda: dt.datetime.now(dt.UTC))
    assert isinstance(custody, SignerClient)
    with pytest.raises(SignerUnreachable):
        custody.new_issuer_key(ISSUER)
    assert not (tmp_path / "signer").exists()
