from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests

from salesmanago_sync.clients import salesforce_metadata
from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.clients.salesforce_soap import envelope
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError, SyncError, UnknownOutcomeError
from tests.unit.clients.service import Call, Reply, Service, refusal

Made = Callable[[Any], tuple[Salesforce, Service]]
HEAD = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="http://soap.sforce.com/2006/04/metadata">'
)
DEPLOY = "/services/data/v66.0/metadata/deployRequest"


def soap(body: str, status: int = 200) -> Reply:
    return Reply(f"{HEAD}<e:Body>{body}</e:Body></e:Envelope>".encode(), status)


def fault(code: str, text: str = "told") -> Reply:
    return soap(f"<e:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {text}</faultstring></e:Fault>", 500)


def archive(**files: bytes) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return base64.b64encode(buffer.getvalue()).decode()


def checked(done: bool, **more: str) -> Reply:
    parts = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return soap(
        f"<checkRetrieveStatusResponse><result><done>{str(done).lower()}</done>{parts}</result></checkRetrieveStatusResponse>"
    )


ASKED = soap("<retrieveResponse><result><done>false</done><id>09S1</id></result></retrieveResponse>")


def result(done: bool = True, success: bool = True, **more: Any) -> Reply:
    return Reply({"deployResult": {"done": done, "success": success, "status": "x", **more}})


def test_components_are_listed_with_their_package(salesforce: Made) -> None:
    client, service = salesforce(
        [
            soap(
                "<listMetadataResponse><result><fullName>Lead-A %26 B</fullName><type>Layout</type></result>"
                "<result><fullName>Lead-C</fullName><namespacePrefix>vendor</namespacePrefix></result>"
                "</listMetadataResponse>"
            )
        ]
    )
    found = client.metadata.list("Layout")
    assert [(one.name, one.namespace) for one in found] == [("Lead-A %26 B", ""), ("Lead-C", "vendor")]
    assert service.lines == ["POST /services/Soap/m/66.0"]
    assert (
        b"<listMetadata><queries><type>Layout</type></queries><asOfVersion>66.0</asOfVersion>" in service.calls[0].body
    )


def test_a_retrieve_is_waited_for(salesforce: Made, waits: list[float]) -> None:
    done = checked(True, success="true", zipFile=archive(**{"unpackaged/layouts/L.layout": b"<Layout/>"}))
    client, service = salesforce([ASKED, checked(False), checked(False), done])
    assert client.metadata.retrieve({"Layout": ["L & M"], "Profile": []}) == {"layouts/L.layout": b"<Layout/>"}
    assert b"<members>L &amp; M</members><name>Layout</name>" in service.calls[0].body
    assert b"Profile" not in service.calls[0].body
    assert waits == sorted(waits)
    assert len(waits) == 2


def test_nothing_is_asked_for_nothing(salesforce: Made) -> None:
    client, _ = salesforce([])
    assert client.metadata.retrieve({"Layout": []}) == {}


def encrypted() -> str:
    packed = bytearray(base64.b64decode(archive(a=b"x" * 100)))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(header) + flags] |= 1
    return base64.b64encode(packed).decode()


def damaged() -> str:
    packed = bytearray(base64.b64decode(archive(a=b"some bytes of a file" * 10)))
    packed[45] ^= 255
    return base64.b64encode(packed).decode()


@pytest.mark.parametrize(
    "content", ["", "a", "ą", base64.b64encode(b"PK no zip").decode(), encrypted(), damaged()],
    ids=["empty", "no base64", "no ASCII", "no zip", "encrypted", "damaged"],
)  # fmt: skip
def test_a_damaged_zip_is_our_own_error(salesforce: Made, content: str) -> None:
    client, _ = salesforce([ASKED, checked(True, success="true", zipFile=content)])
    with pytest.raises(RetriableError, match="is no zip"):
        client.metadata.retrieve({"Layout": ["L"]})


