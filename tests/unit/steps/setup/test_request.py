from __future__ import annotations

from typing import Any

import pytest

from salesmanago_sync.clients.salesforce_metadata import Component
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.steps.setup.layout_names import choose_layouts, profile_faults, profile_of
from salesmanago_sync.steps.setup.request import read_setup_request

LAYOUTS = [
    Component("Layout", "Lead-Lead Layout", ""),
    Component("Layout", "Lead-Sales %26 Partner", ""),
    Component("Layout", "Contact-Contact Layout", ""),
    Component("Layout", "Lead-Vendor Layout", "vendor"),
    Component("Layout", "Case-Case Layout", ""),
]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"objects": ["Account"]}, "Param objects.0"),
        ({"profiles": ["Admin"]}, "profiles need layouts"),
        ({"layouts": ["salesmanago"]}, "needs profiles"),
        ({"delete_fields": True}, "for undo only"),
        ({"delete_fields": True, "undo": True, "objects": ["Lead"]}, "undoes everything"),
        ({"check": True}, "Param check"),
    ],
)
def test_params_that_do_not_fit_together_are_refused(params: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read_setup_request(params)


def choose(*layouts: str, **more: Any) -> tuple[list[str], list[str], list[Fault]]:
    faults: list[Fault] = []
    request = read_setup_request({"layouts": list(layouts), **more})
    chosen, _, warnings = choose_layouts(request, ["Lead", "Contact"], LAYOUTS, faults)
    return chosen, [str(fault) for fault in faults], warnings


def test_all_layouts_of_the_objects_are_chosen_and_those_of_packages_told() -> None:
    chosen, faults, [warning] = choose()
    assert chosen == ["Contact-Contact Layout", "Lead-Lead Layout", "Lead-Sales %26 Partner"]
    assert faults == []
    assert "Lead-Vendor Layout: belongs to a managed package" in str(warning)


@pytest.mark.parametrize("name", ["Sales & Partner", "Lead-Sales & Partner", "Lead-Sales %26 Partner"])
def test_a_layout_is_named_as_people_read_it_or_as_salesforce_spells_it(name: str) -> None:
    assert choose(name)[0] == ["Lead-Sales %26 Partner"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Lead Layuot", "Did you mean 'Lead-Lead Layout'"),
        ("Vendor Layout", "belongs to a managed package"),
        ("Case Layout", "there is no layout"),
    ],
)
def test_a_layout_that_cannot_be_had_is_a_fault(name: str, told: str) -> None:
    chosen, [fault], _ = choose(name)
    assert chosen == []
    assert told in fault


def test_a_layout_of_our_own_leaves_the_others_alone() -> None:
    assert choose("SALESmanago", profiles=["Standard User"])[0] == []


def test_profiles_are_named_as_the_screens_name_them() -> None:
    assert profile_of("System Administrator") == ("Admin", "")
    assert profile_of("Sales: Lead.Partner") == ("Sales", "Lead.Partner")
    told = [str(fault) for fault in profile_faults(["Standard User", "Sales", "Admin:Partner"], ["Admin", "Standard"])]
    [slip] = profile_faults(["System Administratr"], ["Admin", "Standard"])
    assert slip.what == "there is no profile 'System Administratr'."
    assert slip.fix == "Did you mean 'System Administrator'? Valid: Standard User, System Administrator."
    assert [text.split(": ", 1)[1].split(".")[0] for text in told] == [
        "there is no profile 'Sales'",
        "'Partner' is no record type",
    ]
