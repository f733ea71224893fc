from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.domain.setup.layout import LayoutError, add_section, read_outline
from salesmanago_sync.domain.setup.org_files import read_xml
from salesmanago_sync.errors import FatalError

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XMLNS = "http://soap.sforce.com/2006/04/metadata"
FIELDS = ["SALESmanago_Score__c", "SALESmanago_State__c"]
PAGE = "SALESmanagoLead"


def section(label: str, *items: str, style: str = "TwoColumnsTopToBottom") -> str:
    listed = "".join(f"<layoutItems><behavior>Edit</behavior><field>{item}</field></layoutItems>" for item in items)
    return (
        f"    <layoutSections>\n        <label>{label}</label>\n        <layoutColumns>{listed}</layoutColumns>\n"
        f"        <style>{style}</style>\n    </layoutSections>\n"
    )


def layout(*parts: str) -> str:
    return f'{HEAD}<Layout xmlns="{XMLNS}">\n{"".join(parts)}</Layout>\n'


PLAIN = layout(
    "    <emailDefault>true</emailDefault>\n",
    section("Lead Information", "Name", "Status"),
    section("Custom Links", style="CustomLinks"),
    "    <showSubmitAndAttachButton>false</showSubmitAndAttachButton>\n",
)


def names(content: bytes) -> list[str]:
    root = ET.fromstring(content)
    return [part.findtext(f"{{{XMLNS}}}label", "") for part in root if part.tag.rpartition("}")[2] == "layoutSections"]


def add(text: str | bytes) -> bytes:
    content = text if isinstance(text, bytes) else text.encode()
    edit = add_section(content, FIELDS, PAGE)
    assert edit.undo(edit.edited) == content
    assert add_section(edit.edited, FIELDS, PAGE).inserted == b"", "a second insert changes nothing"
    return edit.edited


def test_the_section_stands_after_the_others_and_before_the_links() -> None:
    assert names(add(PLAIN)) == ["Lead Information", "SALESmanago", "Custom Links"]


def test_nothing_but_the_section_is_new() -> None:
    edit = add_section(PLAIN.encode(), FIELDS, PAGE)
    assert edit.edited == PLAIN.encode()[: edit.at] + edit.inserted + PLAIN.encode()[edit.at :]
    assert edit.inserted.decode().strip().startswith("<layoutSections>")


def test_the_section_holds_the_fields_and_the_page() -> None:
    root = ET.fromstring(add(PLAIN))
    ours = next(part for part in root if part.findtext(f"{{{XMLNS}}}label") == "SALESmanago")
    shown = [part.text for part in ours.iter() if part.tag.rpartition("}")[2] in {"field", "page"}]
    assert shown == [*FIELDS, PAGE]


def test_a_field_that_the_layout_shows_is_left_out() -> None:
    text = layout(section("Lead Information", "Name", "salesmanago_score__C"))
    assert add(text).decode().casefold().count("salesmanago_score__c") == 1


def test_a_field_of_a_package_with_the_same_name_is_another_field() -> None:
    text = layout(section("Lead Information", "Name", "vendor__SALESmanago_Score__c"))
    assert "<field>SALESmanago_Score__c</field>" in add(text).decode()


@pytest.mark.parametrize("label", ["SALESmanago", "salesMANAGO", " SALESmanago ", "SALES<!-- x -->manago"])
def test_a_section_that_is_there_is_found_however_it_is_spelled(label: str) -> None:
    assert add_section(layout(section(label)).encode(), FIELDS, PAGE).inserted == b""


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- <layoutSections><label>SALESmanago</label></layoutSections> -->",
        "<![CDATA[<layoutSections><label>SALESmanago</label></layoutSections>]]>",
        "<related><label>SALESmanago</label></related>",
    ],
)
def test_what_only_looks_like_a_section_is_none(hidden: str) -> None:
    text = layout(section("Lead Information", "Name"), f"    {hidden}\n")
    edited = add(text).decode()
    assert hidden in edited
    assert edited.count("<customLabel>") == 1


def test_a_label_that_names_us_among_other_words_is_another_section() -> None:
    text = layout(section("SALESmanago &amp; Newsletter", "Name"))
    assert names(add(text)) == ["SALESmanago & Newsletter", "SALESmanago"]


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    content = b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode()
    edited = add(content)
    assert edited.startswith(b"\xef\xbb\xbf<?xml")
    assert edited.count(b"\n") == edited.count(b"\r\n")


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1250"])
def test_the_encoding_stays(encoding: str) -> None:
    text = PLAIN.replace("UTF-8", encoding).replace("Lead Information", "Główne" if "1250" in encoding else "Größe")
    edited = add(text.encode(encoding))
    assert "<label>SALESmanago</label>" in edited.decode(encoding)


def test_indentation_follows_the_document() -> None:
    tabs = PLAIN.replace("    ", "\t")
    assert "\n\t<layoutSections>\n\t    <customLabel>" in add(tabs).decode()


def test_a_document_of_one_line_stays_readable_xml() -> None:
    assert names(add(PLAIN.replace("\n", "").replace("    ", ""))) == [
        "Lead Information",
        "SALESmanago",
        "Custom Links",
    ]


