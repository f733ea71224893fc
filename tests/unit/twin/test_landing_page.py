from __future__ import annotations

import hashlib

import pytest

from tests.unit.twin.conftest import Api


def page(api: Api, person: str, **query: str) -> tuple[int, str]:
    known = api.known
    text = known["client_id"] + person + known["microsite_key"] + known["iframe_name"]
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    url = f"{known['endpoint']}/ms/{known['client_id']}/default/{known['iframe_name']}.htm"
    answer = api.session.get(url, params=query | {"sha": sha}, timeout=30)
    return answer.status_code, answer.text


def test_the_page_shows_the_contact_of_a_signed_link(api: Api) -> None:
    number = api.upsert("jan+x@example.com", {"name": "Jan <b>Kowalski</b>"})
    for person, query in ((number, {"contactId": number}), ("jan+x@example.com", {"email": "jan+x@example.com"})):
        status, html = page(api, person, **query)
        assert status == 200
        assert "Jan &lt;b&gt;Kowalski&lt;/b&gt;" in html


def test_without_a_contact_the_page_shows_nobody(api: Api) -> None:
    status, html = page(api, "")
    assert (status, "Nobody" in html) == (200, True)


@pytest.mark.parametrize("query", [{"contactId": "other"}, {"email": "ewa@example.com"}])
def test_a_link_signed_for_somebody_else_is_refused(api: Api, query: dict[str, str]) -> None:
    assert page(api, "jan@example.com", **query)[0] == 403


def test_an_unknown_page_is_not_found(api: Api) -> None:
    url = f"{api.known['endpoint']}/ms/{api.known['client_id']}/default/other.htm"
    assert api.session.get(url, timeout=30).status_code == 404


def test_salesforce_may_show_the_page_in_a_frame(api: Api) -> None:
    number = api.upsert("jan@example.com")
    known = api.known
    text = known["client_id"] + number + known["microsite_key"] + known["iframe_name"]
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    url = f"{known['endpoint']}/ms/{known['client_id']}/default/{known['iframe_name']}.htm"
    answer = api.session.get(url, params={"contactId": number, "sha": sha}, timeout=30)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("frame-ancestors 'self' https://*.vf.force.com ")
