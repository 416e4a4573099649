"""The one command: lists its sub-commands, and hints instead of failing when a part is missing."""

from importlib.metadata import EntryPoint
from typing import Any

import pytest
from typer.testing import CliRunner

from temthat import main

runner = CliRunner()


def test_help_lists_every_sub_command() -> None:
    """`temthat --help` names each entry point of the group."""
    result = runner.invoke(main.app, ["--help"])
    assert result.exit_code == 0
    commands = main.find_commands()
    assert "scan" in commands
    for name in commands:
        assert name in result.output


def test_missing_extra_is_a_hint_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sub-command whose packages are not installed says which extra to install and exits with 4."""
    point = EntryPoint("broken", "temthat_scanner_absent.module:f", main.GROUP)

    def load(self: Any) -> Any:
        raise ModuleNotFoundError("No module named 'zxingcpp'", name="zxingcpp")

    monkeypatch.setattr(EntryPoint, "load", load)
    monkeypatch.setattr(main, "find_commands", lambda: {"broken": point})
    result = runner.invoke(main.app, ["broken"])
    assert result.exit_code == 4
    assert 'pip install "temthat[' in result.output
    assert "zxingcpp" in result.output
    assert "Traceback" not in result.output


def test_unknown_sub_command_is_refused() -> None:
    """A word that is no command exits with the usage code."""
    assert runner.invoke(main.app, ["khong-co"]).exit_code == 2
