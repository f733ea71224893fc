from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.twin.salesforce.metadata.conftest import MetadataApi, edited
from twin.salesforce import Org
from twin.salesforce.metadata import hostile

SECTION = b"<label>SALESmanago</label>"


@pytest.mark.parametrize("owner", ["Lead", "PersonAccount"])
@pytest.mark.parametrize("kind", hostile.KINDS)
def test_a_section_comes_and_goes_and_leaves_the_layout_as_it_was(
    installed: MetadataApi, layout: Callable[[str], bytes], org: Org, kind: str, owner: str
) -> None:
    name = hostile.plant(org, kind, owner)
    before = layout(name)
    changed = edited(before, "Account" if owner == "PersonAccount" else owner)
    for content in (changed, before):
        result = installed.deploy({"Layout": [name]}, {f"layouts/{name}.layout": content})
        assert result["success"] is True, result["details"]["componentFailures"]
        assert layout(name) == content
    assert kind == "cased" or SECTION in changed
    assert SECTION not in before


def test_an_element_of_a_later_release_is_known_to_that_org_alone(
    installed: MetadataApi, layout: Callable[[str], bytes], org: Org
) -> None:
    name = hostile.plant(org, "unknown", "Lead")
    before = layout(name)
    assert b"<futurePanel>" in before
    org.settings["known_elements"] = []
    [failure] = installed.failures({"Layout": [name]}, {f"layouts/{name}.layout": before})
    assert "futurePanel invalid at this location in type Layout" in failure[2]


def test_a_managed_layout_is_listed_without_its_second_prefix(installed: MetadataApi, org: Org) -> None:
    assert hostile.plant(org, "managed", "Lead") == "Lead-vendor__Vendor Layout"
    _, answer = installed.soap("<listMetadata><queries><type>Layout</type></queries></listMetadata>")
    listed = {one.findtext("{*}fullName"): one.findtext("{*}namespacePrefix") for one in answer}
    assert listed["Lead-Vendor Layout"] == "vendor"
    assert listed["Lead-Lead Layout"] is None
