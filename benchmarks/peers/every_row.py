"""Read with simple-salesforce alone: every row is looked at and let go."""

from __future__ import annotations

import sys

from _measured import asked, measured, session
from simple_salesforce.api import Salesforce

query, url, token, _ = asked(sys.argv)


def read() -> int:
    """Read everything."""
    client = Salesforce(instance_url=url, session_id=token, session=session(), version="66.0")
    return sum(1 for _ in client.query_all_iter(query.as_soql()))


measured(read)
