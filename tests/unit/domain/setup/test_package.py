from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from salesmanago_sync.domain.setup.card import SHOWN, card_fields
from salesmanago_sync.domain.setup.comparison import difference, states
from salesmanago_sync.domain.setup.package import NOTHING, Package, card_package

ENDPOINT = "https://app2.salesmanago.com"
NS = "{http://soap.sforce.com/2006/04/metadata}"
THREE = ("Lead", "Contact", "Account")


def package() -> Package:
    return card_package(THREE, ENDPOINT)


def test_every_file_is_well_formed_and_filled_in() -> None:
    for path, content in package().files.items():
        assert b"$" not in content, path
        if not path.endswith((".cls", ".page")):
            ET.fromstring(content)


def test_the_manifest_names_what_the_zip_holds() -> None:
    with ZipFile(BytesIO(package().to_zip("66.0"))) as archive:
        root = ET.fromstring(archive.read("package.xml"))
        held = set(archive.namelist())
    named = {
        (kind.findtext(f"{NS}name"), member.text)
        for kind in root.iter(f"{NS}types")
        for member in kind.iter(f"{NS}members")
    }
    assert root.findtext(f"{NS}version") == "66.0"
    assert {name for kind, name in named if kind == "ApexPage"} == {
        "SALESmanagoLead",
        "SALESmanagoContact",
        "SALESmanagoAccount",
    }
    assert ("CustomField", "Account.SALESmanago_Contact_Id__c") in named
    assert held >= {"classes/SALESmanagoCard.cls", "pages/SALESmanagoAccount.page-meta.xml", "objects/Lead.object"}


def test_the_same_package_is_the_same_bytes() -> None:
    assert package().to_zip("66.0") == package().to_zip("66.0")


def test_the_fields_are_as_documented() -> None:
    fields = {field.name: (field.type, field.external_id, field.formula) for field in card_fields()}
    assert fields == {
        "SALESmanago_Contact_Id__c": ("Text", True, False),
        "SALESmanago_Last_Sync__c": ("DateTime", False, False),
        "SALESmanago_Link__c": ("Text", False, True),
        "SALESmanago_Opted_Out__c": ("Checkbox", False, False),
        "SALESmanago_Score__c": ("Number", False, False),
        "SALESmanago_State__c": ("Text", False, False),
        "SALESmanago_Tags__c": ("LongTextArea", False, False),
    }


def test_the_section_shows_every_field() -> None:
    assert sorted(SHOWN) == sorted(field.name for field in card_fields())


def test_the_integration_user_may_edit_what_is_no_formula_and_others_read() -> None:
    files = package().files

    def editable(name: str) -> set[str]:
        root = ET.fromstring(files[f"permissionsets/{name}.permissionset"])
        parts = root.iter(f"{NS}fieldPermissions")
        return {str(part.findtext(f"{NS}field")) for part in parts if part.findtext(f"{NS}editable") == "true"}

    written = {f"{name}.{field.name}" for name in THREE for field in card_fields() if not field.formula}
    assert editable("SALESmanago_Sync") == written
    assert editable("SALESmanago_Card") == set()


def test_no_file_holds_a_value_of_the_setting() -> None:
    text = b"".join(package().files.values())
    assert b"Microsite_Key__c" in text
    assert ENDPOINT.encode() in package().files["cspTrustedSites/SALESmanago.cspTrustedSite"]


def test_an_org_that_holds_all_of_it_and_more_is_unchanged() -> None:
    ours = package()
    theirs = {
        path: content.replace(b"</label>", b"</label>\n<trackHistory>false</trackHistory>")
        for path, content in ours.files.items()
    }
    assert set(states(ours, theirs).values()) == {"unchanged"}


def test_differences_are_told_by_component() -> None:
    ours = package()
    theirs = dict(ours.files)
    theirs["objects/Lead.object"] = theirs["objects/Lead.object"].replace(b"<length>36<", b"<length>40<")
    del theirs["pages/SALESmanagoLead.page"]
    theirs["classes/SALESmanagoCard.cls"] += b"// edited"
    found = states(ours, theirs)
    assert {name: state for name, state in found.items() if state != "unchanged"} == {
        ("CustomField", "Lead.SALESmanago_Contact_Id__c"): "changed",
        ("ApexPage", "SALESmanagoLead"): "new",
        ("ApexClass", "SALESmanagoCard"): "changed",
    }


def test_an_empty_org_is_all_new() -> None:
    assert set(states(package(), {}).values()) == {"new"}


def test_packages_join() -> None:
    layout = Package({"Layout": ("Lead-A",)}, {"layouts/Lead-A.layout": b"x"}, {"Layout": ("Lead-B",)})
    both = NOTHING.joined(layout)
    assert NOTHING.is_empty
    assert not both.is_empty
    with ZipFile(BytesIO(both.to_zip("66.0"))) as archive:
        assert b"Lead-B" in archive.read("destructiveChangesPost.xml")


def test_only_a_package_with_classes_runs_tests() -> None:
    assert package().tests == ("SALESmanagoCardTest",)
    assert NOTHING.tests == ()


def test_a_difference_reads_as_a_diff() -> None:
    assert difference(b"a\nb\n", b"a\nc\n", "L").splitlines() == [
        "--- L (now)",
        "+++ L (then)",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
