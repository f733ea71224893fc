"""The assets of a pair: the people of each side, and what an audit found unexplained."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk import Asset

from salesmanago_sync.pair import Pair

PEOPLE = ("salesforce_people", "salesmanago_people")
# By task. Not the consent lane: where two DAGs have assets of one name, Airflow fails the tasks of one of them, and an
# opt-out must not wait for that.
READ = {
    "extract_salesforce": PEOPLE[:1],
    "extract_salesmanago": PEOPLE[1:],
    "extract_contacts": PEOPLE[1:],
    "gather_counterparts": PEOPLE,
    "follow_up": PEOPLE,
}
# The event is sent once a run, when all is written.
WRITTEN = {"follow_up": PEOPLE, "alarm": ("salesmanago_unexplained",)}


def make_asset(pair: Pair, name: str) -> Asset:
    """Make an asset of a pair; two pairs have no connection in common, and so no asset.

    Args:
        pair: Whose asset.
        name: What the first pair calls it.
    """
    service, _, path = name.partition("_")
    connection = {"salesforce": pair.salesforce, "salesmanago": pair.salesmanago}[service]
    own = name if pair.is_first else f"{name}_{pair.name}"
    return Asset(name=own, uri=f"{service}://{quote(connection, safe='')}/{path}")
