from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.twin.salesforce.metadata.conftest import HEAD, NAMESPACE, MetadataApi, document
from twin.salesforce import Org
from twin.salesforce.metadata.components import Components

LEAD = "Lead-Lead Layout"
STARTING = [
    "Account-Account Layout",
    "Contact-Contact Layout",
    "Lead-Lead Layout",
    "PersonAccount-Person Account Layout",
]
Retrieve = Callable[[str], bytes]
END_OF_SECTIONS = "    <platformActionList>"


def section(items: str, label: str = "SALESmanago") -> str:
    return (
        "    <layoutSections>\n        <customLabel>true</customLabel>\n        <detailHeading>true</detailHeading>\n"
        f"        <editHeading>false</editHeading>\n        <label>{label}</label>\n        <layoutColumns>\n{items}"
        "        </layoutColumns>\n        <layoutColumns/>\n        <style>TwoColumnsTopToBottom</style>\n"
        "    </layoutSections>\n"
    )


def item(content: str) -> str:
    lines = "".join(f"                {line}\n" for line in content.split("|"))
    return f"            <layoutItems>\n{lines}            </layoutItems>\n"


def field(name: str) -> str:
    return item(f"<behavior>Readonly</behavior>|<field>{name}</field>")


def with_section(layout: bytes, items: str) -> str:
    return layout.decode().replace(END_OF_SECTIONS, section(items) + END_OF_SECTIONS, 1)


@pytest.mark.parametrize("name", STARTING)
def test_a_layout_comes_back_byte_for_byte(metadata: MetadataApi, layout: Retrieve, name: str) -> None:
    before = layout(name)
    assert metadata.deploy({"Layout": [name]}, {f"layouts/{name}.layout": before})["success"] is True
    assert layout(name) == before


def test_a_section_is_added_and_the_layout_replaced_as_a_whole(metadata: MetadataApi, layout: Retrieve) -> None:
    changed = with_section(layout(LEAD), field("EmailBouncedDate"))
    assert metadata.deploy({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": changed})["success"] is True
    assert layout(LEAD).decode() == changed
    small = document("Layout", section(item("<behavior>Required</behavior>|<field>Name</field>")))
    (failed,) = metadata.failures({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": small})
    assert failed[2] == "Layout must contain an item for required layout field: Status"


def test_the_service_writes_layouts_in_its_own_spelling(metadata: MetadataApi, layout: Retrieve) -> None:
    before = layout(LEAD).decode()
    typed = before.replace("    ", "\t").replace("<layoutColumns/>", "<layoutColumns></layoutColumns><!-- empty -->")
    assert typed != before
    assert metadata.deploy({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": typed})["success"] is True
    assert layout(LEAD).decode() == before


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        (field("SM_Gone__c"), "In field: field - no CustomField named Lead.SM_Gone__c found"),
        (field("Email"), "Field: field, value:Email appears more than once"),
        (item("<page>SM_Card</page>"), "In field: page - no ApexPage named SM_Card found"),
        (
            item("<behavior>Seen</behavior>|<field>Jigsaw</field>"),
            "'Seen' is not a valid value for the enum 'UiBehavior'",
        ),
        (
            item("<behavior>Edit</behavior>|<field>Jigsaw</field>|<colour>red</colour>"),
            f"Error parsing file: Element {{{NAMESPACE}}}colour invalid at this location in type LayoutItem",
        ),
        (
            item("<behavior>Edit</behavior>|<field>Jigsaw</field>|<page>SM_Card</page>"),
            "Layout item must not have both field and page",
        ),
    ],
)
def test_a_bad_item_is_refused_at_its_line(metadata: MetadataApi, layout: Retrieve, items: str, problem: str) -> None:
    before = layout(LEAD)
    changed = with_section(before, items)
    ((kind, name, text, line, column),) = metadata.failures({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": changed})
    assert (kind, name, text) == ("Layout", LEAD, problem)
    lines = changed.splitlines()
    assert line is not None
    assert column is not None
    assert lines[line - 1][column - 2] == ">"
    assert line > changed[: changed.index("<label>SALESmanago")].count("\n")
    assert layout(LEAD) == before


def test_sections_stand_together(metadata: MetadataApi, layout: Retrieve) -> None:
    changed = layout(LEAD).decode().replace("</Layout>", section(field("Jigsaw")) + "</Layout>")
    ((_, _, text, line, _),) = metadata.failures({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": changed})
    assert text == "Error parsing file: Element layoutSections is duplicated at this location in type Layout"
    assert line == changed[: changed.rindex("<layoutSections>")].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<Layout", "Error parsing file: "),
        (document("Layout", ""), "Layout must have at least 1 section"),
        (document("Profile", ""), "Error parsing file: Unexpected element"),
        (f"{HEAD}<Layout/>", "Error parsing file: Unexpected element"),
    ],
)
def test_what_is_no_layout_is_refused(metadata: MetadataApi, text: str, problem: str) -> None:
    ((_, _, told, _, _),) = metadata.failures({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": text})
    assert problem in told


def test_a_required_field_stays_required(metadata: MetadataApi, layout: Retrieve) -> None:
    changed = (
        layout(LEAD)
        .decode()
        .replace(
            "<behavior>Required</behavior>\n                <field>Status<", "<behavior>Edit</behavior><field>Status<"
        )
    )
    ((_, _, text, _, _),) = metadata.failures({"Layout": [LEAD]}, {f"layouts/{LEAD}.layout": changed})
    assert text == "Field:Status must be Required"


def test_a_name_with_special_characters_is_encoded(metadata: MetadataApi, layout: Retrieve, org: Org) -> None:
    name = "Lead-Sales %26 Service %28EU%29"
    made = metadata.deploy({"Layout": [name]}, {f"layouts/{name}.layout": layout(LEAD)})
    assert made["details"]["componentSuccesses"][1]["created"] is True
    assert layout(name) == layout(LEAD)
    stored = Components(org).find("Layout", "Lead-Sales & Service (EU)")
    assert stored is not None
    assert stored.name == name


def test_a_new_layout_is_assigned_by_a_profile_that_keeps_the_rest(metadata: MetadataApi, layout: Retrieve) -> None:
    name = "Lead-SALESmanago"
    assigned = document("Profile", f"<layoutAssignments><layout>{name}</layout></layoutAssignments>")
    files = {f"layouts/{name}.layout": layout(LEAD), "profiles/Admin.profile": assigned}
    assert metadata.deploy({"Layout": [name], "Profile": ["Admin"]}, files)["success"] is True
    wanted = {"Profile": ["Admin"], "Layout": [*STARTING, name], "CustomObject": ["Lead", "Contact", "Account"]}
    profile = metadata.retrieve(wanted)[0]["profiles/Admin.profile"].decode()
    assert profile.count("<layoutAssignments>") == len(STARTING)
    assert f"<layout>{name}</layout>" in profile
    assert LEAD not in profile
    assert "layoutAssignments" not in metadata.retrieve({"Profile": ["Admin"]})[0]["profiles/Admin.profile"].decode()


def test_a_profile_names_what_is_there(metadata: MetadataApi) -> None:
    body = "<layoutAssignments><layout>Lead-Gone</layout><recordType>Lead.Gone</recordType></layoutAssignments>"
    files = {"profiles/Admin.profile": document("Profile", body)}
    ((_, name, text, _, _),) = metadata.failures({"Profile": ["Admin"]}, files)
    assert (name, text) == ("Admin", "In field: layout - no Layout named Lead-Gone found")
