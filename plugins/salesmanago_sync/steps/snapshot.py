"""Snapshot: what a run decides with, staged once by the preflight, so that every later task decides with the same.

A mapping or a setting that is edited while a run works counts from the next run on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Dictionary
from functools import lru_cache

from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings, mapping_paths, mappings_of_texts
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.ports import Ports, Staging

MAPPINGS = "mappings"
SETTINGS = "settings"
BYTES = "latin-1"
# A task asks some times for the same few; with the states of all countries one takes a quarter of a second to read.
SCHEMAS = 8
# Where files and pages are, and secrets of a notifier: none of them decides anything about people.
OF_THE_MACHINE = {"docs", "mappings", "may_edit_mappings", "staging", "notifier", "notifier_arguments"}


def stage_snapshot(ports: Ports) -> tuple[Mapping, ...]:
    """Stage the mapping files and the settings as they are now.

    Returns:
        Every mapping, enabled or not.

    Raises:
        ConfigurationError: With every fault of every file.
    """
    folder = ports.settings.mappings
    load_mappings(folder)  # has the words for whatever cannot be read
    return stage_texts(ports, {str(path): path.read_bytes() for path in mapping_paths(folder)})


def stage_texts(ports: Ports, files: Dictionary[str, bytes]) -> tuple[Mapping, ...]:
    """Stage mappings and the settings as they are now.

    Args:
        ports: What the step talks to.
        files: What each mapping file holds, by path.

    Returns:
        Every mapping, enabled or not.

    Raises:
        ConfigurationError: With every fault of every file.
    """
    # JSON knows no bytes; Latin-1 carries each of them as one character, whatever the file's own encoding is.
    texts = {path: content.decode(BYTES) for path, content in files.items()}
    mappings = _mappings(tuple(texts.items()))
    ports.staging.write_json(MAPPINGS, texts)
    ports.staging.write_json(SETTINGS, ports.settings.model_dump(mode="json", exclude=OF_THE_MACHINE))
    return mappings


def mappings_of_run(ports: Ports) -> tuple[Mapping, ...]:
    """Read the mappings that this run decides with."""
    texts: dict[str, str] = ports.staging.read_json(MAPPINGS)
    return _mappings(tuple(texts.items()))


@lru_cache(maxsize=4)
def _mappings(texts: tuple[tuple[str, str], ...]) -> tuple[Mapping, ...]:
    return mappings_of_texts({path: text.encode(BYTES) for path, text in texts})


def staged_schema(ports: Ports, sobject: str) -> Schema:
    """Read what describe said of an object when the run began."""
    return _schema(ports.staging.read_written(f"describe.{sobject}"))


@lru_cache(maxsize=SCHEMAS)
def _schema(describe: bytes) -> Schema:
    return Schema.from_describe(json.loads(describe))


def settings_of_run(staging: Staging, now: Settings) -> Settings:
    """Read the settings that a run decides with.

    Args:
        staging: Frames of the run.
        now: The settings of this process, which count until the preflight has staged some.
    """
    if not staging.has(f"{SETTINGS}.json"):
        return now
    return now.model_copy(update=Settings(**staging.read_json(SETTINGS)).model_dump(exclude=OF_THE_MACHINE))
