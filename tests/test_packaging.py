"""The layout's promises: the standard library's `trace` stays itself, and parts install without each other."""

import subprocess
import sys
import trace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("cli", "trace", "stamps", "verify_api", "scanner")


def test_standard_library_trace_is_not_shadowed() -> None:
    """`import trace` gives the standard library's module, also from the repository's root."""
    assert hasattr(trace, "Trace")
    code = "import trace, sys; sys.exit(0 if hasattr(trace, 'Trace') else 1)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("folder", FOLDERS)
def test_source_roots_are_no_packages(folder: str) -> None:
    """A top-level folder has no `__init__.py` of its own."""
    assert (ROOT / folder).is_dir()
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("temthat_scanner.command", ("sqlalchemy", "fastapi", "openpyxl", "fontTools", "jinja2")),
        ("temthat_stamps.bundle.offline", ("sqlalchemy", "fastapi", "PIL", "httpx", "temthat_trace")),
        ("temthat_stamps.printing.render", ("sqlalchemy", "fastapi", "httpx")),
        ("temthat.main", ("temthat_scanner", "temthat_verify_api", "sqlalchemy")),
    ],
)
def test_importing_a_part_loads_nothing_of_the_others(module: str, forbidden: tuple[str, ...]) -> None:
    """A till installs the scanner without the server's dependencies, so importing it must not need them."""
    code = f"import {module}, sys; print([m for m in {forbidden!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_readme_names_the_two_commands_and_ci_calls_the_test_command() -> None:
    """The README's two commands exist in the Makefile, and CI runs the README's test command."""
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert f"\n{target}:" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_lock_file_pins_every_direct_dependency() -> None:
    """Each dependency of pyproject.toml stands in the lock file with a hash."""
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = list(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        wanted += [d for d in extra if not d.startswith("temthat")]
    wanted += project["dependency-groups"]["dev"]
    lock = (ROOT / "requirements.lock").read_text("utf-8").lower()
    for requirement in wanted:
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert match
        name = match[0].lower().replace("_", "-")
        assert re.search(rf"^{re.escape(name)}(\[[a-z,]+\])?==", lock, re.M), f"{name} is not locked"
    assert "--hash=sha256:" in lock
