"""What both sides held at a moment of the past, asked of the ledger of real runs."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.explain.past import as_text
from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.steps.recalling import recall_person
from tests.integration.direct import Direct


def test_the_ledger_knows_what_both_sides_held(direct: Direct) -> None:
    lead = direct.record("Lead", LastName="Nowak", Company="X", Email="anna@example.com", City="Łódź")
    direct.sync("full")
    [contact] = direct.cards()
    before = direct.now()
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Kraków"})
    direct.sync()
    direct.control.delete("/calls")
    for key in (lead, lead[:15], contact):
        [then] = recall_person(direct.ports(), key, before).people
        [city] = [field for field in then.fields if field.field == "address.city"]
        assert (city.salesmanago.value, city.salesmanago.or_already) == ("Łódź", None)
        assert (city.salesforce.value, city.salesforce.or_already) == ("Łódź", "Kraków")
        [now] = recall_person(direct.ports(), key, direct.now()).people
        [city] = [field for field in now.fields if field.field == "address.city"]
        assert (city.salesforce.value, city.salesmanago.value) == ("Kraków", "Kraków")
        assert "bound" in now.history[0]
    # Nobody was asked.
    assert direct.control.get("/calls")["log"] == []
    assert "knows nobody" in as_text(recall_person(direct.ports(), "00Q000000000001AAA", before))
    with pytest.raises(ConfigurationError, match="by id only"):
        recall_person(direct.ports(), "anna@example.com", before)
