"""`airflow salesmanago init`: what a person keeps, laid out in a folder."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from airflow.configuration import conf

from salesmanago_sync import shipped
from salesmanago_sync.cli.console import Exit, command, say, show
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks.mapping_folder import FOLDER
from salesmanago_sync.pair import FIRST, FIRST_NAME
from salesmanago_sync.pair_files import FOLDER as PAIRS
from salesmanago_sync.pair_files import check_name, pairs_folder
from salesmanago_sync.settings import load_settings

IGNORED = ".airflowignore"
LINES = ("# SALESmanago sync: mapping files, no DAGs", f"/{FOLDER}/")
PAIR_LINES = ("# SALESmanago sync: files of pairs of accounts, no DAGs", f"/{PAIRS}/")
DAG_FILE = '''"""Airflow DAGs of SALESmanago: those of the pair {name}."""

from salesmanago_sync.dags.pair import salesmanago_pair

dags = salesmanago_pair("{name}", __file__)
'''
PAIR_FILE = """\
# A pair of accounts. Ids of its own connections:
salesforce: salesforce_{name}
salesmanago: salesmanago_{name}
# Its own database; without this connection a SQLite file in the Airflow home, good for one machine only.
ledger: sync_ledger_{name}
# What is SALESMANAGO_SYNC_ASK in the environment is ask here. What is not said here, the environment says.
settings:
  mappings: {name} # a folder, seen from this file
  schedule: "*/15 * * * *"
  ask: first
"""
NEW, SAME, KEPT, MERGED = "new", "there already", "kept: it differs from the shipped one", "lines added"


@command
def init(args: Namespace) -> Exit:
    """Lay out a folder, and say what comes next."""
    folder = Path(args.directory).resolve()
    laid, then = _lay_out(folder), _next_steps(folder)
    if args.pair != FIRST_NAME:
        check_name(args.pair, folder / PAIRS)
        laid, then = _lay_out_pair(folder, args.pair), _next_steps_of_pair(folder, args.pair)
    try:
        rows = [{"file": str(file.relative_to(folder)), "result": result} for file, result in laid]
    except OSError as error:
        fault = Fault(str(error.filename), f"cannot be written: {error.strerror}.", "Name another folder.")
        raise ConfigurationError([fault]) from None
    show(rows, args.output)
    for number, step in enumerate(then, 1):
        say(f"{number}. {step}")
    return Exit.WELL


def _lay_out(folder: Path) -> Iterator[tuple[Path, str]]:
    """Write each file that is not there, and say of each what became of it."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for source in sorted(shipped.DAG_FILES.glob("*.py")):
        yield _copied(source, folder / source.name)
    yield from _mappings(folder / FOLDER)
    yield _ignoring(folder / IGNORED, LINES)


def _lay_out_pair(folder: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Write what a further pair of accounts needs: a DAG file, its own file, and mapping files."""
    mappings = folder / PAIRS / name
    mappings.mkdir(parents=True, exist_ok=True)
    yield _written(DAG_FILE.format(name=name).encode(), folder / f"salesmanago_{name}.py")
    yield _written(PAIR_FILE.format(name=name).encode(), folder / PAIRS / f"{name}.yaml")
    yield from _mappings(mappings)
    yield _ignoring(folder / IGNORED, PAIR_LINES)


def _mappings(folder: Path) -> Iterator[tuple[Path, str]]:
    for source in sorted((*shipped.MAPPINGS.glob("*.yaml"), *shipped.MAPPINGS.glob("*.json"))):
        yield _copied(source, folder / source.name)


def _copied(source: Path, target: Path) -> tuple[Path, str]:
    return _written(source.read_bytes(), target)


def _written(content: bytes, target: Path) -> tuple[Path, str]:
    if target.exists():
        return target, SAME if target.read_bytes() == content else KEPT
    target.write_bytes(content)
    return target, NEW


def _ignoring(file: Path, lines: tuple[str, str]) -> tuple[Path, str]:
    """Tell Airflow to look for no DAGs among the mapping files; what a person wrote stays, byte for byte."""
    there = file.read_bytes() if file.exists() else None
    present = {line.strip() for line in (there or b"").splitlines()}
    missing = [line for line in lines if line.encode() not in present]
    if there is not None and lines[-1] not in missing:
        return file, SAME
    gap = b"\n" if there and not there.endswith(b"\n") else b""
    file.write_bytes((there or b"") + gap + "".join(f"{line}\n" for line in missing).encode())
    return file, NEW if there is None else MERGED


def _place(folder: Path) -> Iterator[str]:
    home = Path(conf.get_mandatory_value("core", "dags_folder")).resolve()
    if not folder.is_relative_to(home):
        yield f"Airflow reads DAG files below {home}: bring the folder there, or name it as a DAG bundle."


def _next_steps_of_pair(folder: Path, name: str) -> Iterator[str]:
    yield from _place(folder)
    read = pairs_folder(folder)
    if read.resolve() != folder / PAIRS:
        yield f"Files of pairs are read from {read}: wherever Airflow runs, set SALESMANAGO_SYNC_PAIRS={folder / PAIRS}"
    yield f"Make the connections salesforce_{name} and salesmanago_{name}, and a ledger: sync_ledger_{name}"
    yield f"Look at {folder / PAIRS / name}.yaml, and at the mapping files beside it."
    yield f"Check everything: airflow salesmanago doctor --pair {name}"
    yield f"When Airflow has read the DAG file: airflow dags unpause salesmanago_{name}_full_sync"
    yield f"See what it would write: airflow salesmanago plan --full --pair {name}"


def _next_steps(folder: Path) -> Iterator[str]:
    yield from _place(folder)
    settings = load_settings(FIRST)
    other = settings.mappings.resolve() != folder / FOLDER
    if other and ("mappings" in settings.model_fields_set or settings.mappings.is_dir()):
        yield (
            f"Mapping files are read from {settings.mappings}: wherever Airflow runs, set "
            f"SALESMANAGO_SYNC_MAPPINGS={folder / FOLDER}"
        )
    yield f"Make the connections salesforce_default and salesmanago_default; examples: {shipped.EXAMPLE}"
    yield f"Look at the files in {folder / FOLDER}: who takes part, which fields, the country of telephone numbers."
    yield "Check everything: airflow salesmanago doctor"
    yield "When Airflow has read the DAG files, switch the full sync on: airflow dags unpause salesmanago_full_sync"
    yield "See what it would write: airflow salesmanago plan --full"
