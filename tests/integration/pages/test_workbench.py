"""Mapping workbench: a copy of a mapping checked, tried, taken as a file or a diff; saved where that is allowed."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest
import requests

from salesmanago_sync.domain.mapping_files.file import MOST_BYTES
from tests.integration.commands import here
from tests.integration.pages.conftest import Person, Program
from tests.integration.pages.test_permissions import audited
from tests.integration.sync import Sync

LEAD = """\
# Zażółć: "quotes" & <tags>
object: Lead
criteria:
  salesforce: {field: LeadSource, op: eq, value: Web}
fields:
  - {salesforce: Email, salesmanago: email}
  - {salesforce: [FirstName, LastName], salesmanago: name, convert: full_name}
"""
RATING = "  - {salesforce: Rating, salesmanago: properties.rating}\n"
TEXTAREA = re.compile(r"<textarea[^>]*>\n(.*?)</textarea>", re.DOTALL)
OPENED = re.compile(r'name="opened" value="([^"]*)"')


@pytest.fixture
def live(sync: Sync, api: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in use."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    sync.map_text("lead.yaml", LEAD)
    sync.forget_calls()
    return sync._folder / "mappings"


def opened(person: Person, file: str = "lead.yaml") -> dict[str, str]:
    """Open a file, and give what the form then holds."""
    page = person.get(f"/workbench?file={file}")
    assert page.status_code == 200, page.text
    [text], [digest] = TEXTAREA.findall(page.text), OPENED.findall(page.text)
    return {"file": file, "text": html.unescape(text), "opened": digest}


def draft_of(page: requests.Response) -> str:
    [text] = TEXTAREA.findall(page.text)
    return html.unescape(text)


def as_browsers_send(text: str) -> str:
    return text.replace("\n", "\r\n")


def test_every_fault_is_told_at_its_line_and_the_draft_stays(sync: Sync, live: Path, people: dict[str, Person]) -> None:
    form = opened(people["user"])
    assert form["text"] == LEAD
    wrong = LEAD.replace("op: eq", "op: is") + RATING.replace("Rating", "Ratng") + "conflcit: hold\n"
    page = people["user"].post("/workbench", **{**form, "text": as_browsers_send(wrong), "do": "check"})
    assert draft_of(page) == wrong
    assert [int(line) for line in re.findall(r'data-line="(\d+)"', page.text)] == [4, 8, 9]
    assert "Did you mean &#39;Rating&#39;" in page.text
    assert '<option value="LeadSource">' in page.text
    right = people["user"].post("/workbench", **form, do="check")
    assert "No fault, in the file and against the org." in right.text
    assert (live / "lead.yaml").read_text() == LEAD
    assert sync.writes() == []


def test_what_it_would_do_is_shown_and_nothing_is_written(sync: Sync, live: Path, people: dict[str, Person]) -> None:
    inside = sync.lead(LastName="A", Email="a@example.com", LeadSource="Web", Rating="Hot")
    sync.full()
    outside = sync.lead(LastName='<b>"B"</b>🎉', Email="b@example.com", LeadSource="Other")
    bindings, before = sync.bindings(), sync.everything()
    sync.forget_calls()
    text = LEAD.replace("Web", "Other") + RATING
    page = people["user"].post("/workbench", **{**opened(people["user"]), "text": text, "do": "try"})
    people_of_sample = page.text[page.text.index("People of the sample") : page.text.index("Fields of the sample")]
    assert re.search(rf"pauses</td>.*?{inside}", people_of_sample, re.DOTALL)
    assert re.search(rf"created in SALESmanago</td>.*?{outside}", people_of_sample, re.DOTALL)
    assert "created in SALESmanago" in page.text
    assert "&lt;b&gt;&#34;B&#34;&lt;/b&gt;🎉" in page.text
    assert "A full sync of Lead is due" in page.text
    assert (sync.writes(), sync.bindings(), sync.everything()) == ([], bindings, before)
    assert (live / "lead.yaml").read_text() == LEAD


def test_a_program_tries_files_and_is_told_what_the_command_tells(
    sync: Sync, live: Path, programs: dict[str, Program], tmp_path: Path
) -> None:
    for name in ("<b>A</b>🎉", "B"):
        sync.lead(LastName=name, Email=f"{len(name)}@example.com", LeadSource="Other", Rating="0")
    sync.forget_calls()
    for text, told in ((LEAD.replace("Web", "Other") + RATING, "created"), (LEAD + RATING.replace("R", "Q"), "Qating")):
        (tmp_path / "lead.yaml").write_text(text)
        printed = here("plan", "--mappings", str(tmp_path), "--sample", "1", "--output", "json")
        answer = programs["user"].post("/mappings/try", {"files": {"lead.yaml": text}, "sample": 1})
        assert answer.status_code == 200, answer.text
        assert json.loads(printed.out.splitlines()[-1]) == answer.json()["rows"]
        assert told in json.dumps(answer.json()["rows"])
    assert (live / "lead.yaml").read_text() == LEAD
    assert sync.writes() == []


def test_the_file_and_the_difference_are_downloads(live: Path, people: dict[str, Person], tmp_path: Path) -> None:
    text = LEAD.replace("Web", "Źródło") + RATING
    form = {**opened(people["user"]), "text": as_browsers_send(text)}
    taken = people["user"].post("/workbench", **form, do="file")
    assert taken.content.decode() == text
    assert taken.headers["Content-Disposition"] == "attachment; filename*=UTF-8''lead.yaml"
    difference = people["user"].post("/workbench", **form, do="difference")
    (tmp_path / "lead.yaml").write_text(LEAD)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=difference.content, check=True)
    assert (tmp_path / "lead.yaml").read_text() == text


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_a_file_keeps_its_line_ends(live: Path, people: dict[str, Person], ends: str) -> None:
    (live / "lead.yaml").write_bytes(LEAD.replace("\n", ends).encode())
    form = opened(people["user"])
    assert form["text"] == LEAD
    taken = people["user"].post("/workbench", **{**form, "text": as_browsers_send(LEAD)}, do="file")
    assert taken.content == (live / "lead.yaml").read_bytes()
    changed = {**form, "text": as_browsers_send(LEAD + RATING)}
    difference = people["user"].post("/workbench", **changed, do="difference")
    subprocess.run(["git", "apply", "-"], cwd=live, input=difference.content, check=True)
    assert (live / "lead.yaml").read_bytes() == (LEAD + RATING).replace("\n", ends).encode()


def test_the_difference_of_a_new_file_adds_it(live: Path, people: dict[str, Person]) -> None:
    form = {**opened(people["user"], "contact.yaml"), "text": "object: Contact\nfields: []"}
    difference = people["user"].post("/workbench", **form, do="difference")
    subprocess.run(["git", "apply", "-"], cwd=live, input=difference.content, check=True)
    assert (live / "contact.yaml").read_text() == "object: Contact\nfields: []"


def test_a_file_of_ones_own_is_put_in_the_editor(live: Path, people: dict[str, Person]) -> None:
    form = opened(people["user"])

    def put(content: bytes) -> requests.Response:
        return people["user"].post("/workbench", files={"upload": ("x.yaml", content)}, **form, do="open")

    assert draft_of(put(b"object: Contact\r\nfields: []\r\n")) == "object: Contact\nfields: []\n"
    for content, told in [
        (b"", "Choose a file first"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"a" * (MOST_BYTES + 1), "more than 128 KiB"),
    ]:
        page = put(content)
        assert told in page.text
        assert draft_of(page) == LEAD, "what was typed stays"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "object: Lead\n\tenabled: true\n",
        "object: Lead\nobject: Lead\n" + LEAD,
        '!!python/object/apply:os.system ["touch /tmp/pwned"]\n',
        "object: !!python/name:os.system\nfields: []\n",
        "[" * 20_000,
        BOMB,
        "</textarea><script>alert(1)</script>",
        "object: '</textarea><script>alert(1)</script>'\nfields: []\n",
        "object: '\ud83d'\n".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ],
    ids=range(11),
)
def test_hostile_yaml_is_a_fault_and_no_crash(sync: Sync, live: Path, people: dict[str, Person], text: str) -> None:
    form = {**opened(people["user"]), "text": text}
    for do in ("check", "try"):
        page = people["user"].post("/workbench", **form, do=do)
        assert page.status_code == 200, page.text
        assert 'id="faults"' in page.text
        assert "<script>alert" not in page.text
    assert sync.writes() == []


def test_a_draft_of_a_megabyte_is_refused(live: Path, people: dict[str, Person]) -> None:
    page = people["user"].post("/workbench", **{**opened(people["user"]), "text": "a" * 1_000_000, "do": "check"})
    assert page.status_code == 400


@pytest.mark.parametrize("name", ["../lead.yaml", "/etc/passwd", "nothing.yaml", "lead.yaml\0"])
def test_only_the_files_of_the_folder_are_opened(live: Path, people: dict[str, Person], name: str) -> None:
    assert people["user"].get(f"/workbench?file={requests.utils.quote(name)}").status_code == 404
    form = {**opened(people["user"]), "file": name}
    assert people["user"].post("/workbench", **form, do="file").status_code == 404


def test_a_service_that_refuses_leaves_the_draft(sync: Sync, live: Path, people: dict[str, Person]) -> None:
    form = {**opened(people["user"]), "text": LEAD + "x: 1\n"}
    sync.control.post("/salesforce/settings", {"api_enabled": False})
    for do in ("check", "try"):
        page = people["user"].post("/workbench", **form, do=do)
        assert "The services could not be asked" in page.text
        assert "there is no key &#39;x&#39; here" in page.text
        assert draft_of(page) == LEAD + "x: 1\n"


class TestSaving:
    @pytest.fixture(autouse=True)
    def allowed(self, sync: Sync, live: Path) -> None:
        sync.set(may_edit_mappings="true")

    def test_a_draft_replaces_the_file_whole_and_the_audit_log_says_who(
        self, live: Path, people: dict[str, Person]
    ) -> None:
        before = len(audited())
        (live / "lead.yaml").chmod(0o640)
        form = {**opened(people["admin"]), "text": as_browsers_send(LEAD + RATING)}
        answer = people["admin"].post("/workbench/save", **form)
        assert answer.status_code == 303, answer.text
        assert (live / "lead.yaml").read_text() == LEAD + RATING
        assert (live / "lead.yaml").stat().st_mode & 0o777 == 0o640
        assert [path.name for path in live.iterdir()] == ["lead.yaml"]
        told = people["admin"].get(answer.headers["Location"].removeprefix("/salesmanago")).text
        assert "Saved as lead.yaml" in told
        assert [(event, who) for event, who, _ in audited()[before:]] == [("salesmanago edit mapping", "admin")]

    def test_a_new_file_is_added_and_of_two_who_press_the_second_is_told(
        self, live: Path, people: dict[str, Person]
    ) -> None:
        form = {**opened(people["admin"], "contact.yaml"), "text": LEAD.replace("Lead", "Contact", 1)}
        assert form["opened"] == "absent"
        assert people["admin"].post("/workbench/save", **form).status_code == 303
        page = people["admin"].post("/workbench/save", **{**form, "text": form["text"] + "conflict: hold\n"})
        assert "changed since you opened it" in page.text
        assert draft_of(page).endswith("conflict: hold\n")
        assert (live / "contact.yaml").read_text() == form["text"]

    def test_a_file_that_changed_or_has_faults_is_not_saved(self, live: Path, people: dict[str, Person]) -> None:
        before, form = len(audited()), opened(people["admin"])
        page = people["admin"].post("/workbench/save", **{**form, "text": LEAD + RATING.replace("Rating", "Ratng")})
        assert "Nothing was saved" in page.text
        (live / "lead.yaml").write_text(LEAD + "# another\n")
        page = people["admin"].post("/workbench/save", **{**form, "text": LEAD + RATING})
        assert "changed since you opened it" in page.text
        (live / "lead.yaml").unlink()
        assert "changed since you opened it" in people["admin"].post("/workbench/save", **form).text
        assert list(live.iterdir()) == []
        assert len(audited()) == before

    def test_without_the_right_nobody_saves(self, live: Path, people: dict[str, Person]) -> None:
        form = {**opened(people["user"]), "text": LEAD + RATING}
        assert "/workbench/save" not in people["user"].get("/workbench").text
        assert "/workbench/save" in people["admin"].get("/workbench").text
        for role in ("user", "viewer", "nobody"):
            assert people[role].post("/workbench/save", **form).status_code in (401, 403)
        assert (live / "lead.yaml").read_text() == LEAD

    def test_a_folder_that_cannot_be_written_is_told(
        self, live: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*args: object, **how: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr("salesmanago_sync.hooks.whole_file.mkstemp", full)
        page = people["admin"].post("/workbench/save", **{**opened(people["admin"]), "text": LEAD + RATING})
        assert "cannot be written: Read-only file system" in page.text
        assert (live / "lead.yaml").read_text() == LEAD


def test_without_the_setting_nobody_saves(live: Path, people: dict[str, Person]) -> None:
    page = people["admin"].get("/workbench").text
    assert "/workbench/save" not in page
    assert "SALESMANAGO_SYNC_MAY_EDIT_MAPPINGS" in page
    answer = people["admin"].post("/workbench/save", **{**opened(people["admin"]), "text": LEAD + RATING})
    assert answer.status_code == 403
    assert (live / "lead.yaml").read_text() == LEAD
