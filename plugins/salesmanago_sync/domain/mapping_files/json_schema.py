"""The JSON Schema of mapping files, so that editors complete and check them.

`python -m salesmanago_sync.domain.mapping_files.json_schema` writes it beside the shipped mappings.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from salesmanago_sync.domain import salesmanago_fields
from salesmanago_sync.domain.converters import CONVERTERS
from salesmanago_sync.domain.mapping_files.model import Mapping

DESTINATION = Path("include/mappings/mapping.schema.json")


def mapping_schema() -> dict[str, Any]:
    """Generate the JSON Schema, with the converters and SALESmanago fields that the models leave open."""
    schema = Mapping.model_json_schema()
    parts = schema["$defs"]
    for part in ("Line", "Detail"):
        parts[part]["properties"]["convert"]["enum"] = sorted(CONVERTERS)
    target = parts["Line"]["properties"]["salesmanago"]
    target["anyOf"] = [{"enum": sorted(salesmanago_fields.STANDARD)}, {"pattern": r"^properties\..+"}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Spell the JSON Schema as its file holds it."""
    return json.dumps(mapping_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Write the JSON Schema of mapping files.")
    parser.add_argument("destination", nargs="?", type=Path, default=DESTINATION, help="default: %(default)s")
    parser.parse_args(arguments).destination.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