@pytest.mark.parametrize("bound", ["LARGEST_UNPACKED", "MOST_FILES"])
def test_a_zip_that_unpacks_without_end_is_not_unpacked(
    salesforce: Made, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(salesforce_metadata, bound, 3)
    content = archive(**{f"f{number}": b"x" for number in range(4)})
    client, _ = salesforce([ASKED, checked(True, success="true", zipFile=content)])
    with pytest.raises(FatalError, match="unpack to more"):
        client.metadata.retrieve({"Layout": ["L"]})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'<?xml version="1.0" encoding="klingon"?><a/>'),
        Reply(b'<?xml version="1.0" encoding="shift_jis"?><a/>'),
        soap(""),
        soap("<retrieveResponse/>"),
        soap("<retrieveResponse><result/><result/></retrieveResponse>"),
        Reply(b"<a>" * 100_000),
    ],
)
def test_an_odd_answer_of_the_metadata_api_is_our_own_error(salesforce: Made, reply: Reply) -> None:
    client, _ = salesforce([reply] * 4)
    with pytest.raises(RetriableError):
        client.metadata.retrieve({"Layout": ["L"]})


@pytest.mark.parametrize("body", [None, [], {"id": []}, {"id": None}, "x"])
def test_a_deployment_without_a_job_is_our_own_error(salesforce: Made, body: Any) -> None:
    client, _ = salesforce([Reply(body, 201)] * 4)
    with pytest.raises(SyncError):
        client.metadata.deploy(b"zip", check_only=True)


@pytest.mark.parametrize("odd", [None, [], "x", [None, "x", {"fullName": "Good"}]])
def test_odd_details_of_a_deployment_are_left_out(salesforce: Made, odd: Any) -> None:
    details = {"componentSuccesses": odd, "componentFailures": odd, "runTestResult": odd}
    client, _ = salesforce([Reply({"id": "0Af1"}, 201), result(success=True, details=details)])
    assert client.metadata.deploy(b"zip", check_only=True).ok


def test_a_retrieve_that_failed_says_why(salesforce: Made) -> None:
    client, _ = salesforce([ASKED, checked(True, success="false", errorMessage="too large for anna@example.com")])
    with pytest.raises(FatalError, match="too large for <e-mail>"):
        client.metadata.retrieve({"Layout": ["L"]})


def test_a_session_that_ran_out_is_renewed_once(salesforce: Made) -> None:
    client, service = salesforce([fault("INVALID_SESSION_ID"), soap("<listMetadataResponse/>")])
    assert client.metadata.list("Layout") == []
    assert len(service.lines) == 2
    client, _ = salesforce([fault("INVALID_SESSION_ID"), fault("INVALID_SESSION_ID")])
    with pytest.raises(AuthenticationError, match="Log-in was refused twice"):
        client.metadata.list("Layout")


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (fault("INSUFFICIENT_ACCESS"), FatalError, "Modify Metadata Through Metadata API Functions"),
        (fault("API_DISABLED_FOR_ORG"), FatalError, "This edition has no REST API"),
        (fault("SOMETHING_NEW", "about anna@example.com"), FatalError, "SOMETHING_NEW: about <e-mail>"),
    ],
)
def test_a_fault_says_what_to_do(salesforce: Made, reply: Reply, error: type[Exception], told: str) -> None:
    client, _ = salesforce([reply])
    with pytest.raises(error, match=told):
        client.metadata.list("Layout")


@pytest.mark.parametrize("reply", [Reply(b"<html>busy</html>", 500), fault("UNKNOWN_EXCEPTION"), Reply(b"", 503)])
def test_what_passes_is_tried_again(salesforce: Made, reply: Reply, waits: list[float]) -> None:
    client, _ = salesforce([reply, soap("<listMetadataResponse/>")])
    assert client.metadata.list("Layout") == []
    assert len(waits) == 1


def test_a_session_never_gets_into_an_error(salesforce: Made) -> None:
    client, _ = salesforce([requests.ConnectionError("token 00D!secret in an address")] * 4)
    with pytest.raises(RetriableError) as caught:
        client.metadata.list("Layout")
    assert "secret" not in str(caught.value)


def test_a_deployment_is_sent_as_two_parts_and_waited_for(salesforce: Made) -> None:
    success = {
        "componentSuccesses": [
            {"fullName": "package.xml"},
            {"fullName": "Lead.X__c", "created": True},
            {"fullName": "Y"},
        ]
    }
    client, service = salesforce([Reply({"id": "0Af1"}, 201), result(done=False), result(details=success)])
    done = client.metadata.deploy(b"PK zip", check_only=True, tests=["SALESmanagoCardTest"])
    assert (done.ok, done.components, done.changed, done.id) == (True, 2, 1, "0Af1")
    assert service.lines == [f"POST {DEPLOY}", f"GET {DEPLOY}/0Af1", f"GET {DEPLOY}/0Af1"]
    sent = service.calls[0]
    assert sent.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    options = json.loads(sent.body.split(b"\r\n\r\n")[1].split(b"\r\n--")[0])["deployOptions"]
    assert {name: options[name] for name in ("checkOnly", "rollbackOnError", "testLevel", "runTests")} == {
        "checkOnly": True,
        "rollbackOnError": True,
        "testLevel": "RunSpecifiedTests",
        "runTests": ["SALESmanagoCardTest"],
    }
    assert b"PK zip" in sent.body


