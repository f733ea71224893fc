"""Whether a mapping fits the org: fields, access, types, required fields, criteria, Person Accounts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from salesmanago_sync.domain.converters import CONVERTERS
from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings
from salesmanago_sync.domain.org.field_types import WRITES
from salesmanago_sync.domain.org.schema import (
    Schema,
    check,
    criteria_types,
    fit,
    parents_of,
    read_fields,
    takes_part,
    warnings,
)

TYPES = {
    "Id": "id",
    "IsDeleted": "boolean",
    "SystemModstamp": "datetime",
    "LastModifiedDate": "datetime",
    "FirstName": "string",
    "LastName": "string",
    "Company": "string",
    "Email": "email",
    "Phone": "phone",
    "Title": "string",
    "Description": "textarea",
    "HasOptedOutOfEmail": "boolean",
    "Employees__c": "double",
    "Interests__c": "multipicklist",
    "Rating": "picklist",
    "Address": "address",
    "Born__c": "date",
}
READ_ONLY = ("Id", "IsDeleted", "SystemModstamp", "LastModifiedDate")


def field(name, type_, **more):
    writable = name not in READ_ONLY
    described = {"name": name, "type": type_, "label": name, "length": 80, "nillable": True, "filterable": True}
    return described | {"createable": writable, "updateable": writable} | more


def described(name="Lead", *extra, without=(), **object_keys):
    fields = [field(key, type_) for key, type_ in TYPES.items()]
    fields = [each for each in fields if each["name"] not in (*without, *(more["name"] for more in extra))]
    answer = {"name": name, "createable": True, "updateable": True, "fields": [*fields, *extra], "recordTypeInfos": []}
    return answer | object_keys


def schema(*extra, name="Lead", without=(), **object_keys):
    return Schema.from_describe(described(name, *extra, without=without, **object_keys))


def mapping(*lines, **keys):
    fields = [{"salesforce": "Email", "salesmanago": "email"}, *lines]
    return Mapping.model_validate({"object": "Lead", "fields": fields, **keys})


def faults(given, org):
    return [str(fault) for fault in check(given, org)]


def test_a_fitting_mapping_has_no_faults():
    given = mapping(
        {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"},
        {"salesforce": "Phone", "salesmanago": "phone", "convert": "phone"},
        {"salesforce": "HasOptedOutOfEmail", "salesmanago": "optedOut", "convert": "consent"},
        {"salesforce": "Employees__c", "salesmanago": "properties.employees", "direction": "to_salesmanago"},
        create={"in_salesforce": True},
    )
    assert faults(given, schema()) == []
    assert warnings(given, schema()) == []


def test_every_converter_says_what_it_writes():
    assert set(WRITES) == set(CONVERTERS) - {"constant"}


FAX = {"salesmanago": "fax"}


@pytest.mark.parametrize(
    ("line", "extra", "message"),
    [
        (
            {"salesforce": "Pone"},
            [],
            "Lead has no field 'Pone' that the integration user may see. Did you mean 'Phone'",
        ),
        ({"salesforce": "Acount.Name", "direction": "to_salesmanago"}, [], "Lead has no field 'Acount.Name'"),
        ({"salesforce": "Employees__c"}, [], "converter 'text' does not fit Employees__c, which is of type double."),
        ({"salesforce": "Employees__c"}, [], "Use number. Or text, with direction: to_salesmanago."),
        ({"salesforce": "Title", "convert": "number"}, [], "does not fit Title, which is of type string. Use"),
        ({"salesforce": "Address", "direction": "to_salesmanago"}, [], "type address. Map its parts"),
        (
            {"salesforce": "Score__c"},
            [field("Score__c", "string", calculated=True, createable=False, updateable=False)],
            "Score__c is a formula and cannot be written. Set direction: to_salesmanago.",
        ),
        (
            {"salesforce": "Title"},
            [field("Title", "string", updateable=False)],
            "Title cannot be changed by the integration user.",
        ),
        (
            {"salesforce": "Title", "direction": "to_salesforce"},
            [field("Title", "string", createable=False)],
            "Title cannot be set on create by the integration user.",
        ),
    ],
)
def test_a_line_that_does_not_fit_is_a_fault(line, extra, message):
    [fault] = faults(mapping({**FAX, **line}, create={"in_salesforce": True}), schema(*extra))
    assert fault.startswith("Lead fields[1].")
    assert message in fault


def test_what_nobody_creates_need_not_be_createable():
    given = mapping({"salesforce": "Title", **FAX})
    assert faults(given, schema(field("Title", "string", createable=False))) == []


def test_a_read_only_field_may_travel_to_salesmanago():
    given = mapping({"salesforce": "Title", **FAX, "direction": "to_salesmanago"})
    assert faults(given, schema(field("Title", "string", createable=False, updateable=False))) == []


def test_faults_name_the_line_of_the_file(tmp_path):
    lines = "  - {salesforce: Email, salesmanago: email}\n  - {salesforce: Pone, salesmanago: phone}\n"
    (tmp_path / "lead.yaml").write_text(f"object: Lead\nfields:\n{lines}", encoding="utf-8")
    [fault] = faults(load_mappings(tmp_path)[0], schema())
    assert fault.startswith("lead.yaml:4 fields[1].salesforce: Lead has no field 'Pone'")


REQUIRED = field("Region__c", "string", nillable=False, defaultedOnCreate=False)


def test_a_required_field_that_no_line_fills_is_a_fault_where_records_are_created():
    [fault] = faults(mapping(create={"in_salesforce": True}), schema(REQUIRED))
    assert "a new Lead needs Region__c (Region__c), which no line fills." in fault
    assert faults(mapping(), schema(REQUIRED)) == []


@pytest.mark.parametrize(
    "change", [{"nillable": True}, {"defaultedOnCreate": True}, {"createable": False}, {"name": "LastName"}]
)
def test_a_field_that_salesforce_or_the_sync_fills_is_not_missed(change):
    assert faults(mapping(create={"in_salesforce": True}), schema(REQUIRED | change)) == []


def test_a_required_field_is_covered_by_a_line_that_writes_it():
    line = {"salesforce": "Region__c", **FAX}
    constant = {**line, "convert": "constant", "value": "EU", "direction": "to_salesforce"}
    assert faults(mapping(line, create={"in_salesforce": True}), schema(REQUIRED)) == []
    assert faults(mapping(constant, create={"in_salesforce": True}), schema(REQUIRED)) == []
    one_way = {**line, "direction": "to_salesmanago"}
    assert len(faults(mapping(one_way, create={"in_salesforce": True}), schema(REQUIRED))) == 1


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        ({"field": "Pone", "op": "eq", "value": "1"}, "salesforce.field: Lead has no field 'Pone' to select by."),
        ({"field": "Interests__c", "op": "eq", "value": "A"}, "eq does not fit a field of type multipicklist"),
        (
            {"field": "Description", "op": "eq", "value": "A"},
            "salesforce.field: Salesforce cannot select by Description.",
        ),
        ({"not": {"field": "Pone", "op": "eq", "value": "1"}}, "salesforce.not.field: Lead has no field 'Pone'"),
    ],
)
def test_a_criterion_that_does_not_fit_is_a_fault(criterion, message):
    org = schema(field("Description", "textarea", filterable=False))
    [fault] = faults(mapping(criteria={"salesforce": criterion}), org)
    assert message in fault


def test_a_user_who_may_not_write_the_object_is_a_fault():
    given = mapping(create={"in_salesforce": True})
    found = faults(given, schema(createable=False, updateable=False))
    assert [fault.split(": ")[1] for fault in found] == [
        "the integration user may not create Lead records. Give it the permission, or set in_salesforce",
        "the integration user may not change Lead records. Give it the permission, or set direction",
    ]


@pytest.mark.parametrize("name", ["HasOptedOutOfEmail", "DoNotCall"])
def test_a_hidden_opt_out_is_a_warning_that_names_the_field(name):
    key = {"HasOptedOutOfEmail": "optedOut", "DoNotCall": "optedOutPhone"}[name]
    given = mapping({"salesforce": name, "salesmanago": key, "convert": "consent"})
    org = schema(without=(name, "HasOptedOutOfEmail"))
    assert faults(given, org) == []
    [warning] = warnings(given, org)
    assert f"field-level security hides Lead.{name}: these opt-outs are not synchronised, and nobody is created" in str(
        warning
    )


def test_a_mapping_that_carries_no_opt_outs_is_warned_about():
    [warning] = warnings(mapping(), schema())
    assert str(warning).startswith("Lead fields: no line carries opt-outs by e-mail")
    assert "{salesforce: HasOptedOutOfEmail, salesmanago: optedOut, convert: consent}" in warning.fix
    assert warnings(mapping(), schema(without=("HasOptedOutOfEmail",))) == []


def test_a_misspelt_consent_is_a_fault_and_no_warning():
    given = mapping({"salesforce": "HasOptedOut", "salesmanago": "optedOut", "convert": "consent"})
    assert len(faults(given, schema())) == 1
    assert warnings(given, schema()) == []


def test_a_formula_is_warned_about_in_lines_and_criteria():
    score = field("Score__c", "string", calculated=True, createable=False, updateable=False)
    org = schema(score, without=("HasOptedOutOfEmail",))
    given = mapping(
        {"salesforce": "Score__c", **FAX, "direction": "to_salesmanago"},
        criteria={"salesforce": {"field": "Score__c", "op": "eq", "value": "A"}},
    )
    assert faults(given, org) == []
    assert [str(each).split(": ")[0] for each in warnings(given, org)] == [
        "Lead fields[1].salesforce",
        "Lead criteria.salesforce.field",
    ]


OWNER = field("OwnerId", "reference", relationshipName="Owner", referenceTo=["User"], defaultedOnCreate=True)


def test_a_criterion_on_a_parent_is_text_and_warned_about():
    given = mapping(criteria={"salesforce": {"field": "Owner.Name", "op": "eq", "value": "Anna"}})
    assert faults(given, schema(OWNER)) == []
    assert criteria_types(given, schema(OWNER))["Owner.Name"] == "string"
    [warning] = warnings(given, schema(OWNER, without=("HasOptedOutOfEmail",)))
    assert "Owner.Name belongs to a parent record" in str(warning)
    assert "has no field 'Owner.Name'" in faults(given, schema())[0]


ACCOUNT = field("AccountId", "reference", relationshipName="Account", referenceTo=["Account"])


def test_a_parent_s_fields_are_checked_where_its_schema_is_known():
    line = {"salesforce": "Account.Nmae", "salesmanago": "company", "direction": "to_salesmanago"}
    given = mapping(line, criteria={"salesforce": {"field": "Account.Size__c", "op": "contains", "value": "A"}})
    org, parent = schema(ACCOUNT), schema(field("Name", "string"), field("Size__c", "double"), name="Account")
    assert parents_of(given, org) == {"Account"}
    assert faults(given, org) == []
    one, two = (str(fault) for fault in check(given, org, parents={"Account": parent}))
    assert "Lead has no field 'Account.Nmae' that the integration user may see. Did you mean 'Name'" in one
    assert "contains does not fit a field of type double" in two
    assert criteria_types(given, org, {"Account": parent})["Account.Size__c"] == "double"


def test_an_owner_may_be_of_several_objects_and_is_not_looked_into():
    owner = field("OwnerId", "reference", relationshipName="Owner", referenceTo=["Group", "User"])
    given = mapping(criteria={"salesforce": {"field": "Owner.Name", "op": "eq", "value": "Anna"}})
    assert parents_of(given, schema(owner)) == set()


def test_the_columns_read_are_those_that_are_visible_once_each():
    given = mapping(
        {"salesforce": "DoNotCall", "salesmanago": "optedOutPhone", "convert": "consent"},
        {"salesforce": "Owner.Name", "salesmanago": "properties.owner", "direction": "to_salesmanago"},
        {"salesforce": "LastName", "salesmanago": "name"},
        criteria={"salesforce": {"field": "Rating", "op": "eq", "value": "Hot"}},
    )
    assert read_fields(given, schema(OWNER, field("SALESmanago_Contact_Id__c", "string"))) == [
        "Id",
        "IsDeleted",
        "SystemModstamp",
        "LastModifiedDate",
        "LastName",
        "Company",
        "SALESmanago_Contact_Id__c",
        "Email",
        "Owner.Name",
        "Rating",
    ]


def test_limits_and_lists_are_those_of_describe():
    picklist = [{"value": "Hot", "active": True}, {"value": "Old", "active": False}]
    org = schema(
        field("Rating", "picklist", restrictedPicklist=True, picklistValues=picklist, length=255),
        field("Source", "picklist", restrictedPicklist=False, picklistValues=picklist),
    )
    assert (org.limit("Title"), org.limit("Employees__c"), org.limit("Nothing")) == (80, None, None)
    assert (org.allowed("Rating"), org.allowed("Source"), org.allowed("Nothing")) == (("Hot",), None, None)


PERSON = field("IsPersonAccount", "boolean", createable=False, updateable=False)


def person(**keys):
    return mapping(object="PersonAccount", **keys)


def test_an_org_without_person_accounts_is_one_fault():
    consent = {"salesforce": "PersonDoNotCall", "salesmanago": "optedOutPhone", "convert": "consent"}
    given = person(fields=[{"salesforce": "PersonEmail", "salesmanago": "email"}, consent])
    [fault] = faults(given, schema(name="Account"))
    assert fault.startswith("PersonAccount enabled: this org has no Person Accounts. Set enabled: auto or false")
    assert warnings(given, schema(name="Account")) == []


def test_auto_follows_the_org():
    with_people, without = schema(PERSON, name="Account"), schema(name="Account")
    assert [takes_part(person(enabled="auto"), org) for org in (with_people, without)] == [True, False]
    assert [takes_part(person(enabled=True), org) for org in (with_people, without)] == [True, True]
    assert [takes_part(person(enabled=False), org) for org in (with_people, without)] == [False, False]


def record_type(name, **more):
    known = {"developerName": name, "recordTypeId": f"012-{name}", "active": True, "available": True}
    return known | {"defaultRecordTypeMapping": False} | more


def test_creating_person_accounts_needs_their_record_type():
    given = person(create={"in_salesforce": True})
    [fault] = faults(given, schema(PERSON, name="Account"))
    assert "no Person Account record type is open to the integration user" in fault
    org = schema(PERSON, name="Account", recordTypeInfos=[record_type("Business"), record_type("PersonAccount")])
    assert faults(given, org) == []
    assert org.person_record_type == "012-PersonAccount"


def test_a_record_type_that_is_not_available_is_not_taken():
    infos = [record_type("PersonAccount", available=False)]
    assert schema(PERSON, name="Account", recordTypeInfos=infos).person_record_type is None


def test_messages_say_which_org_when_asked():
    [fault] = check(mapping({"salesforce": "Pone", **FAX}), schema(), where="salesforce_default")
    assert str(fault.where) == "Lead fields[1].salesforce (salesforce_default)"


@pytest.mark.parametrize("given", load_mappings(Path("include/mappings")), ids=lambda each: each.object)
def test_the_shipped_mappings_write_only_what_the_target_type_takes(given):
    fields = {name for line in given.lines for name in line.salesforce if "." not in name}
    types = {"Email": "email", "PersonEmail": "email", "Phone": "phone", "Fax": "phone", "Description": "textarea"}
    flags = {name: "boolean" for name in fields if "OptedOut" in name or "DoNotCall" in name}
    dates = {name: "date" for name in fields if "Birthdate" in name}
    lists = dict.fromkeys({"LeadSource", "PersonLeadSource", "Status", "Industry"} & fields, "picklist")
    known = types | flags | dates | lists
    extra = [field(name, known.get(name, "string")) for name in sorted(fields)]
    assert faults(given, schema(*extra, ACCOUNT, PERSON, name=given.sobject)) == []


def offered(*places: int) -> str:
    """Spell `validFor`: a bit for each place, the first one highest."""
    bits = bytearray(2)
    for place in places:
        bits[place // 8] |= 0x80 >> place % 8
    return base64.b64encode(bits).decode()


@pytest.mark.parametrize("name", ["State", "StateCode"])
def test_the_states_of_each_country_are_those_of_describe(name):
    countries = [{"value": code, "label": code, "active": code != "DE"} for code in ("DE", *"ABCDEFGH", "US", "IT")]
    states = [
        {"value": "CA", "label": "California (CA)", "active": True, "validFor": offered(9)},
        {"value": "CA", "label": "Cagliari", "active": True, "validFor": offered(10)},
        {"value": "XX", "label": "Everywhere", "active": True, "validFor": offered(9, 10)},
        {"value": "OR", "label": "Oregon", "active": False, "validFor": offered(9)},
        {"value": "NV", "label": "Nevada", "active": True, "validFor": "not base 64!"},
    ]
    described_org = schema(
        field("CountryCode", "picklist", picklistValues=countries),
        field("StateCode", "picklist", picklistValues=states, controllerName="CountryCode"),
        field("Country", "string"),
        field("State", "string"),
    )
    mapping = Mapping.model_validate(
        {
            "object": "Lead",
            "fields": [
                {"salesforce": "Email", "salesmanago": "email"},
                {"salesforce": "Country", "salesmanago": "address.country", "convert": "country"},
                {"salesforce": name, "salesmanago": "province", "convert": "state"},
            ],
        }
    )
    fit(mapping, described_org)
    line = mapping.line("province")
    assert line is not None
    assert mapping.country_beside(line) is mapping.line("address.country")
    textual = name == "State"
    assert line.states["US"]["ca"] == ("California (CA)" if textual else "CA")
    assert line.states["IT"]["ca"] == ("Cagliari" if textual else "CA")
    assert line.states["US"]["everywhere"] == line.states["IT"]["xx"] == ("Everywhere" if textual else "XX")
    assert not {"or", "nv", "oregon"} & line.states["US"].keys()
