"""Mappings: defaults, digest, and one message with every fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings
from salesmanago_sync.errors import ConfigurationError

SHIPPED = Path("include/mappings")
EMAIL = "  - {salesforce: Email, salesmanago: email}\n"


def lead(fields="", rest=""):
    return f"object: Lead\n{rest}fields:\n{EMAIL}{fields}"


def load(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_mappings(folder)


def faults(folder, **files):
    with pytest.raises(ConfigurationError) as error:
        load(folder, **files)
    return [str(fault) for fault in error.value.faults]


def test_the_shipped_mappings_are_valid():
    assert [(each.object, each.enabled, each.sobject) for each in load_mappings(SHIPPED)] == [
        ("Lead", True, "Lead"),
        ("Contact", True, "Contact"),
        ("PersonAccount", "auto", "Account"),
    ]


def test_what_is_left_out_has_its_default(tmp_path):
    [mapping] = load(tmp_path, lead=lead(rest="details:\n  - {salesforce: Title, salesmanago: job_title}\n"))
    assert mapping.create.in_salesmanago is True
    assert mapping.create.in_salesforce is False
    assert mapping.company_when_empty.action == "skip"
    assert (mapping.on_leave, mapping.leave_tag, mapping.opt_in) == ("pause", "LEFT_CRM_CRITERIA", "keep_opt_out")
    email, detail = mapping.lines
    assert mapping.email_line == email
    assert (email.salesforce, email.convert, email.direction, email.blank) == (("Email",), "email", "both", "keep")
    assert (detail.key, detail.direction) == ("properties.job_title", "to_salesmanago")


def test_a_line_without_its_own_conflict_rule_has_that_of_the_mapping(tmp_path):
    line = "  - {salesforce: Fax, salesmanago: fax, conflict: hold}\n"
    [mapping] = load(tmp_path, lead=lead(line, "conflict: salesforce\n"))
    assert [line.rule(mapping) for line in mapping.lines] == ["salesforce", "hold"]


def test_a_value_list_is_text_as_frames_are(tmp_path):
    line = "  - {salesforce: Rating, salesmanago: properties.rating, convert: picklist, values: {1: 5, NO: true}}\n"
    [mapping] = load(tmp_path, lead=lead(line))
    assert mapping.lines[1].values == {"1": "5", "NO": "true"}


ONE = lead("  - {salesforce: Fax, salesmanago: fax}\n", "conflict: newest\n")


@pytest.mark.parametrize(
    "same",
    [
        "# A comment.\n" + ONE,
        ONE.replace("conflict: newest\n", ""),
        ONE.replace("{salesforce: Fax, salesmanago: fax}", "{salesmanago: 'fax', salesforce: [Fax], convert: text}"),
        ONE.replace("  - {salesforce: Fax, salesmanago: fax}", "\n  - salesforce: Fax\n    salesmanago: fax"),
        ONE.replace(EMAIL, "") + EMAIL,
    ],
)
def test_the_digest_is_that_of_the_meaning(tmp_path, same):
    (tmp_path / "one").mkdir()
    (tmp_path / "same").mkdir()
    assert load(tmp_path / "one", lead=ONE)[0].digest == load(tmp_path / "same", lead=same)[0].digest


BOTH_OF = "{all: [{field: A, op: eq, value: x}, {field: B, op: eq, value: y}]}"
OTHERS = [
    ONE.replace("newest", "hold"),
    ONE.replace("Fax", "Phone"),
    ONE.replace("salesmanago: fax", "salesmanago: fax, blank: propagate"),
    ONE + "create: {in_salesforce: true}\n",
    ONE + f"criteria: {{salesforce: {BOTH_OF}}}\n",
    ONE + f"criteria: {{salesforce: {BOTH_OF.replace('all', 'any')}}}\n",
    ONE + f"criteria: {{salesforce: {BOTH_OF.replace('x', 'z')}}}\n",
]


def test_another_meaning_has_another_digest(tmp_path):
    digests = {load(tmp_path, lead=text)[0].digest for text in (ONE, *OTHERS)}
    assert len(digests) == 1 + len(OTHERS)


@pytest.mark.parametrize(
    ("key", "rest", "message"),
    [
        ("truncate: true", "", "fields[0].truncate: an address that is cut is somebody else's."),
        ("blank: propagate", "", "fields[0].blank: the address is never emptied: it tells people apart."),
        (
            "direction: to_salesmanago",
            "create: {in_salesforce: {field: state, op: eq, value: PROSPECT}}\n",
            "fields[0].direction: records are created in Salesforce, and would have no address.",
        ),
    ],
)
def test_the_address_is_no_ordinary_field(tmp_path, key, rest, message):
    text = lead(rest=rest).replace("salesmanago: email", f"salesmanago: email, {key}")
    [fault] = faults(tmp_path, lead=text)
    assert message in fault


LINE = "lead.yaml:4 fields[1]"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "{salesforce: Fax, salesmanago: fxa}",
            f"{LINE}.salesmanago: SALESmanago has no standard field 'fxa'. Did you mean 'fax'",
        ),
        ("{salesforce: Fax, salesmanago: fxa}", "Valid: address.city, address.country,"),
        ("{salesforce: Fax, salesmanago: externalId}", f"{LINE}.salesmanago: 'externalId' is kept by the sync itself."),
        (
            "{salesforce: Mail, salesmanago: email}",
            f"{LINE}.salesmanago: the SALESmanago target 'email' is already used by fields[0].",
        ),
        (
            "{salesforce: Email, salesmanago: fax}",
            f"{LINE}.salesforce: the Salesforce target 'Email' is already used by fields[0].",
        ),
        (
            "{salesforce: Fax, salesmanago: fax, convert: fone}",
            f"{LINE}.convert: there is no converter 'fone'. Did you mean 'phone'",
        ),
        (
            "{salesforce: Fax, salesmanago: fax, region: PL}",
            f"{LINE}.region: converter 'text' has no option 'region'. Its options: none.",
        ),
        ("{salesforce: Fax, salesmanago: fax, convert: phone, region: XX}", f"{LINE}: region"),
        (
            "{salesforce: Name, salesmanago: name, convert: full_name}",
            f"{LINE}.salesforce: converter 'full_name' needs 2 Salesforce field(s), not 1.",
        ),
        (
            "{salesmanago: state, convert: constant, value: PARTNER}",
            f"{LINE}.direction: converter 'constant' cannot go 'both'. Valid: to_salesforce, to_salesmanago.",
        ),
        (
            "{salesmanago: state, convert: constant, direction: to_salesmanago}",
            f"{LINE}.value: converter 'constant' needs 'value'.",
        ),
        (
            "{salesmanago: state, convert: constant, value: PARTNR, direction: to_salesmanago}",
            f"{LINE}.value: 'PARTNR' is not a contact state. Did you mean 'PARTNER'",
        ),
        (
            "{salesforce: Rating, salesmanago: state, convert: picklist, values: {Hot: CLIENT}}",
            f"{LINE}.values: 'CLIENT' is not a contact state.",
        ),
        (
            "{salesforce: Flag__c, salesmanago: fax, convert: consent}",
            f"{LINE}.salesmanago: 'fax' cannot hold what 'consent' makes. Valid: optedOut, optedOutPhone.",
        ),
        (
            "{salesforce: HasOptedOutOfEmail, salesmanago: optedOut}",
            f"{LINE}.convert: 'optedOut' cannot take 'text'. Set convert: consent.",
        ),
        (
            "{salesforce: Birthdate, salesmanago: birthday}",
            f"{LINE}.convert: 'birthday' cannot take 'text'. Set convert: date.",
        ),
        (
            "{salesforce: Language__c, salesmanago: lang}",
            f"{LINE}.salesmanago: SALESmanago never tells 'lang'. Set direction: to_salesmanago.",
        ),
        (
            "{salesforce: Score__c, salesmanago: score, convert: number}",
            f"{LINE}.salesmanago: SALESmanago sets 'score' itself. Set direction: to_salesforce.",
        ),
        (
            "{salesforce: Account.Name, salesmanago: company}",
            f"{LINE}.salesforce: Account.Name belongs to a parent record, which the sync only reads.",
        ),
        (
            "{salesforce: Fax, salesmanago: fax, blnk: keep}",
            f"{LINE}.blnk: there is no key 'blnk' here. Did you mean 'blank'",
        ),
        (
            "{salesforce: Fax, salesmanago: fax, direction: up}",
            f"{LINE}.direction: 'up' is not a choice. Valid: both, to_salesforce, to_salesmanago.",
        ),
        (
            "{salesforce: Fax, salesmanago: fax, truncate: 7}",
            f"{LINE}.truncate: 7 does not fit here. Write true or false.",
        ),
        ("{salesforce: Fax}", f"{LINE}.salesmanago: the key is missing. Add salesmanago."),
        (
            "{salesforce: Tags__c, salesmanago: tags, convert: tags, values: 5}",
            f"{LINE}.values: 5 does not fit here. Write a list",
        ),
        ("Fax", f"{LINE}: 'Fax' does not fit here. Write keys and values: {{a: b}}."),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(tmp_path, line, message):
    assert any(message in fault for fault in faults(tmp_path, lead=lead(f"  - {line}\n")))


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("enabeld: true\n", "lead.yaml:2 enabeld: there is no key 'enabeld' here. Did you mean 'enabled'"),
        ("enabled: auto\n", "lead.yaml:2 enabled: 'auto' is for PersonAccount only."),
        ("enabled: perhaps\n", "lead.yaml:2 enabled: 'perhaps' does not fit here. Write true or false or 'auto'."),
        ("conflict: newst\n", "lead.yaml:2 conflict: 'newst' is not a choice. Did you mean 'newest'"),
        (
            "create: {in_salesforce: {field: stat, op: eq, value: A}}\n",
            "lead.yaml:2 create.in_salesforce.field: SALESmanago has no field 'stat' to select by. Did you mean",
        ),
        (
            "criteria:\n  salesmanago:\n    not:\n      any:\n        - {field: tgas, op: includes, value: A}\n",
            "lead.yaml:6 criteria.salesmanago.not.any[0].field: SALESmanago has no field",
        ),
        (
            "criteria: {salesmanago: {field: tags, op: eq, value: A}}\n",
            "lead.yaml:2 criteria.salesmanago.value: tags: eq does not fit a field of type multipicklist",
        ),
        (
            "criteria: {salesforce: {field: A, op: equals, value: A}}\n",
            "lead.yaml:2 criteria.salesforce.op: 'equals' is not a choice. Valid: contains,",
        ),
        ("criteria: {salesforce: {field: A, op: eq}}\n", "lead.yaml:2 criteria.salesforce.value: the key is missing."),
        (
            "criteria: {salesforce: {field: A, op: eq, value: null}}\n",
            "lead.yaml:2 criteria.salesforce.value: nothing: a value is text",
        ),
        ("criteria: {salesforce: {alll: []}}\n", "lead.yaml:2 criteria.salesforce: {'alll': []}: a criterion is {all:"),
        ("criteria: {salesforce: {all: []}}\n", "lead.yaml:2 criteria.salesforce.all: it is empty."),
        (
            "details:\n  - {salesforce: Title, salesmanago: title, direction: both}\n",
            "lead.yaml:3 details[0].direction: 'both' is not a choice. Two-way values belong under fields, as",
        ),
        (
            "details:\n  - {salesforce: A, salesmanago: x}\n  - {salesforce: B, salesmanago: x}\n",
            "lead.yaml:4 details[1].salesmanago: the SALESmanago target 'properties.x' is already used",
        ),
        (
            "company_when_empty: {action: fil}\n",
            "lead.yaml:2 company_when_empty.action: 'fil' is not a choice. Did you mean 'fill'",
        ),
        (
            "on_delete: {in_salesmango: tag}\n",
            "lead.yaml:2 on_delete.in_salesmango: there is no key 'in_salesmango' here. Did you mean 'in_salesmanago'",
        ),
    ],
)
def test_a_wrong_key_is_named_with_what_to_do(tmp_path, rest, message):
    [fault] = faults(tmp_path, lead=lead(rest=rest))
    assert message in fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lead.yaml:1: the file holds no mapping."),
        ("- object: Lead\n", "lead.yaml:1: the file holds no mapping."),
        ("object: Lead\n", "lead.yaml:1 fields: the key is missing."),
        ("object: Lead\nfields: []\n", "lead.yaml:2 fields: it is empty."),
        (
            "object: Lead\nfields:\n  - {salesforce: Fax, salesmanago: fax}\n",
            "lead.yaml:2 fields: no line has the SALESmanago target 'email'.",
        ),
        ("object: Leed\nfields:\n" + EMAIL, "lead.yaml:1 object: 'Leed' is not a choice. Did you mean 'Lead'"),
        (
            "object: Contact\ncompany_when_empty: {action: skip}\nfields:\n" + EMAIL,
            "lead.yaml:2 company_when_empty: Contact requires no Company.",
        ),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(tmp_path, text, message):
    assert any(fault.startswith(message) for fault in faults(tmp_path, lead=text))


def test_all_faults_of_all_files_come_at_once_in_the_order_of_their_lines(tmp_path):
    lines = "  - {salesforce: A, salesmanago: nmae}\n  - {salesforce: B, salesmanago: fax, blnk: keep}\n"
    found = faults(
        tmp_path,
        a=lead(lines, "on_leave: go\n"),
        b="object: [\n",
        c=lead(),
    )
    assert [fault.split(": ")[0] for fault in found] == [
        "a.yaml:2 on_leave",
        "a.yaml:5 fields[1].salesmanago",
        "a.yaml:6 fields[2].blnk",
        "b.yaml:1",
        "c.yaml:1 object",
    ]
    assert "Lead is already mapped by a.yaml" in found[-1]


def test_a_folder_without_mappings_is_a_fault(tmp_path):
    [fault] = faults(tmp_path)
    assert "there is no mapping file" in fault


def test_a_mapping_made_in_code_names_its_object_instead_of_a_file():
    mapping = Mapping.model_validate({"object": "Lead", "fields": [{"salesforce": "Email", "salesmanago": "email"}]})
    assert str(mapping.where(("fields", 0))) == "Lead fields[0]"