def test_a_prefix_of_the_namespace_is_kept() -> None:
    text = (
        f'<m:Layout xmlns:m="{XMLNS}">\n  <m:layoutSections>\n    <m:label>A</m:label>\n  </m:layoutSections>\n'
        "</m:Layout>"
    )
    assert names(add(text)) == ["A", "SALESmanago"]


@pytest.mark.parametrize(
    ("parts", "before"),
    [
        ("<customButtons>A</customButtons>", None),
        ("<customButtons>A</customButtons><relatedLists/>", "relatedLists"),
        ("<miniLayout/>", "miniLayout"),
        ('<futureThing a=">"/><quickActionList/>', "quickActionList"),
    ],
)
def test_without_sections_it_goes_where_sections_belong(parts: str, before: str | None) -> None:
    root = ET.fromstring(add(f'<Layout xmlns="{XMLNS}">{parts}</Layout>'))
    order = [part.tag.rpartition("}")[2] for part in root]
    assert order.index("layoutSections") == (order.index(before) - 1 if before else len(order) - 1)


def test_a_layout_with_hundreds_of_items() -> None:
    sections = [
        section(f"Section {number}", *(f"ns__F{number}_{item}__c" for item in range(50))) for number in range(12)
    ]
    assert len(names(add(layout(*sections)))) == 13


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<Layout/>", "is empty"),
        (f'<Layout xmlns="{XMLNS}"></Layout>', "is empty"),
        ("<Profile><a/></Profile>", "no layout but a Profile"),
        ("<Layout><a></Layout>", "not well-formed"),
        ("", "not well-formed"),
        ('<!DOCTYPE Layout [<!ENTITY a "aa">]><Layout><b>&a;</b></Layout>', "document type"),
    ],
)
def test_what_is_no_layout_is_refused(text: str, told: str) -> None:
    with pytest.raises(LayoutError, match=told):
        add_section(text.encode(), FIELDS, PAGE)


def test_a_section_that_moved_is_not_cut_out() -> None:
    edit = add_section(PLAIN.encode(), FIELDS, PAGE)
    with pytest.raises(LayoutError, match="not where it was put"):
        edit.undo(b" " + edit.edited)


# Not every character there is: its table alone takes seconds to build.
WORDS = st.text("aZ é語😀'\"-]", max_size=12)
BLANKS = st.sampled_from(["", "\n", "\r\n", "\n    ", "\n\t", "  "])
OTHERS = st.sampled_from(
    [
        "<relatedLists><fields>A</fields></relatedLists>",
        "<unheardOf><deep><label>SALESmanago</label></deep></unheardOf>",
        "<!-- <layoutSections> -->",
        '<x:own xmlns:x="urn:x" a=">"/>',
        "<?note layoutSections?>",
        "<summaryLayout><![CDATA[</Layout>]]></summaryLayout>",
    ]
)


@st.composite
def hostile_layouts(draw: st.DrawFn) -> bytes:
    children = [draw(OTHERS) for _ in range(draw(st.integers(0, 3)))]
    sections = [
        f"<layoutSections>{draw(BLANKS)}<label>{draw(WORDS)}</label><layoutColumns><layoutItems><field>"
        f"{draw(st.sampled_from(['Name', 'ns__X__c', 'SALESmanago_Score__c']))}</field></layoutItems></layoutColumns>"
        f"<style>{draw(st.sampled_from(['OneColumn', 'CustomLinks']))}</style></layoutSections>"
        for _ in range(draw(st.integers(0, 4)))
    ]
    tail = [draw(OTHERS) for _ in range(draw(st.integers(0, 3)))]
    body = "".join(draw(BLANKS) + part for part in [*children, *sections, "<emailDefault>x</emailDefault>", *tail])
    text = f'{draw(st.sampled_from(["", HEAD]))}<Layout xmlns="{XMLNS}">{body}{draw(BLANKS)}</Layout>{draw(BLANKS)}'
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@given(hostile_layouts())
def test_insert_then_undo_gives_the_original_bytes(content: bytes) -> None:
    edit = add_section(content, FIELDS, PAGE)
    assert edit.undo(edit.edited) == content
    outline = read_outline(edit.edited)
    assert outline.has_section
    places = [number for number, child in enumerate(outline.children) if child.name == "layoutSections"]
    assert places == list(range(places[0], places[0] + len(places))), "sections stay together"
    assert add_section(edit.edited, FIELDS, PAGE).inserted == b""


@pytest.mark.parametrize("encoding", ["klingon", "shift_jis", "idna", "utf-7"])
def test_a_layout_in_an_encoding_that_nobody_reads_is_refused(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><Layout><layoutSections/></Layout>'
    with pytest.raises(LayoutError):
        read_outline(text.encode())


@pytest.mark.parametrize("content", [b"", b"<a", b'<?xml version="1.0" encoding="klingon"?><a/>', b"\x00"])
def test_a_file_of_the_org_that_is_no_xml_is_our_own_error(content: bytes) -> None:
    with pytest.raises(FatalError, match="a profile in no readable form"):
        read_xml(content, "a profile")
