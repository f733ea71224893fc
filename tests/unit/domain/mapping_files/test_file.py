"""Mapping files as text: YAML 1.2 values, and a line number for every key."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.mapping_files.file import MOST_BYTES, MOST_VALUES, read_mapping_file


def read(tmp_path, text):
    path = tmp_path / "lead.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_mapping_file(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("5", 5),
        ("-2.50", -2.5),
        ("0", 0),
        ("null", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("NO", "NO"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:00", "12:30:00"),
        ("00123", "00123"),
        ("+48601234567", "+48601234567"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("[not provided]", ["not provided"]),
    ],
)
def test_plain_values_are_read_as_editors_read_them(tmp_path, text, value):
    read_value = read(tmp_path, f"key: {text}\n").values["key"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_every_key_and_entry_has_its_line(tmp_path):
    file = read(
        tmp_path, "# a comment\nobject: Lead\nfields:\n  - {salesforce: A}\n\n  - salesforce: B\n    value: 1\n"
    )
    assert str(file.where(("fields", 1, "value"))) == "lead.yaml:7 fields[1].value"
    assert str(file.where(("fields", 0, "salesforce"))) == "lead.yaml:4 fields[0].salesforce"
    assert str(file.where(())) == "lead.yaml:2"


def test_an_absent_key_is_at_the_line_of_its_parent(tmp_path):
    file = read(tmp_path, "object: Lead\nfields:\n  - {salesforce: A}\n")
    assert str(file.where(("fields", 0, "salesmanago"))) == "lead.yaml:3 fields[0].salesmanago"


def test_a_duplicate_key_is_a_fault_that_names_both_lines(tmp_path):
    file = read(tmp_path, "object: Lead\nconflict: hold\nobject: Contact\n")
    assert [str(fault) for fault in file.faults] == [
        "lead.yaml:3 object: the key is already on line 1. Keep one of the two."
    ]


@pytest.mark.parametrize(
    "text", ["a: [1\n", "a: 1\n b: 2\n", "a: *nobody\n", "a: 1\n---\nb: 2\n", "\tb: 1\n", b"a: \xff\n"]
)
def test_broken_yaml_is_a_fault(tmp_path, text):
    [fault] = read(tmp_path, text).faults
    assert str(fault.where).startswith("lead.yaml")
    assert "not valid YAML" in fault.what


@pytest.mark.parametrize(
    "text",
    [
        "object: Lead\nenabled  true\n\ncreate:\n  in_salesmanago: true\n",
        "object: Lead\nconflict: 'newest\n\nenabled: true\n",
        "object: Lead\n  enabled: true\n",
        "object: Lead\nenabled true\nconflict: hold\n",
        "object: Lead\nfields: [a, b\n\n# a comment\nenabled: true\n",
        "object: Lead\ncreate: {in_salesmanago: true\nenabled: true\n",
        "object: Lead\n\tenabled: true\n",
        "object: Lead\nenabled: \0true\nconflict: hold\n",
        "object: Lead\ncriteria\n  salesforce: 1\nenabled: true\n",
    ],
)
def test_broken_yaml_is_told_at_the_line_where_it_breaks(tmp_path, text):
    [fault] = read(tmp_path, text).faults
    assert str(fault.where) == "lead.yaml:2"


def test_what_is_beside_a_broken_line_is_read_all_the_same(tmp_path):
    text = "object: Lead\nenabled true\nfields:\n  - {salesforce: A\n  - {salesforce: B}\nconflict: hold\n"
    file = read(tmp_path, text)
    assert [fault.where.line for fault in file.faults] == [2, 4]
    assert file.values == {"object": "Lead", "fields": [{"salesforce": "B"}], "conflict": "hold"}
    assert file.line(("fields", 0)) == 5
    assert not file.is_whole


@pytest.mark.parametrize("text", ["object: Lead\nfields\n  - a: 1\n  - b: 2\n", "criteria\n  all: 1\nobject: Lead\n"])
def test_what_stands_below_a_broken_line_is_not_read_as_something_else(tmp_path, text):
    file = read(tmp_path, text)
    assert (len(file.faults), file.values) == (1, None)


def test_a_file_that_cannot_be_read_or_is_no_mapping_by_its_size_is_a_fault(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "gone")
    for name in ("folder.yaml", "nowhere.yaml"):
        [fault] = read_mapping_file(tmp_path / name).faults
        assert fault.what.startswith("it cannot be read: ")
    [fault] = read(tmp_path, "a: 1\n" * (MOST_BYTES // 5 + 1)).faults
    assert fault.what == "it has more than 128 KiB."


def test_an_alias_is_followed_and_one_that_contains_itself_is_a_fault(tmp_path):
    assert read(tmp_path, "a: &x [1]\nb: *x\n").values == {"a": [1], "b": [1]}
    [fault] = read(tmp_path, "a: &x [*x]\n").faults
    assert "contains itself" in fault.what


def test_aliases_of_aliases_do_not_expand_without_end(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 12)]
    document = read(tmp_path, "\n".join(lines))
    assert [fault.what for fault in document.faults] == [f"its aliases stand for more than {MOST_VALUES} values."]


@pytest.mark.parametrize("text", ["[" * 50_000, "[" * 50_000 + "]" * 50_000, "{a: " * 50_000 + "1" + "}" * 50_000])
def test_what_is_nested_too_deeply_is_a_fault_and_no_crash(tmp_path, text):
    assert len(read(tmp_path, f"key: {text}").faults) == 1


@pytest.mark.parametrize("text", ['"a\\ud83d"', '"a\\0b"', '"\\x1b[31m"', '"\\uffff"'])
def test_a_text_that_nobody_can_carry_is_a_fault(tmp_path, text):
    document = read(tmp_path, f"fields:\n  - value: {text}\n")
    assert [str(fault.where) for fault in document.faults] == ["lead.yaml:2 fields[0].value"]
