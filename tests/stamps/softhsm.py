"""Tokens in software (SoftHSM) for the tests of keys on tokens."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((place for place in PLACES if Path(place).exists()), "")
PIN = "482915"

needs_softhsm = pytest.mark.skipif(
    not MODULE or shutil.which("softhsm2-util") is None,
    reason="SoftHSM (Debian: softhsm2) is not installed here",
)


@contextmanager
def tokens(home: Path, *labels: str) -> Iterator[Path]:
    """The folder of these tokens, which are all this process sees until the block ends."""
    folder = home / "tokens"
    folder.mkdir()
    config = home / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(config))
        for label in labels:
            subprocess.run(
                [
                    "softhsm2-util",
                    "--init-token",
                    "--free",
                    "--label",
                    label,
                    "--pin",
                    PIN,
                    "--so-pin",
                    "5678",
                ],
                check=True,
                capture_output=True,
            )
        read_anew()
        yield folder
        read_anew()


def read_anew() -> None:
    """SoftHSM reads its folder once, when it is loaded: who used it before saw another folder, or a token more."""
    import pkcs11

    pkcs11.lib(MODULE)
    pkcs11.unload(MODULE)
