from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.unit.twin.conftest import Api


def plant(api: Api, kind: str, **details: Any) -> int:
    return int(api.twin.control.post("/faults", {"system": "salesmanago", "kind": kind} | details)["id"])


def test_the_date_is_the_twins_own(api: Api) -> None:
    api.twin.control.post("/clock", {"advance": 86_400})
    told = parsedate_to_datetime(api.post("user/listByClient", api.credentials).headers["Date"])
    assert 86_000 < told.timestamp() - time.time() < 86_500
    assert "server" not in api.post("user/listByClient", api.credentials).headers


def test_a_fixed_status_comes_instead_of_the_answer(api: Api) -> None:
    plant(api, "status", status=429, retry_after=3, body={"error": "slow down"})
    row = api.credentials | {"contact": {"email": "a@example.com"}}
    answer = api.post("contact/upsert", row)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "3", {"error": "slow down"})
    assert "Date" in answer.headers
    assert api.twin.control.get("/salesmanago/contacts") == []
    assert api.post("contact/upsert", row).status_code == 200


def test_faults_are_limited_to_method_path_and_number(api: Api) -> None:
    plant(api, "status", status=500, path="contact/tags$", after=1, times=2, method="POST", body="plain text")
    assert api.post("user/listByClient", api.credentials).status_code == 200
    codes = [api.post("contact/tags", api.credentials).status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    assert api.twin.control.get("/faults") == []


def test_faults_of_one_system_leave_the_other_alone(api: Api) -> None:
    api.twin.control.post("/faults", {"system": "salesforce", "kind": "status", "status": 503})
    assert api.post("user/listByClient", api.credentials).status_code == 200
    assert api.session.get(f"{api.twin.http}/services/data", timeout=30).status_code == 503


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", 0), ("reset_after", 1)])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_reset_comes_before_or_after_the_write(api: Api, kind: str, applied: int, scheme: str) -> None:
    plant(api, kind)
    body = api.credentials | {"contact": {"email": "a@example.com"}}
    url = f"{api.twin.http if scheme == 'http' else api.twin.https}/api/contact/upsert"
    with pytest.raises(requests.ConnectionError):
        api.session.post(url, json=body, timeout=30, verify=api.twin.ca)
    assert len(api.twin.control.get("/salesmanago/contacts")) == applied
    assert api.twin.control.get("/calls")["log"][-1]["status"] == 0
    assert api.session.post(url, json=body, timeout=30, verify=api.twin.ca).json()["success"] is True


def test_a_truncated_body_is_noticed(api: Api) -> None:
    plant(api, "truncate", keep=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.post("user/listByClient", api.credentials)


def test_latency_delays_the_answer(api: Api) -> None:
    plant(api, "latency", seconds=0.3)
    begin = time.monotonic()
    assert api.post("user/listByClient", api.credentials).json()["success"] is True
    assert time.monotonic() - begin >= 0.3


def test_a_dropped_row_is_not_written(api: Api) -> None:
    plant(api, "drop_row", row=1)
    rows = [{"contact": {"email": f"p{n}@example.com"}} for n in range(3)]
    assert list(api.call("contact/batchupsert", upsertDetails=rows)["contactIds"]) == [
        "p0@example.com",
        "p2@example.com",
    ]


def test_calls_are_counted_with_their_rows(api: Api) -> None:
    api.twin.control.delete("/calls")
    rows = [{"contact": {"email": f"p{n}@example.com"}} for n in range(3)]
    api.call("contact/batchupsert", upsertDetails=rows)
    api.call("contact/tags")
    api.call("contact/tags")
    report = api.twin.control.get("/calls")
    assert report["total"] == 3
    assert report["by"] == [
        {"system": "salesmanago", "method": "POST", "path": "/api/contact/batchupsert", "count": 1},
        {"system": "salesmanago", "method": "POST", "path": "/api/contact/tags", "count": 2},
    ]
    assert (report["log"][0]["rows"], report["log"][0]["status"]) == (3, 200)


def test_https_serves_the_same_and_its_authority_is_trusted(api: Api) -> None:
    url = f"{api.twin.https}/api/user/listByClient"
    assert api.session.post(url, json=api.credentials, verify=api.twin.ca, timeout=30).json()["success"] is True
    with pytest.raises(requests.exceptions.SSLError):
        api.session.post(url, json=api.credentials, timeout=30)


def test_the_domain_prefix_is_taken_off_the_path(api: Api) -> None:
    answer = api.session.get(f"{api.twin.https}/sb.salesforce.com/services/data", verify=api.twin.ca, timeout=30)
    assert api.twin.control.get("/calls")["log"][-1]["path"] == "/services/data"
    assert answer.status_code == 200
