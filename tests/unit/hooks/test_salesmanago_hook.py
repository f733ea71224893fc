from __future__ import annotations

import json
import subprocess
import sys

import pytest
from airflow.sdk import Connection

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.hooks import salesmanago as module
from salesmanago_sync.hooks.salesmanago import ConnectionSettings, SalesmanagoHook
from salesmanago_sync.provider import CONNECTION_TYPE, get_provider_info

CONNECTION = {
    "conn_type": "salesmanago",
    "host": "app2.salesmanago.com/api",
    "login": "abcd1234efgh5678",
    "password": "secret0secret0secret0",
    "extra": {
        "owner": "Owner@example.com",
        "microsite_key": "mskey-0001",
        "iframe_name": "crm_card",
        "account_name": "",
    },
}


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> SalesmanagoHook:
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", json.dumps(CONNECTION))
    return SalesmanagoHook()


def settings(**changes: object) -> ConnectionSettings:
    values = {**CONNECTION, **changes}
    extra = json.dumps(values.pop("extra"))
    return ConnectionSettings.from_connection(Connection(conn_id="c", extra=extra, **values))


def test_the_settings_are_the_vendors(hook: SalesmanagoHook) -> None:
    assert hook.settings.endpoint == "https://app2.salesmanago.com"
    assert hook.settings.client_id == "abcd1234efgh5678"
    assert hook.settings.owner == "Owner@example.com"
    assert hook.settings.account_name is None, "an empty field of the form is not given"


def test_secrets_are_not_shown(hook: SalesmanagoHook) -> None:
    assert "secret0" not in repr(hook.settings)
    assert "mskey" not in repr(hook.settings)


def test_settings_do_not_change(hook: SalesmanagoHook) -> None:
    with pytest.raises(ValueError, match="frozen"):
        hook.settings.owner = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "port", "endpoint"),
    [
        ("http://127.0.0.1:8000", None, "http://127.0.0.1:8000"),
        ("app2.salesmanago.pl", 8443, "https://app2.salesmanago.pl:8443"),
    ],
)
def test_the_endpoint_is_read_as_it_is_typed(host: str, port: int | None, endpoint: str) -> None:
    assert settings(host=host, port=port).endpoint == endpoint


def test_every_fault_is_named_and_no_value_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(host="http://planted.example.com", login=" ", password=None, extra={"owner": ""})
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    for label in ("Endpoint", "Client Id", "API Secret", "Data Owner"):
        assert f"connection c, {label}:" in text
    assert "planted" not in text


def test_the_landing_page_is_signed_with_the_connection(hook: SalesmanagoHook) -> None:
    url = hook.landing_page_url(contact_id="00000000-0000-4000-8000-000000000001")
    assert url is not None
    assert url.endswith("sha=39924195a921908a9e206cbae81b2a2061357c25")


