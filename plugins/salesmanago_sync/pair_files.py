"""The files of pairs: one for each pair of accounts but the first, `include/pairs/NAME.yaml`.

DAG files read them, so nothing heavy is imported here; what `settings` in them holds, `settings.load_settings` checks.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from salesmanago_sync import shipped
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.pair import FIRST, FIRST_NAME, NAME, TAKEN, Pair, own

VARIABLE = "SALESMANAGO_SYNC_PAIRS"
FOLDER = "pairs"
NEEDED = ("salesforce", "salesmanago")
KEYS = (*NEEDED, "ledger", "settings")
FIX = "docs/pairs.md shows a whole file; airflow salesmanago init DIR --pair NAME writes one."


def pairs_folder(beside: Path | None = None) -> Path:
    """Say where the files are: where a variable says, in `include`, else beside the DAG files.

    Args:
        beside: The folder of the DAG files.
    """
    return named_folder() or (_usual_folder() if beside is None else beside / FOLDER)


def named_folder() -> Path | None:
    """Say where the files are if that does not depend on where the DAG files are."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    usual = _usual_folder()
    return usual if usual.is_dir() else None


def _usual_folder() -> Path:
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    return home / "include" / FOLDER if shipped.IN_A_WHEEL else shipped.MAPPINGS.parent / FOLDER


def pair_names(folder: Path) -> list[str]:
    """Name the pairs of a folder, whether their files can be read or not."""
    return sorted(file.stem for file in folder.glob("*.yaml")) if folder.is_dir() else []


def find_pair(name: str, beside: Path | None = None) -> Pair:
    """Read a pair.

    Args:
        name: Its name.
        beside: The folder of the DAG files.

    Raises:
        ConfigurationError: There is no such pair, or its file has faults: all of them are named.
    """
    if name == FIRST_NAME:
        return FIRST
    folder = pairs_folder(beside)
    file = check_name(name, folder)
    if not file.is_file():
        there = ", ".join([FIRST_NAME, *pair_names(folder)])
        raise ConfigurationError([Fault(f"pair {name}", f"has no file {file}.", f"There are: {there}. {FIX}")])
    found = _pair(name, file, _read(file))
    if faults := list(_shared(found, folder)):
        raise ConfigurationError(faults)
    return found


def _shared(pair: Pair, folder: Path) -> Iterator[Fault]:
    """Find connections that another pair has, too: the two would write over each other."""
    others = [FIRST]
    for name in pair_names(folder):
        # What is wrong in the file of another pair is told there.
        with suppress(ConfigurationError):
            others += (
                [] if name == pair.name else [_pair(name, folder / f"{name}.yaml", _read(folder / f"{name}.yaml"))]
            )
    for key in KEYS[:3]:
        mine = getattr(pair, key)
        theirs = [other.name for other in others if mine in (other.salesforce, other.salesmanago, other.ledger)]
        if theirs:
            what = f"{mine} is a connection of the pair {theirs[0]}, too: they would write over each other."
            yield Fault(f"{pair.file} {key}", what, "Give each pair connections of its own.")


def pair_beside(name: str, dag_file: str) -> Pair:
    """Read a pair for its DAG file; see `find_pair`."""
    return find_pair(name, Path(dag_file).parent)


def check_name(name: str, folder: Path) -> Path:
    """Give the file of a pair.

    Raises:
        ConfigurationError: A pair cannot have this name.
    """
    file = folder / f"{name}.yaml"
    if faults := list(_name_faults(name, file)):
        raise ConfigurationError(faults)
    return file


def _name_faults(name: str, file: Path) -> Iterator[Fault]:
    if not NAME.fullmatch(name):
        yield Fault(str(file), "is no name of a pair.", "Write a small letter, then up to 30 of a-z, 0-9 and _.")
    elif TAKEN & set(name.split("_")):
        words = ", ".join(sorted(TAKEN & set(name.split("_"))))
        yield Fault(str(file), f"has a word in its name that DAGs of every pair have: {words}.", "Choose another one.")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([Fault(str(file), f"cannot be read: {error.strerror}.")]) from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark is not None else str(file)
        # Not its text: it repeats the line, and somebody may have put a password there.
        raise ConfigurationError([Fault(where, "is no YAML.", FIX)]) from None
    if not isinstance(found, dict):
        raise ConfigurationError([Fault(str(file), "holds no keys.", FIX)])
    return found


def _pair(name: str, file: Path, found: Mapping[str, Any]) -> Pair:
    faults = [
        *(_unknown(file, key) for key in found if key not in KEYS),
        *(_missing(file, key) for key in NEEDED if key not in found),
        *(_no_id(file, key) for key in KEYS[:3] if key in found and not _is_id(found[key])),
    ]
    settings = found.get("settings", {})
    if not isinstance(settings, dict):
        faults.append(Fault(f"{file} settings", "holds no keys.", "Write a line for each setting, or leave it out."))
    if faults:
        raise ConfigurationError(faults)
    ledger = found.get("ledger", f"{FIRST.ledger}_{name}")
    return Pair(name, found["salesforce"], found["salesmanago"], ledger, settings, file)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _unknown(file: Path, key: object) -> Fault:
    near = difflib.get_close_matches(str(key), KEYS, n=1)
    guess = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(KEYS)}."
    return Fault(f"{file} {str(key)!r}", "is no key of a pair.", guess)


def _missing(file: Path, key: str) -> Fault:
    return Fault(f"{file} {key}", "is missing.", f"Write {key}: and the id of the connection.")


def _no_id(file: Path, key: str) -> Fault:
    return Fault(f"{file} {key}", "is no id of a connection.", f"Write it as text, such as {own('sandbox', key)}.")
