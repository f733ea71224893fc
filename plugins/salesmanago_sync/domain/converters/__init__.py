"""Converters: named pairs of functions that read and write the values of a mapping line."""

from __future__ import annotations

from salesmanago_sync.domain.converters.base import Bound, Converter, LineOptions
from salesmanago_sync.domain.converters.boolean import BOOLEAN
from salesmanago_sync.domain.converters.consent import CONSENT
from salesmanago_sync.domain.converters.constant import CONSTANT
from salesmanago_sync.domain.converters.country import COUNTRY
from salesmanago_sync.domain.converters.date import DATE
from salesmanago_sync.domain.converters.email import EMAIL, normalise_email
from salesmanago_sync.domain.converters.full_name import FULL_NAME
from salesmanago_sync.domain.converters.number import NUMBER
from salesmanago_sync.domain.converters.phone import PHONE
from salesmanago_sync.domain.converters.picklist import PICKLIST
from salesmanago_sync.domain.converters.state import STATE
from salesmanago_sync.domain.converters.tags import TAGS
from salesmanago_sync.domain.converters.text import TEXT

__all__ = ["CONVERTERS", "Bound", "Converter", "LineOptions", "converter", "normalise_email"]

CONVERTERS: dict[str, Converter] = {
    each.name: each
    for each in (
        TEXT,
        EMAIL,
        PHONE,
        FULL_NAME,
        DATE,
        BOOLEAN,
        NUMBER,
        COUNTRY,
        STATE,
        PICKLIST,
        TAGS,
        CONSENT,
        CONSTANT,
    )
}


def converter(line: LineOptions) -> Bound:
    """Bind the converter that a mapping line names to the line's options."""
    return CONVERTERS[line.convert].bind(line)
