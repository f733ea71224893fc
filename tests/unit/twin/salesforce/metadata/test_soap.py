from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree  # type: ignore[import-untyped]
from simple_salesforce import Salesforce
from simple_salesforce import metadata as shipped

from tests.unit.twin.salesforce.metadata.conftest import MetadataApi, document, text_field, zipped
from twin.salesforce import Org
from twin.salesforce.metadata import xml

NAMED = {"CustomField": ["Lead.SM_Id__c"]}
FIELD = {"objects/Lead.object": document("CustomObject", text_field("SM_Id__c"))}
SCHEMA = "{http://www.w3.org/2001/XMLSchema}"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("path", ["", "/00DgK0000000001", "/deployRequest"])
def test_deploy_and_its_status(metadata: MetadataApi, org: Org, path: str) -> None:
    options = (
        "<DeployOptions><rollbackOnError>True</rollbackOnError><singlePackage>true</singlePackage></DeployOptions>"
    )
    body = f"<deploy><ZipFile>{encoded(zipped(NAMED, FIELD))}</ZipFile>{options}</deploy>"
    _, answer = metadata.soap(body, path=path)
    started = {xml.name_of(one): one.text for one in answer[0]}
    assert (started["done"], started["state"], started["id"][:3]) == ("false", "Queued", "0Af")
    status = f"<checkDeployStatus><asyncProcessId>{started['id']}</asyncProcessId><includeDetails>true</includeDetails>"
    _, answer = metadata.soap(f"{status}</checkDeployStatus>")
    result = answer[0]
    assert [result.findtext(f"{{*}}{name}") for name in ("status", "done", "success")] == ["Succeeded", "true", "true"]
    assert result.findtext("{*}createdDate").endswith("Z")
    names = [one.findtext("{*}fullName") for one in result.iterfind("{*}details/{*}componentSuccesses")]
    assert names == ["package.xml", "Lead.SM_Id__c"]
    assert "SM_Id__c" in org.all_fields("Lead")


def test_simple_salesforce_deploys(client: Salesforce, org: Org, tmp_path: Path) -> None:
    file = tmp_path / "deploy.zip"
    file.write_bytes(zipped(NAMED, FIELD))
    started: Any = client.deploy(file, sandbox=False, testLevel="NoTestRun")
    status: Any = client.checkDeployStatus(started["asyncId"])
    assert (status["state"], status["deployment_detail"]["deployed_count"]) == ("Succeeded", "1")
    assert "SM_Id__c" in org.all_fields("Lead")


def test_a_session_is_asked_for(metadata: MetadataApi) -> None:
    status, fault = metadata.soap("<describeMetadata/>", token="00Dnobody")
    assert (status, fault.findtext("faultcode")) == (500, "sf:INVALID_SESSION_ID")


def test_an_empty_zip_is_refused(metadata: MetadataApi) -> None:
    status, fault = metadata.soap("<deploy><ZipFile></ZipFile></deploy>")
    assert (status, fault.findtext("faultstring")) == (500, "INVALID_OPERATION: No zip file content passed in")


def test_retrieve_brings_files_a_manifest_and_what_it_missed(metadata: MetadataApi) -> None:
    metadata.deploy(NAMED, FIELD)
    wanted = {"CustomField": ["Lead.SM_Id__c"], "Layout": ["Lead-Lead Layout", "Lead-Gone"]}
    files, problems = metadata.retrieve(wanted, single=False)
    assert set(files) == {
        "unpackaged/package.xml", "unpackaged/objects/Lead.object", "unpackaged/layouts/Lead-Lead Layout.layout",
    }  # fmt: skip
    assert problems == ["Entity of type 'Layout' named 'Lead-Gone' cannot be found"]
    assert b"<members>Lead-Lead Layout</members>" in files["unpackaged/package.xml"]
    assert b"Lead-Gone" not in files["unpackaged/package.xml"]
    assert b"<fullName>SM_Id__c</fullName>" in files["unpackaged/objects/Lead.object"]


def test_list_and_describe(metadata: MetadataApi, org: Org) -> None:
    org.add_field("Lead", {"name": "Old__c", "type": "string"})
    metadata.deploy(NAMED, FIELD)
    queries = "<queries><type>Layout</type></queries><queries><type>CustomField</type></queries>"
    _, answer = metadata.soap(f"<listMetadata>{queries}<asOfVersion>66.0</asOfVersion></listMetadata>")
    listed = {(one.findtext("{*}type"), one.findtext("{*}fullName")) for one in answer}
    assert {("Layout", "Lead-Lead Layout"), ("CustomField", "Lead.SM_Id__c"), ("CustomField", "Lead.Old__c")} <= listed
    _, answer = metadata.soap("<describeMetadata><asOfVersion>66.0</asOfVersion></describeMetadata>")
    suffixes = {
        one.findtext("{*}xmlName"): one.findtext("{*}suffix") for one in answer[0].iterfind("{*}metadataObjects")
    }
    assert (suffixes["Layout"], suffixes["PermissionSet"]) == ("layout", "permissionset")
    status, fault = metadata.soap("<listMetadata><queries><type>Nonsense</type></queries></listMetadata>")
    assert (status, fault.findtext("faultstring")) == (500, "INVALID_TYPE: Unknown type:Nonsense")


def test_read_answers_a_wrong_name_with_an_empty_record(metadata: MetadataApi) -> None:
    names = "<fullNames>Lead-Lead Layout</fullNames><fullNames>Lead-Gone</fullNames>"
    _, answer = metadata.soap(f"<readMetadata><type>Layout</type>{names}</readMetadata>")
    found, lost = answer[0]
    assert found.findtext("{*}fullName") == "Lead-Lead Layout"
    assert len(found.findall("{*}layoutSections")) == 6
    assert len(lost) == 0
    too_many = "<fullNames>x</fullNames>" * 11
    assert metadata.soap(f"<readMetadata><type>Layout</type>{too_many}</readMetadata>")[0] == 500


def test_the_element_table_is_that_of_the_wsdl() -> None:
    wsdl = etree.parse(str(Path(str(shipped.__file__)).with_name("metadata.wsdl")))
    types = {one.get("name"): one for one in wsdl.iter(f"{SCHEMA}complexType") if one.get("name")}
    table = yaml.safe_load(Path(str(xml.__file__)).with_name("elements.yaml").read_text())
    for name in table["types"]:
        assert list(xml.elements(name)) == declared(types, name), name


def declared(types: dict[str, Any], name: str) -> list[str]:
    base = types[name].find(f".//{SCHEMA}extension")
    inherited = declared(types, base.get("base").partition(":")[2]) if base is not None else []
    return inherited + [one.get("name") for one in types[name].iterfind(f".//{SCHEMA}sequence/{SCHEMA}element")]
