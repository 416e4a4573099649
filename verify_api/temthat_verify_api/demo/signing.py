"""The demo's signer: a process of its own, as in production, that ends with the demo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temthat_stamps.custody.masterkey import KEY_FILE, POLICY_FILE
from temthat_stamps.custody.process import SignerProcess
from temthat_stamps.sealing import Sealer
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import EMBEDDED_SIGNER


@contextmanager
def signing(settings: Settings, sealer: Sealer, socket: Path) -> Iterator[Settings]:
    """The signer as a process of its own, as long as the demo runs."""
    folder = settings.data_dir / "signer"
    key = folder / KEY_FILE
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        key.touch(0o600)
        key.write_text(sealer.derive(EMBEDDED_SIGNER).hex() + "\n")
    log_json = next((settings.public_dir / "trust" / "targets").glob("*.log.json"))
    (folder / POLICY_FILE).write_bytes(log_json.read_bytes())
    with SignerProcess(folder, socket, folder / POLICY_FILE):
        yield settings.model_copy(update={"signer": socket})
