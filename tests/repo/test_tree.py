"""Nothing in the tree belongs to one machine, one person or one account."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Pieces put together here, so that this file does not find itself.
PATTERNS = {
    # Every machine of Composer has a home/airflow/gcs.
    "a home or work folder": r"(?<![\w.~}$-])/(?:root|home/(?!airflow/gcs/)\w+|Users/\w+|work|tmp/brief)/",
    "a package registry": r"\bpypi\."
    + r"org|pythonhosted\."
    + r"org|registry\.(?:npm|yarn)"
    + r"|deb\.debian\."
    + r"org",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}",
    "a cloud key": r"\bAKIA[0-9A-Z]{16}\b",
    "a Salesforce session": r"\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,}",
    "a token of a code host": r"\bgh[pousr]_[A-Za-z0-9]{30,}\b",
}
EMAIL = re.compile(r"(?<![:\w.+-])[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)
NOBODY = re.compile(r"(^|\.)(ex[aä]mple\.(com|org|net|pl)|example|invalid|test|localhost)$", re.IGNORECASE)
# Written by others.
LOCK_FILES = {"package-lock.json", "LICENSE"}


def tree() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


def texts() -> dict[str, str]:
    found = {}
    for path in tree():
        content = path.read_bytes()
        if b"\0" not in content:
            found[str(path.relative_to(ROOT))] = content.decode()
    return found


def strangers(text: str) -> list[str]:
    return [match[0] for match in EMAIL.finditer(text) if not NOBODY.search(match[1])]


@pytest.mark.parametrize("kind", PATTERNS)
def test_the_tree_is_free_of(kind: str) -> None:
    pattern = re.compile(PATTERNS[kind])
    found = {name: match[0] for name, text in texts().items() if (match := pattern.search(text))}
    found.pop(str(Path(__file__).relative_to(ROOT)), None)
    assert found == {}


def test_every_address_belongs_to_nobody() -> None:
    found = {name: strangers(text) for name, text in texts().items() if Path(name).name not in LOCK_FILES}
    assert {name: addresses for name, addresses in found.items() if addresses} == {}


def test_no_file_is_large() -> None:
    # A lock file is the largest thing that anybody has to read as a difference.
    assert [str(path.relative_to(ROOT)) for path in tree() if path.stat().st_size > 1_000_000] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a home or work folder", "open('/home/" + "ann/x')"),
        ("a package registry", "https://pypi." + "org/simple"),
        ("a private key", "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA" * 2),
        ("a cloud key", "AKIA" + "ABCDEFGHIJKLMNOP"),
    ],
)
def test_what_does_not_belong_is_seen(kind: str, text: str) -> None:
    assert re.search(PATTERNS[kind], text)


def test_a_stranger_is_seen() -> None:
    assert strangers("ann@" + "gmail.com, bob@example.com, eve@mail.example.pl") == ["ann@" + "gmail.com"]
