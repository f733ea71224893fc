"""The Account of Contacts that the sync creates."""

from __future__ import annotations

from tests.integration.sync import Sync


def test_new_contacts_belong_to_the_account_that_is_named(sync: Sync) -> None:
    sync.map("contact")
    name = sync.twin.salesmanago["account_name"]
    accounts = [row for row in sync.records("Account") if row["Name"] == name]
    account = accounts[0]["Id"] if accounts else sync.record("Account", Name=name)
    sync.contact("given@example.com", name="Ewa Nowa", state="CUSTOMER", company="Her own company")
    run = sync.full()
    assert run.green, run.log

    sync.connect("salesmanago_default", account_name="")
    sync.contact("blank@example.com", name="Ewa Nowa", state="CUSTOMER")
    run = sync.incremental()
    assert run.green, run.log
    run.says("Account Name: is not set")
    found = {row["Email"]: row["AccountId"] for row in sync.records("Contact")}
    assert found == {"given@example.com": account, "blank@example.com": None}

    sync.connect("salesmanago_default", account_name="Nobody Ltd")
    sync.contact("wrong@example.com", name="Ewa Nowa", state="CUSTOMER")
    run = sync.incremental()
    assert "preflight" in run.red
    run.says("'Nobody Ltd' names no Account")
    assert len(sync.records("Contact")) == 2
