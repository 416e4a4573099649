"""`python -m bench [--small] [NAME...]`: print a table and write bench/results.jsonl, a line a figure."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

MODULES = (
    "signing",
    "custody",
    "offline",
    "till",
    "shelf",
    "bundle",
    "printing",
    "online",
    "store",
    "copystore",
    "night",
    "log",
    "audit",
    "lineage",
    "epcis_lineage",
    "epcisquery",
    "eventhash",
    "epcis",
    "records",
    "decoding",
    "app",
    "app_decoding",
    "copies",
)
RESULTS = Path(__file__).parent / "results.jsonl"


def main() -> int:
    """Run the named measurements, all by default. Exit code 1 if one could not run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--small", action="store_true", help="about a hundredth of the size, to see that it runs"
    )
    parser.add_argument("names", nargs="*", choices=[[], *MODULES], help="which; all by default")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the lines go")
    arguments = parser.parse_args()
    console, failed = Console(), False
    table = Table("figure", "value", "unit", "baseline", "ratio", title="bench")
    with arguments.out.open("w", encoding="utf-8") as out:
        for name in arguments.names or MODULES:
            try:
                figures = importlib.import_module(f"bench.{name}").figures(small=arguments.small)
            except Exception as error:  # noqa: BLE001 - one broken measurement must not hide the others
                console.print(f"[red]{name}: {type(error).__name__}: {error}[/red]")
                failed = True
                continue
            for figure in figures:
                ratio = f"{figure['ratio']:.2f}" if figure.get("ratio") is not None else ""
                baseline = str(figure.get("baseline") or "")
                table.add_row(figure["name"], f"{figure['value']:,.1f}", figure["unit"], baseline, ratio)
                out.write(json.dumps(figure, ensure_ascii=False) + "\n")
                out.flush()
    console.print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
