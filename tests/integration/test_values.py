"""Values that stop a request, or a run, where one goes wrong: each stops its own field only."""

from __future__ import annotations

from tests.integration.direct import Direct


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
    assert direct.ledger.open_issues().empty
    assert direct.sync() == []
