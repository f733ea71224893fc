from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from salesmanago_sync.clients.endpoint import may_download, normalise_endpoint, warning_of
from salesmanago_sync.clients.landing_page import landing_page_url

PAGE = ("app2.salesmanago.com", "abcd1234efgh5678", "mskey-0001", "crm_card")


@pytest.mark.parametrize(
    ("person", "sha"),
    [
        ({"contact_id": "00000000-0000-4000-8000-000000000001"}, "39924195a921908a9e206cbae81b2a2061357c25"),
        ({"email": "jan@example.com"}, "cebe0a7ffd602318af4d7ae8a2dbd49a62f68184"),
        ({}, "0acbcdc423d0a9248e93fe7ab0bfdc3f9962b8a7"),
    ],
)
def test_the_page_is_signed_for_one_person(person: dict[str, str], sha: str) -> None:
    url = landing_page_url(*PAGE, **person)
    assert parse_qs(urlsplit(url).query)["sha"] == [sha]
    assert url.startswith("https://app2.salesmanago.com/ms/abcd1234efgh5678/default/crm_card.htm?")
    assert "mskey" not in url


def test_the_id_is_preferred_to_the_address() -> None:
    assert "email" not in landing_page_url(*PAGE, contact_id="1", email="jan@example.com")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("app2.salesmanago.com", "https://app2.salesmanago.com"),
        (" https://App3.SALESmanago.pl/api/ ", "https://app3.salesmanago.pl"),
        ("app.manago.ai/api", "https://app.manago.ai"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000/api", "http://localhost:8000"),
        ("http://twin:8000", "http://twin:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://192.168.1.5", "http://192.168.1.5"),
    ],
)
def test_an_endpoint_is_accepted_as_people_copy_it(typed: str, address: str) -> None:
    assert normalise_endpoint(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["", "https://", "ftp://app2.salesmanago.com", "app2.salesmanago.com/login.htm", "http://app2.salesmanago.com",
     "https://user:pw@app2.salesmanago.com", "http://8.8.8.8", "app2.salesmanago.com?x=1"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"host name|path|http"):
        normalise_endpoint(typed)


@pytest.mark.parametrize(
    ("endpoint", "warned"),
    [
        ("https://app2.salesmanago.com", False), ("http://localhost:8000", False), ("http://127.0.0.1", False),
        ("http://127.8.8.8:1", False), ("http://[::1]:8000", False), ("http://sm.localhost", False),
        ("http://twin:8000", True), ("http://192.168.1.5", True), ("http://10.0.0.1", True),
    ],
)  # fmt: skip
def test_http_to_another_machine_is_warned_about(endpoint: str, warned: bool) -> None:
    assert ("uses http" in warning_of(endpoint)) is warned


@pytest.mark.parametrize(
    ("endpoint", "url", "allowed"),
    [
        ("https://app2.salesmanago.com", "https://app2.salesmanago.com/files/x.json", True),
        ("https://app2.salesmanago.com", "https://files.salesmanago.com/x.json", True),
        ("https://app2.salesmanago.com", "https://APP2.salesmanago.com:443/x.json", True),
        ("https://app2.salesmanago.com", "https://files.example.net/x.json", True),
        ("https://app2.salesmanago.com", "http://app2.salesmanago.com/x.json", False),
        ("https://app2.salesmanago.com", "http://files.example.net/x.json", False),
        ("https://app2.salesmanago.com", "https://evilsalesmanago.com/x.json", False),
        ("https://app2.salesmanago.com", "https://app2.salesmanago.com.evil.example.net/x.json", False),
        ("https://app2.salesmanago.com", "https://app2.salesmanago.com@evil.example.net/x.json", False),
        ("https://app2.salesmanago.com", "https://user:x@files.salesmanago.com/x.json", False),
        ("https://app2.salesmanago.com", "https://169.254.169.254/latest", False),
        ("https://app2.salesmanago.com", "file:///etc/passwd", False),
        ("https://app2.salesmanago.com", "x", False),
        ("https://salesmanago.com", "https://evil.com/x.json", False),
        ("https://vendor.co.uk", "https://evil.co.uk/x.json", False),
        ("https://10.0.0.1", "https://9.0.0.1/x.json", False),
        ("http://127.0.0.1:8180", "http://127.0.0.1:8180/files/x.json", True),
        ("http://127.0.0.1:8180", "http://127.0.0.1:9000/files/x.json", False),
    ],
)
def test_files_of_exports_come_from_the_accounts_own_domain(endpoint: str, url: str, allowed: bool) -> None:
    assert may_download(endpoint, url, ("files.example.net",)) is allowed
