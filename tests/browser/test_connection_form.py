"""The connection form has the vendor's settings and no other, and its Test button says what is wrong."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Locator, expect

from demo.airflow_process import PROJECT
from demo.twin_process import Twin
from salesmanago_sync.provider import CONNECTION_TYPE
from tests.browser.airflow_ui import AirflowUi

NAME = "salesmanago_by_hand"
STANDARD = {"Endpoint": "endpoint", "Client Id": "client_id", "API Secret": "api_secret"}
EXTRA = {
    "Data Owner": "owner",
    "Account Name": "account_name",
    "MicroSite Key": "microsite_key",
    "iFrame Name": "iframe_name",
}
EVERY_TYPE = ["Connection ID", "Connection Type"]
PICTURE = PROJECT / "docs" / "images" / "connection-form.png"


def labels(form: Locator) -> list[str]:
    return [text.removesuffix("*").strip() for text in form.locator("label").all_inner_texts()]


def field(form: Locator, name: str) -> Locator:
    return form.locator(f"[name=element_{name}]")


def open_extras(form: Locator) -> None:
    form.get_by_role("button", name="Extra Fields", exact=True).click()
    expect(field(form, "owner")).to_be_visible()


@pytest.mark.timeout(1800)
def test_a_person_fills_in_the_seven_settings_and_tries_them(twin: Twin, ui: AirflowUi) -> None:
    known = twin.ready["salesmanago"]

    form = ui.open_connection_form(NAME, "SALESmanago")
    for label, name in STANDARD.items():
        form.get_by_label(label).fill(known[name])
    expect(form.get_by_label("API Secret")).to_have_attribute("type", "password")
    open_extras(form)
    assert labels(form) == [*EVERY_TYPE, *STANDARD, *EXTRA]
    ui.reads(form, *(one["description"] for one in CONNECTION_TYPE["conn-fields"].values()))
    for name in EXTRA.values():
        field(form, name).fill(known[name])
    expect(field(form, "microsite_key")).to_have_attribute("type", "password")
    if os.environ.get("UPDATE_IMAGES"):
        ui.picture(PICTURE)
    ui.save_connection(form)
    said = ui.test_connection(NAME)
    assert "Connected; Data Owner is one of 2 users." in said

    form = ui.edit_connection(NAME)
    expect(form.get_by_label("API Secret")).to_have_value("***")
    form.get_by_label("API Secret").fill("wrong-secret-0123456789")
    open_extras(form)
    expect(field(form, "microsite_key")).to_have_value("***")
    ui.save_connection(form)
    said = ui.test_connection(NAME)
    assert "Check Client Id, API Secret and Endpoint" in said
    assert "wrong-secret" not in said

    form = ui.edit_connection(NAME)
    form.get_by_label("API Secret").fill(known["api_secret"])
    open_extras(form)
    field(form, "owner").fill("nobody@example.com")
    ui.save_connection(form)
    assert "Data Owner" in ui.test_connection(NAME)