@pytest.mark.parametrize("missing", ["microsite_key", "iframe_name"])
def test_without_key_or_name_there_is_no_landing_page(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    extra = {name: value for name, value in CONNECTION["extra"].items() if name != missing}
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", json.dumps({**CONNECTION, "extra": extra}))
    assert SalesmanagoHook().landing_page_url(contact_id="1") is None


@pytest.mark.parametrize(
    ("users", "ok", "told"),
    [
        (["owner@EXAMPLE.com", "b@example.com"], True, "one of 2 users"),
        (["b@example.com"], False, "none of the account's 1 users"),
    ],
)
def test_the_connection_test_looks_for_the_owner(
    hook: SalesmanagoHook, monkeypatch: pytest.MonkeyPatch, users: list[str], ok: bool, told: str
) -> None:
    monkeypatch.setattr(module, "new_session", lambda *_, **__: answering({"success": True, "users": users}))
    passed, text = hook.test_connection()
    assert passed is ok
    assert told in text
    assert "example.com" not in text


def test_the_connection_test_tells_a_refusal(hook: SalesmanagoHook, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"success": False, "message": ["Not authenticated"]}
    monkeypatch.setattr(module, "new_session", lambda *_, **__: answering(refused))
    passed, text = hook.test_connection()
    assert not passed
    assert "Check Client Id, API Secret and Endpoint" in text


def test_the_connection_test_tells_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", json.dumps({"conn_type": "salesmanago"}))
    passed, text = SalesmanagoHook().test_connection()
    assert not passed
    assert text.startswith(
        "Endpoint is missing. Copy it from SALESmanago, Settings → Integration. Client Id is missing."
    )
    assert "Data Owner is missing. Give the e-mail address" in text


def answering(body: object):
    from tests.unit.clients.service import Reply, Service

    return Service([Reply(body)]).session()


def test_the_form_has_the_vendors_labels_and_hides_the_rest() -> None:
    behaviour = CONNECTION_TYPE["ui-field-behaviour"]
    fields = CONNECTION_TYPE["conn-fields"]
    labels = [*behaviour["relabeling"].values(), *(field["label"] for field in fields.values())]
    assert labels == [
        "Endpoint", "Client Id", "API Secret", "Data Owner", "Account Name", "MicroSite Key", "iFrame Name",
    ]  # fmt: skip
    assert labels == [field.title for field in ConnectionSettings.model_fields.values()]
    assert set(behaviour["hidden-fields"]) == {"description", "schema", "port", "extra"}
    assert set(behaviour["placeholders"]) == {"host", "login", "password"}
    assert all(field["description"] for field in fields.values())
    assert [name for name, field in fields.items() if field["schema"].get("format") == "password"] == ["microsite_key"]


def test_airflow_accepts_the_description() -> None:
    from importlib.resources import files

    from jsonschema import validate

    schema = json.loads(files("airflow").joinpath("provider.yaml.schema.json").read_text())
    validate(get_provider_info()["connection-types"], schema["properties"]["connection-types"])


def test_airflow_finds_the_connection_type() -> None:
    from airflow.providers_manager import ProvidersManager

    provider = ProvidersManager().providers["salesmanago-sync"]
    assert provider.data["connection-types"] == [CONNECTION_TYPE]
    assert provider.version


def test_the_description_imports_nothing() -> None:
    code = "import sys; import salesmanago_sync.provider; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"airflow", "pydantic", "requests", "pandas", "sqlalchemy"} & set(loaded)


@pytest.mark.slow
def test_airflow_masks_the_microsite_key_once_the_plugin_is_loaded() -> None:
    code = (
        "from airflow import plugins_manager; plugins_manager.ensure_plugins_loaded()\n"
        "from airflow._shared.secrets_masker import redact\n"
        "print(redact({'microsite_key': 'planted-key', 'iframe_name': 'card'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "{'microsite_key': '***', 'iframe_name': 'card'}"


def test_http_to_another_machine_is_said_whenever_a_client_is_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    users = {"success": True, "users": ["owner@example.com"]}
    monkeypatch.setattr(module, "new_session", lambda *_, **__: answering(users))
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", json.dumps({**CONNECTION, "host": "http://twin:8180"}))
    passed, text = SalesmanagoHook().test_connection()
    assert passed
    assert "Endpoint uses http to another machine" in text
    assert "Endpoint uses http to another machine" in caplog.text


def test_further_hosts_of_exports_come_from_a_setting(hook: SalesmanagoHook, monkeypatch: pytest.MonkeyPatch) -> None:
    from salesmanago_sync.pair import FIRST
    from salesmanago_sync.settings import load_settings
    from tests.unit.clients.service import Reply, Service

    monkeypatch.setenv("SALESMANAGO_SYNC_EXPORT_HOSTS", '["files.example.net"]')
    export = {"success": True, "requestId": 1}
    file = {"success": True, "fileUrl": "https://files.example.net/x.json"}
    service = Service([Reply(export), Reply(file), Reply([{"contactId": "c1"}]), Reply({"success": True})])
    monkeypatch.setattr(module, "new_session", lambda *_, **__: service.session())
    client = hook.get_conn(export_hosts=load_settings(FIRST).export_hosts)
    assert list(client.all_ids()) == [["c1"]]
