"""Read with dlt: its way with Salesforce is simple-salesforce, normalised and written as Parquet."""

from __future__ import annotations

import os
import sys

from _measured import asked, measured, session

query, url, token, folder = asked(sys.argv)
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": str(folder / "dlt")}

import dlt  # noqa: E402 - it reads its settings when it is imported
from simple_salesforce.api import Salesforce  # noqa: E402


def read() -> int:
    """Read everything, and write it."""
    client = Salesforce(instance_url=url, session_id=token, session=session(), version="66.0")
    rows = (
        {key: value for key, value in row.items() if key != "attributes"}
        for row in client.query_all_iter(query.as_soql())
    )
    place = dlt.destinations.filesystem(bucket_url=(folder / "out").as_uri())
    pipeline = dlt.pipeline("peer", destination=place, dataset_name="peer", pipelines_dir=str(folder / "pipelines"))
    pipeline.run(dlt.resource(rows, name="people"), loader_file_format="parquet")
    return int(pipeline.last_trace.last_normalize_info.row_counts["people"])


measured(read)
