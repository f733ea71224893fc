"""The tables of pages that are a copy of code, written between their marks: `make tables`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import Param

from salesmanago_sync.dags import audit, full_sync, incremental_sync, probe, setup, tasks, undo
from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.domain.reasons import ISSUES, SKIPS, Reason
from salesmanago_sync.domain.staged_frames import STAGED
from salesmanago_sync.settings import PREFIX, Settings

DOCS = Path(__file__).resolve().parents[1]
TABLE = re.compile(r"(<!-- (\w+): make tables -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> list[str]:
    """Return the table of the settings, with their environment variables."""
    schema = Settings.model_json_schema()["properties"]
    rows = [
        (f"`{PREFIX}{name.upper()}`", _spelled(field.get("default")), field["description"])
        for name, field in schema.items()
    ]
    return _table(("Variable", "Default", "Meaning"), rows)


def params(first: str, places: Mapping[str, Mapping[str, Param]]) -> list[str]:
    """Return the table of Params, by where they are."""
    rows = [
        (place, f"`{name}`", _values(param.schema), _spelled(param.value), param.description or "")
        for place, table in places.items()
        for name, param in table.items()
    ]
    return _table((first, "Param", "Values", "Default", "Meaning"), rows)


def reasons(of: Mapping[str, Reason]) -> list[str]:
    """Return the table of the reasons of issues or of skips."""
    rows = [(f"`{code}`", reason.meaning, reason.fix) for code, reason in of.items()]
    return _table(("Code", "Meaning", "What to do"), rows)


def frames(of: Iterable[Declared]) -> list[str]:
    """Return the table of the frames that tasks hand to each other."""
    rows = [(f"`{kind.name}`", kind.writer, kind.meaning, _columns(kind)) for kind in of]
    return _table(("Frame", "Made by", "A row is", "Columns"), rows)


def _columns(kind: Declared) -> str:
    named = ", ".join(f"`{name}`" for name in kind.names)
    return f"{named}; as text {kind.more}" if kind.more else named


def _values(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    [kind] = [kind for kind in kinds if kind != "null"]
    if kind == "array":
        items = schema["items"]
        return f"a list of {_values(items)}" if "enum" in items else "a list"
    if schema.get("format") == "date-time":
        return "a date and time with time zone"
    words = {"boolean": "`true`, `false`", "string": "text", "integer": "a number"}
    bounds = f" from {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else ""
    return words[kind] + bounds


def _spelled(default: Any) -> str:
    if default is None or default == "":
        return "none" if default is None else "empty"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    table = [f"| {' | '.join(line)} |" for line in lines]
    return [table[0], "|---" * len(head) + "|", *table[1:]]


SYNCS = {"both": tasks.PARAMS, "full": full_sync.BACK_FILL, "incremental": incremental_sync.NARROWER}
OTHERS = {
    "`salesmanago_audit`": audit.PARAMS,
    "`salesmanago_undo`": undo.PARAMS,
    "`salesmanago_setup`": setup.PARAMS,
    "`salesmanago_probe`": probe.PARAMS,
}


def tables_of() -> dict[str, dict[str, list[str]]]:
    """Return the tables of each page, by their marks."""
    return {
        "reference.md": {
            "settings": settings(),
            "params": params("Sync", SYNCS),
            "others": params("DAG", OTHERS),
            "issues": reasons(ISSUES),
            "skips": reasons(SKIPS),
        },
        "development.md": {"frames": frames(STAGED)},
    }


def written(name: str, text: str) -> str:
    """Return a page with its tables as the code has them."""
    tables = tables_of()[name]

    def filled(place: re.Match[str]) -> str:
        return "\n".join([place[1], *tables.pop(place[2]), "", place[3]])

    result = TABLE.sub(filled, text)
    if tables:
        raise ValueError(f"{name} has no mark for {', '.join(tables)}")
    return result


def main() -> int:
    """Write the pages."""
    for name in tables_of():
        page = DOCS / name
        page.write_text(written(name, page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
