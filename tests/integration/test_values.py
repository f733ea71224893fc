"""Values that stop a request, or a run, where one goes wrong: each stops its own field only."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from salesmanago_sync.clients.endpoint import warning_of
from salesmanago_sync.domain.reasons import EVIDENCE
from tests.integration.direct import Direct
from tests.twin_server import ROOT


def test_a_null_beside_a_value_stops_nobody(direct: Direct) -> None:
    people = ["word", "name", "phone", "city"]
    for person in people:
        direct.contact(
            f"{person}@example.com",
            name="Jan Kowalski",
            company="Acme",
            state="PROSPECT",
            address={"city": "Gdańsk"},
            phone="+48600100200",
        )
    direct.sync("full")
    edits = {
        "word": {"name": "Madonna"},
        "name": {"name": "Anna Nowak"},
        "phone": {"phone": "+48600100999"},
        "city": {"address": {"city": "Sopot"}},
    }
    by_address = {card["email"].split("@")[0]: number for number, card in direct.cards().items()}
    for person, edit in edits.items():
        direct.control.patch(f"/salesmanago/contacts/{by_address[person]}", edit)
    direct.sync()
    held = {row["Email"].split("@")[0]: row for row in direct.records("Lead").values()}
    assert (held["word"]["FirstName"], held["word"]["LastName"]) == (None, "Madonna")
    assert (held["name"]["FirstName"], held["name"]["LastName"]) == ("Anna", "Nowak")
    assert held["phone"]["Phone"] == "+48600100999"
    assert held["city"]["City"] == "Sopot"
    assert direct.ledger.issues.read_open().empty
    assert direct.sync() == []


REFUSALS = {
    "salesforce": {
        "path": "composite/sobjects",
        "status": 400,
        "body": [{"errorCode": "UNKNOWN_EXCEPTION_OF_ROW", "message": "Cannot read one of the records"}],
    },
    "salesmanago": {
        "path": "contact/(batch)?upsert$",
        "status": 200,
        "body": {"success": False, "message": ["Something is wrong with a row"]},
    },
}


@pytest.mark.parametrize("system", list(REFUSALS))
def test_one_bad_row_costs_a_logarithm_of_requests_and_is_sent_alone_once(direct: Direct, system: str) -> None:
    count, bad = 90, "bad apple"
    people = [
        {"FirstName": "Jan", "LastName": "Nowak", "Company": "Acme", "Email": f"p{number}@example.com"}
        for number in range(count)
    ]
    ids = direct.control.post("/salesforce/Lead", people)["ids"]
    direct.sync("full")
    direct.sync()
    cards = {card["email"]: number for number, card in direct.cards().items()}
    for number, identifier in enumerate(ids):
        word = bad if number == 41 else f"fine {number}"
        if system == "salesforce":
            direct.control.patch(f"/salesmanago/contacts/{cards[f'p{number}@example.com']}", {"company": word})
        else:
            direct.control.patch(f"/salesforce/Lead/{identifier}", {"Company": word})
    fault = {"system": system, "kind": "status", "holding": bad, "times": None, **REFUSALS[system]}
    direct.control.post("/faults", fault)
    writes = direct.sync()
    assert len(writes) <= 1 + 2 * 7, writes
    held = [row["Company"] for row in direct.records("Lead").values()]
    there = [card["company"] for card in direct.cards().values()]
    assert sum(word.startswith("fine ") for word in (held if system == "salesforce" else there)) == count - 1
    [issue] = direct.ledger.issues.read_open().to_dict("records")
    assert issue["reason"] == f"REFUSED_BY_{system.upper()}"
    assert ids[41] == issue["salesforce_id"]
    # What was refused goes by itself when others are written, so that it costs nobody another request.
    direct.later(3600)
    alone = len(direct.sync())
    for number in range(5):
        direct.control.patch(
            f"/salesmanago/contacts/{cards[f'p{number}@example.com']}"
            if system == "salesforce"
            else f"/salesforce/Lead/{ids[number]}",
            {"company" if system == "salesforce" else "Company": f"fine again {number}"},
        )
    direct.later(3600)
    assert len(direct.sync()) == 1 + alone
    direct.control.delete("/faults")
    direct.sync()
    assert direct.ledger.issues.read_open().empty
    assert direct.sync() == []


def test_a_stand_in_stays_one_when_the_lead_is_converted(direct: Direct) -> None:
    lead = direct.record("Lead", LastName="Nowak", Company="[not provided]", Email="nowak@example.com")
    direct.sync("full")
    [card] = direct.cards().values()
    assert card["company"] is None
    made = direct.control.post(f"/salesforce/Lead/{lead}/convert", {})
    account = direct.records("Account")[made["account"]]
    assert account["Name"] == "[not provided]"
    direct.sync()
    [card] = direct.cards().values()
    assert (card["externalId"], card["company"]) == (made["contact"], None)
    assert direct.sync() == []
    direct.control.patch(f"/salesforce/Account/{made['account']}", {"Name": "Nowak i Synowie"})
    direct.control.patch(f"/salesforce/Contact/{made['contact']}", {"Title": "Owner"})
    direct.sync()
    [card] = direct.cards().values()
    assert card["company"] == "Nowak i Synowie"


def test_a_refusal_of_what_was_not_sent_frees_the_others(direct: Direct) -> None:
    direct.control.post("/salesforce/settings", {"state_country_picklists": True})
    address = {"MailingCountry": "United States", "MailingState": "California", "MailingCity": "Fresno"}
    address |= {"MailingCountryCode": "US", "MailingStateCode": "CA"}
    person = {"FirstName": "Ann", "LastName": "Nowak", "Email": "ann@example.com", "Phone": "+48600100200"}
    record = direct.record("Contact", **person, **address)
    other = direct.record("Contact", LastName="Lis", Email="lis@example.com")
    direct.sync("full")
    cards = {card["email"]: number for number, card in direct.cards().items()}
    moved = {"name": "Ann Lis", "phone": "+48600100999", "address": {"city": "Kraków", "country": "PL"}}
    direct.control.patch(f"/salesmanago/contacts/{cards['ann@example.com']}", moved)
    direct.control.patch(f"/salesmanago/contacts/{cards['lis@example.com']}", {"name": "Ewa Lis"})
    direct.sync()
    held = direct.records("Contact")
    assert [held[record][name] for name in ("LastName", "Phone", "MailingCity")] == ["Lis", "+48600100999", "Kraków"]
    assert (held[record]["MailingCountry"], held[record]["MailingState"]) == ("United States", "California")
    assert held[other]["FirstName"] == "Ewa"
    [issue] = direct.ledger.issues.read_open().to_dict("records")
    assert (issue["salesforce_id"], issue["field"], issue["reason"]) == (record, "address.country", "VALUE_NOT_ALLOWED")
    assert "MailingState" in issue["text"]
    direct.control.patch(f"/salesforce/Contact/{record}", {"MailingState": None, "MailingStateCode": None})
    direct.sync()
    assert direct.records("Contact")[record]["MailingCountry"] == "Poland"
    assert direct.ledger.issues.read_open().empty
    assert direct.sync() == []


def with_states_both_ways(direct: Direct, folder: Path) -> None:
    shutil.copytree(ROOT / "include" / "mappings", folder)
    for name in ("contact.yaml", "lead.yaml"):
        shipped = (folder / name).read_text(encoding="utf-8")
        both_ways = shipped.replace("convert: state, direction: to_salesmanago}", "convert: state}")
        assert both_ways != shipped
        (folder / name).write_text(both_ways, encoding="utf-8")
    direct.settings = direct.settings.model_copy(update={"mappings": folder})


@pytest.mark.parametrize("picklists", [True, False])
def test_a_state_is_what_the_org_lists_in_its_country(direct: Direct, tmp_path: Path, picklists: bool) -> None:
    with_states_both_ways(direct, tmp_path / "mappings")
    direct.control.post("/salesforce/settings", {"state_country_picklists": picklists})
    typed = {"a": ("CA", "Italia"), "b": ("Kalifornia", "USA"), "c": ("são paulo", "Brasil")}
    for name, (province, country) in typed.items():
        card = {"name": "Jan Lis", "state": "CUSTOMER", "province": province, "address": {"country": country}}
        direct.contact(f"{name}@example.com", **card)
    direct.sync("full")
    assert direct.ledger.issues.read_open().empty
    held = {row["Email"][0]: row["MailingState"] for row in direct.records("Contact").values()}
    listed = {"a": "Cagliari", "b": "California", "c": "São Paulo"}
    assert held == (listed if picklists else {name: province for name, (province, _) in typed.items()})
    assert {card["email"][0]: card["province"] for card in direct.cards().values()} == {
        name: province for name, (province, _) in typed.items()
    }
    assert direct.sync() == []


def test_a_state_without_a_country_is_one_issue_of_its_field_and_is_sent_once_a_run(
    direct: Direct, tmp_path: Path
) -> None:
    with_states_both_ways(direct, tmp_path / "mappings")
    direct.control.post("/salesforce/settings", {"state_country_picklists": True})
    person = {"name": "Jan Lis", "state": "CUSTOMER", "phone": "+48600100200"}
    direct.contact("lis@example.com", province="California", **person)
    told = [("VALUE_NOT_ALLOWED", "province")]
    for mode, sent in (("full", "POST"), ("incremental", "PATCH")):
        writes = [write for write in direct.sync(mode) if "sobjects" in write]  # type: ignore[arg-type]
        assert {write.partition(" ")[0] for write in writes} == {sent}
        assert open_reasons(direct) == told
    [record] = direct.records("Contact")
    assert direct.records("Contact")[record]["Phone"] == "+48600100200"
    direct.control.patch(f"/salesforce/Contact/{record}", {"MailingCountryCode": "US"})
    direct.sync()
    assert direct.records("Contact")[record]["MailingState"] == "California"
    assert open_reasons(direct) == []
    assert direct.sync() == []


def test_who_is_refused_twice_goes_without_both_fields(direct: Direct, tmp_path: Path) -> None:
    with_states_both_ways(direct, tmp_path / "mappings")
    direct.control.post("/salesforce/settings", {"state_country_picklists": True})
    american = {"MailingCountryCode": "US", "MailingStateCode": "CA"}
    record = direct.record("Contact", LastName="Nowak", Email="nowak@example.com", **american)
    direct.sync("full")
    [card] = direct.cards()
    # The list has the state, but not for this country; without it, the old state does not fit the new country.
    canadian = {"name": "Ann Lis", "phone": "+48600100999", "province": "Roma", "address": {"country": "Kanada"}}
    direct.control.patch(f"/salesmanago/contacts/{card}", canadian)
    direct.sync()
    held = direct.records("Contact")[record]
    assert [held[name] for name in ("FirstName", "LastName", "Phone")] == ["Ann", "Lis", "+48600100999"]
    assert [held[name] for name in ("MailingCountryCode", "MailingStateCode")] == ["US", "CA"]
    found = direct.ledger.issues.read_open()
    assert set(found["field"]) == {"province", "address.country"}
    assert set(found["reason"]) == {"VALUE_NOT_ALLOWED"}
    direct.control.patch(f"/salesmanago/contacts/{card}", {"province": "Ontario"})
    direct.sync()
    held = direct.records("Contact")[record]
    assert [held[name] for name in ("MailingCountryCode", "MailingStateCode")] == ["CA", "ON"]
    assert direct.ledger.issues.read_open().empty
    assert direct.sync() == []


def test_an_address_that_is_not_blamed_goes_as_one(direct: Direct, tmp_path: Path) -> None:
    """A trigger refuses the phone number and names a field that nobody sent; no state fits the other country alone."""
    with_states_both_ways(direct, tmp_path / "mappings")
    direct.control.post("/salesforce/settings", {"state_country_picklists": True})
    american = {"MailingCountryCode": "US", "MailingStateCode": "CA"}
    record = direct.record("Contact", LastName="Nowak", Email="nowak@example.com", **american)
    direct.sync("full")
    [card] = direct.cards()
    refusal = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": ["Somebody_Elses__c"]}
    fault = {"system": "salesforce", "kind": "status", "path": "composite/sobjects", "status": 200, "times": None}
    fault |= {"holding": "600100999", "body": [{"success": False, "errors": [refusal]}]}
    direct.control.post("/faults", fault)
    canadian = {"name": "Ann Lis", "phone": "+48600100999", "province": "Ontario", "address": {"country": "Kanada"}}
    direct.control.patch(f"/salesmanago/contacts/{card}", canadian)
    direct.sync()
    held = direct.records("Contact")[record]
    assert [held[name] for name in ("MailingCountryCode", "MailingStateCode", "LastName")] == ["CA", "ON", "Lis"]
    assert held["Phone"] is None
    assert direct.ledger.issues.read_open()["field"].tolist() == ["phone"]


@pytest.mark.parametrize("picklists", [True, False])
def test_a_country_has_the_name_that_the_org_gives_it(direct: Direct, picklists: bool) -> None:
    direct.control.post("/salesforce/settings", {"state_country_picklists": picklists})
    typed = {"KR": "KR", "BO": "Bolivia", "VN": "Vietnam", "MD": "MDA", "TW": "Taiwan", "TR": "Turkey", "NL": "Holland"}
    typed |= {"SE": "Sverige", "CZ": "Česko"}
    for code, text in typed.items():
        person = {"name": "Jan Nowak", "company": "Acme", "state": "PROSPECT", "address": {"country": text}}
        direct.contact(f"{code.lower()}@example.com", **person)
    direct.sync("full")
    assert direct.ledger.issues.read_open().empty
    leads = {row["Email"][:2].upper(): row for row in direct.records("Lead").values()}
    assert leads.keys() == typed.keys()
    if picklists:
        assert {code: row["CountryCode"] for code, row in leads.items()} == {code: code for code in typed}
    else:
        assert [leads[code]["Country"] for code in ("KR", "TR", "CZ")] == ["South Korea", "Türkiye", "Czechia"]
    assert {card["email"][:2].upper(): card["address"]["country"] for card in direct.cards().values()} == typed
    assert direct.sync() == []


def test_http_to_another_machine_is_warned_about_in_every_run(
    direct: Direct, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    insecure = replace(direct.account(), insecure=warning_of("http://twin:8180"))
    monkeypatch.setattr(direct, "account", lambda: insecure)
    direct.sync("full")
    for mode in ("full", "incremental"):
        caplog.clear()
        direct.sync(mode)  # type: ignore[arg-type]
        assert "Endpoint: uses http to another machine" in caplog.text


@pytest.mark.parametrize("raw", ["NaN", "1e400", "9" * 40, "abc"])
def test_a_number_out_of_range_holds_its_own_field_by_name(direct: Direct, tmp_path: Path, raw: str) -> None:
    """`NaN` and `1e400` typed into a text detail, which Salesforce holds as a number."""
    line = "  - {salesforce: AnnualRevenue, salesmanago: properties.revenue, convert: number}\n"
    shipped = (direct.settings.mappings / "lead.yaml").read_text()
    (tmp_path / "lead.yaml").write_text(shipped.replace("details:\n", f"{line}details:\n", 1))
    direct.settings = direct.settings.model_copy(update={"mappings": tmp_path})
    direct.contact("a@example.com", name="Ewa Nowa", company="Nowa", state="PROSPECT", properties={"revenue": "5"})
    direct.sync("full")
    [card], [lead] = direct.cards(), direct.records("Lead")
    assert direct.records("Lead")[lead]["AnnualRevenue"] == 5
    direct.control.patch(f"/salesmanago/contacts/{card}", {"properties": {"revenue": raw}, "phone": "+48600100200"})
    direct.sync()
    held = direct.records("Lead")[lead]
    assert (held["Phone"], held["AnnualRevenue"]) == ("+48600100200", 5)
    [issue] = direct.ledger.issues.read_open().to_dict("records")
    assert (issue["reason"], issue["field"]) == ("VALUE_INVALID", "properties.revenue")


def open_reasons(direct: Direct) -> list[tuple[str, str]]:
    return list(direct.ledger.issues.read_open()[["reason", "field"]].itertuples(index=False, name=None))


def test_a_reverted_opt_in_is_told_until_both_sides_are_opted_in(direct: Direct) -> None:
    record = direct.record("Lead", LastName="Nowak", Company="Acme", Email="nowak@example.com", HasOptedOutOfEmail=True)
    direct.sync("full")
    [card] = direct.cards()
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.sync()
    told = [("OPT_IN_REVERTED", "optedOut")]
    assert open_reasons(direct) == told
    for _ in range(3):
        # Edits that bring the person into a run, and say nothing of the opt-in.
        direct.control.patch(f"/salesforce/Lead/{record}", {"Phone": "+48600100200"})
        direct.sync()
        assert open_reasons(direct) == told
    direct.sync("full")
    assert open_reasons(direct) == told
    # Nothing is tried again while nobody touches the person.
    assert direct.ledger.issues.read_due(direct.now(), EVIDENCE).empty
    direct.control.patch(f"/salesmanago/contacts/{card}", {"optedOut": False})
    direct.control.patch(f"/salesforce/Lead/{record}", {"HasOptedOutOfEmail": False})
    direct.sync()
    assert open_reasons(direct) == []


@pytest.mark.parametrize("solved", ["emptied by hand", "a value again"])
def test_a_value_that_was_not_cleared_is_told_until_it_is_gone(direct: Direct, tmp_path: Path, solved: str) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(ROOT / "include" / "mappings", folder)
    text = (folder / "lead.yaml").read_text(encoding="utf-8")
    changed = text.replace("{salesforce: City, ", "{salesforce: City, blank: propagate, ")
    assert changed != text
    (folder / "lead.yaml").write_text(changed, encoding="utf-8")
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    direct.control.post("/salesmanago/settings", {"clear": "ignored"})
    record = direct.record("Lead", LastName="Nowak", Company="Acme", Email="nowak@example.com", City="Gdynia")
    direct.sync("full")
    [card] = direct.cards()
    direct.control.patch(f"/salesforce/Lead/{record}", {"City": None})
    direct.sync()
    told = [("NOT_CLEARED", "address.city")]
    assert open_reasons(direct) == told
    direct.control.patch(f"/salesforce/Lead/{record}", {"Phone": "+48600100200"})
    direct.sync()
    direct.sync("full")
    assert open_reasons(direct) == told
    if solved == "emptied by hand":
        direct.control.patch(f"/salesmanago/contacts/{card}", {"address": {"city": None}})
    else:
        direct.control.patch(f"/salesforce/Lead/{record}", {"City": "Sopot"})
    direct.sync()
    assert open_reasons(direct) == []
    assert direct.sync() == []
