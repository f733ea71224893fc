"""Bulk API 2.0."""

from __future__ import annotations

from twin.salesforce.call import Entry

ENTRIES: list[Entry] = []
