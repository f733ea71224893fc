"""Read with tap-salesforce over REST; what it says is taken by the least of targets, which writes Parquet."""

from __future__ import annotations

import io
import json
import logging
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from _measured import asked, measured, session
from tap_salesforce.salesforce import Salesforce
from tap_salesforce.sync import sync_records

query, url, token, folder = asked(sys.argv)
logging.disable(logging.CRITICAL)


ANY = ["null", "string", "boolean", "number"]


class Counter:
    """Counts records."""

    value = 0

    def increment(self) -> None:
        """Count one."""
        self.value += 1


def read() -> int:
    """Read everything, and write it."""
    client = Salesforce(default_start_date="2000-01-01T00:00:00Z", api_type="REST", quota_percent_total=100)
    client.session, client.access_token, client.instance_url = session(), token, url
    chosen = {"inclusion": "available", "selected": True}
    entry = {
        "stream": query.sobject,
        "tap_stream_id": query.sobject,
        "schema": {"type": "object", "properties": {name: {"type": ANY} for name in query.fields}},
        "metadata": [{"breadcrumb": ["properties", name], "metadata": chosen} for name in query.fields],
    }
    said, counter, out = io.StringIO(), Counter(), sys.stdout
    sys.stdout = said
    try:
        sync_records(client, entry, {}, counter)
    finally:
        sys.stdout = out
    messages = map(json.loads, said.getvalue().splitlines())
    rows = [
        # A target that knows no schema has one type for everything.
        {name: None if value is None else str(value) for name, value in message["record"].items()}
        for message in messages
        if message["type"] == "RECORD"
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "people.parquet")
    return counter.value


measured(read)
