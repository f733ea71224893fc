"""OpenLineage is told of the assets by the names that their URIs give them."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from salesmanago_sync.hooks import lineage


@pytest.mark.parametrize("scheme", ["salesforce", "salesmanago"])
def test_airflow_knows_the_schemes_and_the_converter(scheme: str) -> None:
    known = ProvidersManagerTaskRuntime()
    assert scheme in known.asset_uri_handlers
    assert known.asset_to_openlineage_converters[scheme] is lineage.as_data_set


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("salesforce://salesforce_default/people", ("salesforce://salesforce_default", "people")),
        ("salesmanago://a%2Fb/unexplained", ("salesmanago://a%2Fb", "unexplained")),
        ("salesforce://other/of/somebody", ("salesforce://other", "of/somebody")),
        ("salesforce://other", ("salesforce://other", "/")),
    ],
)
def test_a_data_set_has_a_namespace_and_a_name(uri: str, named: tuple[str, str]) -> None:
    asset: Any = Asset(name="x", uri=uri)
    assert lineage.names(asset.uri) == named
