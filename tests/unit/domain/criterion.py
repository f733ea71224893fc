"""A criterion made of what YAML gave, as a mapping file's is."""

from __future__ import annotations

from pydantic import TypeAdapter

from salesmanago_sync.domain.criteria.language import Criterion

parse_criterion = TypeAdapter(Criterion).validate_python
