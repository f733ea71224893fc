"""What OpenLineage is told of the assets: a data set for each, named as its URI."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def as_data_set(asset: Any, lineage_context: Any) -> Any:
    """Make the data set of an asset; Airflow's provider of OpenLineage asks for it, where there is one.

    Args:
        asset: One with a URI.
        lineage_context: Which hook used it; the same for any.
    """
    # Made by the client of OpenLineage, which comes with that provider.
    from airflow.providers.common.compat.openlineage.facet import Dataset

    namespace, name = names(asset.uri)
    return Dataset(namespace=namespace, name=name)


def names(uri: str) -> tuple[str, str]:
    """Give the namespace and the name of the data set, as of `salesforce://salesforce_default/people`."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}", parts.path.removeprefix("/") or "/"
