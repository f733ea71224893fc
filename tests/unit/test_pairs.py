"""Pairs of accounts: names, files, settings and ledgers, each its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import salesmanago_sync
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.hooks import staging
from salesmanago_sync.hooks.known_pairs import check_pairs
from salesmanago_sync.hooks.pairs import own_words
from salesmanago_sync.hooks.ports import certificates_root, ledger_url, staging_root
from salesmanago_sync.ledger.engine import address
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.pair import FIRST, Pair
from salesmanago_sync.pair_files import VARIABLE, find_pair, pair_names, pairs_folder
from salesmanago_sync.settings import environment_faults, load_settings
from salesmanago_sync.steps.checks import Findings
from tests.postgres import empty_postgres, postgres

__all__ = ["empty_postgres", "postgres"]

TEXT = "salesforce: sf_sandbox\nsalesmanago: sm_sandbox\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "pairs"
    found.mkdir()
    monkeypatch.setenv(VARIABLE, str(found))
    return found


def sandbox(folder: Path, settings: str = "", text: str = TEXT) -> Pair:
    (folder / "sandbox.yaml").write_text(text + (f"settings:\n  {settings}\n" if settings else ""))
    return find_pair("sandbox")


def test_texts_about_the_first_pair_are_spelled_for_another(folder: Path) -> None:
    pair = sandbox(folder)
    told = pair.spelled(
        "Run salesmanago_full_sync, see Variable salesmanago_last_sync: airflow salesmanago mapping check --live, "
        "connection salesforce_default, Correct the connection sync_ledger. Raise SALESMANAGO_SYNC_LIMIT_BLANKS=7."
    )
    assert told == (
        "Run salesmanago_sandbox_full_sync, see Variable salesmanago_sandbox_last_sync: airflow salesmanago mapping "
        "check --pair sandbox --live, connection sf_sandbox, Correct the connection sync_ledger_sandbox. Raise "
        f"settings.limit_blanks of {folder / 'sandbox.yaml'}=7."
    )
    # What is not ours stays: a folder, somebody's value, a longer name.
    for same in ("/x/sync_ledger/salesforce_default", "my_salesmanago_full_sync", "salesmanago_full_sync_2", "x" * 9):
        assert pair.spelled(same) == same
        assert FIRST.spelled(told) == told


def test_errors_carry_the_names_of_their_pair(folder: Path) -> None:
    pair, fault = sandbox(folder), Fault("Variable salesmanago_last_sync", "is wrong.", "Run salesmanago_full_sync.")
    with pytest.raises(ConfigurationError) as caught, own_words(pair):
        raise ConfigurationError([fault]).saying("words of a service about salesmanago_full_sync")
    assert "salesmanago_sandbox_last_sync: is wrong. Run salesmanago_sandbox_full_sync." in str(caught.value)
    assert [one.fix for one in caught.value.faults] == ["Run salesmanago_sandbox_full_sync."]
    assert caught.value.words == "words of a service about salesmanago_full_sync"


def test_a_setting_is_that_of_the_file_and_else_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_ASK", "always")
    monkeypatch.setenv("SALESMANAGO_SYNC_OVERLAP_SECONDS", "5")
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", "/of/the/first")
    found = load_settings(sandbox(folder, "overlap_seconds: 0\n  salesmanago_calls_per_day: null"))
    assert (found.ask, found.overlap_seconds, found.salesmanago_calls_per_day) == ("always", 0, None)
    assert found.mappings == folder / "sandbox", "never those of another pair"
    assert load_settings(sandbox(folder, "mappings: ../mine")).mappings == folder / "../mine"
    assert load_settings(FIRST).overlap_seconds == 5


@pytest.mark.parametrize(
    ("settings", "where", "told"),
    [
        ("asc: never", "settings.asc", "Did you mean ask?"),
        ("ask: 0", "settings.ask", "'always'"),
        ('ask: ""', "settings.ask", "'always'"),
        ("overlap_seconds: null", "settings.overlap_seconds", "integer"),
        ("mappings: [a]", "settings.mappings", "path"),
        ('"<script>": 1', "settings.<script>", "no setting"),
        ("0: 1", "settings.0", "no setting"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(folder: Path, settings: str, where: str, told: str) -> None:
    pair = sandbox(folder, settings)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(pair)
    [fault] = caught.value.faults
    assert str(fault.where) == f"{folder / 'sandbox.yaml'} {where}"
    assert told in str(fault)
    assert load_settings(FIRST)


def test_every_wrong_setting_is_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_SETTLE_SECONDS", "soon")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(sandbox(folder, "asc: 1\n  ask: 2"))
    places = {str(fault.where).rpartition(" ")[2] for fault in caught.value.faults}
    assert places == {"settings.asc", "settings.ask", "SALESMANAGO_SYNC_SETTLE_SECONDS"}


def test_a_schedule_that_cannot_be_used_is_a_fault_of_its_pair(folder: Path) -> None:
    pair = sandbox(folder, "schedule: every now and then")
    [fault] = environment_faults(pair)
    assert str(fault.where) == f"{folder / 'sandbox.yaml'} settings.schedule"
    assert environment_faults(FIRST) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "a: \x00", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", "- a: &a [*a]"]
)
def test_a_file_that_nobody_can_read_is_a_fault_of_its_pair_alone(folder: Path, text: str | bytes) -> None:
    (folder / "broken.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        find_pair("broken")
    assert str(folder / "broken.yaml") in str(caught.value)
    assert sandbox(folder).salesforce == "sf_sandbox"
    assert pair_names(folder) == ["broken", "sandbox"]


def test_a_password_in_a_broken_file_is_not_repeated(folder: Path) -> None:
    (folder / "broken.yaml").write_text("salesforce: [\npassword: s3cret\n")
    with pytest.raises(ConfigurationError) as caught:
        find_pair("broken")
    assert "s3cret" not in str(caught.value)


def test_a_pair_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    sandbox(folder)
    with pytest.raises(ConfigurationError, match="There are: default, sandbox"):
        find_pair("sandpit")


def test_files_lie_beside_the_dag_files_where_no_other_place_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert pairs_folder(tmp_path) == tmp_path / "pairs"


def test_each_pair_has_places_of_its_own_where_pairs_name_the_same(folder: Path, tmp_path: Path) -> None:
    pair = sandbox(folder, f"staging: {tmp_path / 'staging'}\n  certificates: s3://bucket/kept/")
    settings = load_settings(pair)
    assert staging_root(FIRST, settings) == f"file://{tmp_path / 'staging'}"
    assert staging_root(pair, settings) == f"file://{tmp_path / 'staging'}/pairs/sandbox"
    assert certificates_root(pair, settings) == "s3://bucket/kept/pairs/sandbox"
    assert ledger_url(FIRST) != ledger_url(pair)


def test_what_one_pair_clears_in_staging_is_its_own(folder: Path, tmp_path: Path) -> None:
    roots = [
        staging_root(pair, load_settings(sandbox(folder, f"staging: {tmp_path}"))) for pair in (FIRST, sandbox(folder))
    ]
    for root, run in zip(roots, ("salesmanago_full_sync_1", "salesmanago_sandbox_full_sync_1"), strict=True):
        staging.FolderStaging(root, run).write_json("anything", {})
    staging.clear(roots[0])
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("anything.json"))
    assert left == ["pairs/sandbox/salesmanago_sandbox_full_sync_1/0/anything.json"]
    staging.clear(roots[1])
    assert not list(tmp_path.rglob("anything.json"))


@pytest.fixture(params=["sqlite", "postgres"])
def new_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    return (
        str(request.getfixturevalue("empty_postgres")) if request.param == "postgres" else f"sqlite:///{tmp_path}/l.db"
    )


def test_a_ledger_is_that_of_the_pair_that_opened_it_first(new_ledger: str) -> None:
    Ledger.open(new_ledger, "sandbox").close()
    for other in ("default", "other"):
        with pytest.raises(ConfigurationError, match=f"the ledger of the pair sandbox, not of {other}"):
            Ledger.open(new_ledger, other)
    Ledger.open(new_ledger, "sandbox").close()


def test_a_ledger_that_was_used_before_there_were_pairs_is_that_of_the_first(new_ledger: str) -> None:
    used = Ledger.open(new_ledger)
    used.runs.start("dag", "run", "full", False, True, datetime(2026, 1, 31, tzinfo=UTC), {})
    used.close()
    engine = sa.create_engine(address(new_ledger))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE salesmanago_sync_version SET version_num = '0015'"))
        # What later migrations make they make again.
        connection.execute(sa.text("DROP INDEX ix_bindings_salesmanago_written_at"))
        connection.execute(sa.text("ALTER TABLE mapping_state DROP COLUMN fields_at_full_sync"))
        connection.execute(sa.text("DROP TABLE choices"))
        connection.execute(sa.text("ALTER TABLE identity DROP COLUMN pair"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="the ledger of the pair default, not of sandbox"):
        Ledger.open(new_ledger, "sandbox")
    Ledger.open(new_ledger).close()


def test_one_place_opens_ledgers_and_it_says_whose() -> None:
    package = Path(salesmanago_sync.__file__).parent
    places = {
        path.name: text.count("Ledger.open(")
        for path in package.rglob("*.py")
        if "Ledger.open(" in (text := path.read_text())
    }
    assert places == {"ports.py": 1}


def test_pairs_may_have_schemas_of_one_database(empty_postgres: str) -> None:
    engine = sa.create_engine(address(empty_postgres))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA sandbox"))
    own_schema = (
        sa.make_url(empty_postgres).update_query_dict({"options": "-csearch_path=sandbox"}).render_as_string(False)
    )
    first, second = Ledger.open(empty_postgres), Ledger.open(own_schema, "sandbox")
    assert first.identity.read() != second.identity.read()
    first.close()
    second.close()
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA sandbox CASCADE"))
    engine.dispose()


@pytest.mark.parametrize(("login", "faults"), [("other", 0), ("client", 1), (None, 0)])
def test_two_connections_to_one_account_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, login: str | None, faults: int
) -> None:
    sandbox(folder)
    common = {
        "conn_type": "salesmanago",
        "host": "app2.salesmanago.com",
        "password": "secret",
        "extra": {"owner": "a@example.com"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SALESMANAGO_DEFAULT", json.dumps({**common, "login": "client"}))
    spelled = {**common, "host": "https://app2.salesmanago.com/api", "login": login}
    monkeypatch.setenv("AIRFLOW_CONN_SM_SANDBOX", json.dumps(spelled))
    findings = Findings()
    check_pairs(findings)
    assert [str(fault.where) for fault in findings.faults] == ["pair sandbox"] * faults


ORG = {"domain": "acme.my"}


@pytest.mark.parametrize(
    ("first", "second", "objects", "warned"),
    [
        (ORG, ORG, "Lead", True),
        (ORG, {"instance_url": "https://ACME.my.salesforce.com/"}, "Lead", True),
        (ORG, {"extra__salesforce__domain": "Acme.my"}, "Lead", True),
        ({"login": "a@example.com", "domain": "login"}, {"login": "a@example.com"}, "Lead", True),
        (ORG, ORG, "Contact", False),
        (ORG, {"domain": "acme--dev.sandbox.my"}, "Lead", False),
        ({"login": "a@example.com", "domain": "test"}, {"login": "b@example.com", "domain": "test"}, "Lead", False),
        ({"domain": ""}, {"domain": ""}, "Lead", False),
        (ORG, None, "Lead", False),
    ],
    ids=str,
)
def test_the_same_objects_of_one_org_in_two_pairs_are_told(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: dict[str, str],
    second: dict[str, str] | None,
    objects: str,
    warned: bool,
) -> None:
    sandbox(folder)
    for name, file, extra, kind in (
        ("SALESFORCE_DEFAULT", folder / "mine" / "lead.yaml", first, "Lead"),
        ("SF_SANDBOX", folder / "sandbox" / "own.yaml", second, objects),
    ):
        file.parent.mkdir()
        line = "  - {salesforce: Email, salesmanago: email}\n"
        file.write_text(f"object: {kind}\nfields:\n{line}")
        if extra is not None:
            login = {"login": extra["login"], "password": "s3cret"} if "login" in extra else {}
            connection = {"conn_type": "salesforce", "extra": {**extra, "consumer_secret": "s3cret"}, **login}
            monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
    monkeypatch.setenv("SALESMANAGO_SYNC_MAPPINGS", str(folder / "mine"))
    findings = Findings()
    check_pairs(findings)
    told = [str(one) for one in findings.warnings]
    assert (["both synchronise Lead: through" in one for one in told], findings.faults) == ([True] * warned, [])
    assert "s3cret" not in str(told)
