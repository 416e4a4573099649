"""Checkpoints: read as the specification has them, one form for one meaning, and of the right log."""

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from temthat_stamps.log.note import BadNote, Note, VerifierKey
from temthat_stamps.log.policy import Policy, TooFewWitnesses

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog

# The example of C2SP tlog-checkpoint.
SPEC = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()
# What a public test log of certificates published in May 2026, cosigned by four witnesses who knew nothing of us.
REAL = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkpt"
    "QIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev "
    "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden "
    "2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— witness1.smartit.nu/witness1 "
    "pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
    "— remora.n621.de "
    "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
    "— witness.stagemole.eu "
    "Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n"
).encode()
REAL_LOG = "arche2025h1.staging.ct.transparency.dev"
REAL_KEY = f"{REAL_LOG}+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REAL_WITNESSES = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
]
ROOT = base64.b64encode(bytes(range(32))).decode()

one_line = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)]),
    min_size=1,
    max_size=30,
)
checkpoints = st.builds(
    Checkpoint,
    one_line,
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(one_line, max_size=3).map(tuple),
)


def test_the_example_of_the_specification() -> None:
    """Origin, size, root; and the text is written back alike."""
    note = Note.parse(SPEC)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert checkpoint.extensions == ()
    assert checkpoint.text == note.text


def test_a_real_checkpoint_of_others_with_four_witnesses() -> None:
    """Key ids, signatures and times as other software made them; a line of a kind we do not know is passed over."""
    policy = Policy.parse(REAL_LOG, REAL_KEY, REAL_WITNESSES, 4)
    opened = open_checkpoint(REAL, policy)
    assert opened.checkpoint.size == 1432088532
    assert set(opened.cosigned.values()) == {1779573024}
    assert len(opened.cosigned) == 4
    with pytest.raises(BadNote, match="wrong"):
        open_checkpoint(REAL.replace(b"1432088532", b"1432088533"), policy)
    kept = b"\n".join(line for line in REAL.split(b"\n") if b"remora" not in line)
    with pytest.raises(TooFewWitnesses):
        open_checkpoint(kept, policy)


@given(checkpoints)
def test_property_a_checkpoint_comes_back(checkpoint: Checkpoint) -> None:
    """Any origin, any size of 63 bits, any extension lines."""
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nx\n",
        f"o\n01\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n1 \n{ROOT}\n",
        f"o\n\u0661\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        "o\n1\n\n",
        f"o\n1\n{ROOT[:-4]}\n",
        f"o\n1\n{ROOT}=\n",
        f"o\n1\n{ROOT[:-2]}9=\n",
        f"o\n1\n{ROOT.replace('+', '-')[:-1]}\n",
        f"o\n1\n{'AAAA' * 11}\n",
    ],
)
def test_malformed_texts_are_refused(text: str) -> None:
    """Each breaks one rule; a number has one spelling, and so has a hash."""
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


@pytest.mark.parametrize("origin", ["", "a\nb", "a\n"])
def test_no_line_is_smuggled_into_a_checkpoint(origin: str) -> None:
    """An origin or extension with a line break would sign a second meaning."""
    with pytest.raises(BadNote):
        Checkpoint(origin, 1, bytes(32))
    with pytest.raises(BadNote):
        Checkpoint("o", 1, bytes(32), (origin,))


def test_another_log_is_refused(log: "SignedLog", policy: Policy) -> None:
    """Signed by the same key under another origin: not this log."""
    other = sign_checkpoint(Checkpoint("tem.example.vn/other", 1, bytes(32)), log.signer)
    with pytest.raises(BadNote, match=r"tem\.example\.vn/other"):
        open_checkpoint(other, policy)


def test_signed_by_nobody_we_know_is_refused(log: "SignedLog", policy: Policy) -> None:
    """No line of the log's key, or a wrong one."""
    data = log.checkpoint()
    note = Note.parse(data)
    for text in (note.text.replace("10", "11", 1), note.text + "extension\n"):
        with pytest.raises(BadNote, match="wrong"):
            open_checkpoint(bytes(Note(text, note.signatures)), policy)
    stranger = VerifierKey("stranger.example", policy.log_key.kind, policy.log_key.public_key)
    with pytest.raises(BadNote, match="missing"):
        open_checkpoint(data, Policy(policy.origin, stranger, (), 0))
