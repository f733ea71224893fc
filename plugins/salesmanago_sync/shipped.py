"""What comes beside the code, and where it is: DAG files, mappings with their JSON Schema, an example of settings.

In the wheel they are inside the package, in the source tree where a person looks for them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "shipped"
_TREE = Path(__file__).parents[2]
IN_A_WHEEL = _PACKAGED.is_dir()

DAG_FILES = _PACKAGED / "dags" if IN_A_WHEEL else _TREE / "dags"
MAPPINGS = _PACKAGED / "mappings" if IN_A_WHEEL else _TREE / "include" / "mappings"
EXAMPLE = _PACKAGED / "example.env" if IN_A_WHEEL else _TREE / "include" / "example.env"