def test_a_deployment_without_classes_runs_no_tests(salesforce: Made) -> None:
    client, service = salesforce([Reply({"id": "0Af1"}, 201), result()])
    client.metadata.deploy(b"zip", check_only=False)
    assert b"testLevel" not in service.calls[0].body
    assert b"runTests" not in service.calls[0].body


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (
            {"componentFailures": [{"componentType": "Layout", "fullName": "L", "problem": "no field X"}]},
            ["Layout L: no field X"],
        ),
        (
            {"componentFailures": {"componentType": "", "fullName": "p", "problem": "one alone"}},
            ["package p: one alone"],
        ),
        (
            {"runTestResult": {"failures": [{"name": "T", "methodName": "m", "message": "anna@example.com is wrong"}]}},
            ["Apex test T.m: <e-mail> is wrong"],
        ),
        (
            {"runTestResult": {"codeCoverageWarnings": [{"name": "C", "message": "0%"}]}},
            ["Apex coverage C: 0%"],
        ),
        ({}, ["package: broken zip"]),
    ],
)
def test_a_refused_deployment_tells_every_problem(salesforce: Made, details: dict[str, Any], told: list[str]) -> None:
    client, _ = salesforce(
        [Reply({"id": "0Af1"}, 201), result(success=False, details=details, errorMessage="broken zip")]
    )
    done = client.metadata.deploy(b"zip", check_only=False)
    assert not done.ok
    assert [str(problem) for problem in done.problems] == told


def test_a_deployment_whose_answer_was_lost_is_sent_again(salesforce: Made) -> None:
    client, service = salesforce([requests.ReadTimeout(), Reply({"id": "0Af1"}, 201), result()])
    assert client.metadata.deploy(b"zip", check_only=False).ok
    assert [line.split()[0] for line in service.lines] == ["POST", "POST", "GET"]


def test_the_values_of_the_setting_never_get_into_an_error(salesforce: Made) -> None:
    client, _ = salesforce([refusal("STRING_TOO_LONG", "MicroSite Key: data value too large: s3cret-key")])
    with pytest.raises(FatalError, match="could not write the custom setting") as caught:
        client.set_setting("S__c", "00D1", None, {"Microsite_Key__c": "s3cret-key"})
    assert "s3cret" not in str(caught.value)


def test_a_permission_set_is_given_once(salesforce: Made) -> None:
    def answer(call: Call) -> Reply:
        if call.line.endswith("userinfo"):
            return Reply({"user_id": "005000000000001AAA"})
        if call.line.startswith("GET") and "PermissionSetAssignment" in call.soql:
            return Reply({"done": True, "records": assigned})
        if call.line.startswith("GET"):
            return Reply({"done": True, "records": [{"Id": "0PS000000000001AAA"}]})
        return Reply({"id": "0Pa1"}, 201)

    assigned: list[dict[str, str]] = []
    client, service = salesforce(answer)
    assert client.assign_permission_set("P") is True
    assert service.calls[-1].body == {"AssigneeId": "005000000000001AAA", "PermissionSetId": "0PS000000000001AAA"}
    assigned.append({"Id": "0Pa1"})
    assert client.assign_permission_set("P") is False


def test_an_envelope_escapes_what_it_carries() -> None:
    text = envelope("00D!<&>", "m", {"flag": True, "many": ["<a>", "b"], "deep": {"x": "y"}}).decode()
    assert "<sessionId>00D!&lt;&amp;&gt;</sessionId>" in text
    assert "<m><flag>true</flag><many>&lt;a&gt;</many><many>b</many><deep><x>y</x></deep></m>" in text


def test_an_answer_that_never_comes_leaves_a_deployment_unknown(salesforce: Made) -> None:
    client, _ = salesforce([requests.ReadTimeout()] * 4)
    with pytest.raises(UnknownOutcomeError):
        client.metadata.deploy(b"zip", check_only=False)
