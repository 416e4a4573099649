"""What a service in production has around it: two witnesses over HTTP and a signer at its socket, in threads here.

All three are the real ones; their folders lie beside the service's data, so that a copy of a house can be served.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event, Thread

from temthat_stamps.custody.server import SignerServer
from temthat_stamps.custody.vault import Vault
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.log.witness_folder import WitnessFolder
from temthat_stamps.log.witness_server import WitnessServer
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_verify_api.demo import house
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import EMBEDDED_SIGNER, build_services

ORIGIN = "tem.example.vn"
WITNESSES = ("witness-1", "witness-2")


@contextmanager
def neighbours(folder: Path) -> Iterator[dict[str, str]]:
    """Run them for the house in `folder`, which has a master key; the settings that name them, without the prefix.

    Witnesses are made where there are none; the signer's keys are those that the house's own process would use.
    """
    sealer = Sealer(bytes.fromhex((folder / "master.key").read_text()))
    log_key = log_signer(sealer, ORIGIN).key
    with ExitStack() as stack:
        named: list[str] = []
        keys = []
        for name in WITNESSES:
            place = folder / name
            if not place.exists():
                LocalWitness.new(place, name, [log_key])
            state = WitnessState(WitnessFolder(place))
            url = stack.enter_context(_witness(state))
            named.append(f"{state.key} {url}")
            keys.append(state.key)
        policy = Policy(ORIGIN, log_key, tuple(keys), len(keys))
        vault = Vault(Sealer(sealer.derive(EMBEDDED_SIGNER)), ORIGIN, policy, folder / "signer")
        stack.enter_context(closing(vault.state))
        # A socket's path may have a hundred characters: not under the test's own folder.
        private = tempfile.mkdtemp(prefix="temthat-")
        stack.callback(shutil.rmtree, private)
        socket = Path(private) / "signer"
        stack.enter_context(_signer(socket, vault))
        yield {"witnesses": json.dumps(named), "signer": str(socket)}


def delegate(folder: Path) -> None:
    """Have every party's key in the house in `folder` approved, as a ceremony would: all roles at one table."""
    sealer = Sealer(bytes.fromhex((folder / "master.key").read_text()))
    log_key = log_signer(sealer, ORIGIN).key
    witnesses = [
        LocalWitness.open(folder / name)
        if (folder / name).exists()
        else LocalWitness.new(folder / name, name, [log_key])
        for name in WITNESSES
    ]
    services = build_services(
        Settings(
            mode="demo",
            database_url=f"sqlite:///{folder / 'temthat.db'}",
            data_dir=folder,
            host=ORIGIN,
            witnesses=tuple(
                f"{w.key} local:{folder / name}" for w, name in zip(witnesses, WITNESSES, strict=True)
            ),
        )
    )
    with services.sessions() as session:
        house.delegate(session, services)
    services.engine.dispose()


@contextmanager
def _witness(state: WitnessState) -> Iterator[str]:
    server, stop = WitnessServer(state, "127.0.0.1", 0), Event()
    thread = Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        thread.join()


@contextmanager
def _signer(socket: Path, vault: Vault) -> Iterator[None]:
    server = SignerServer(socket, vault)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
