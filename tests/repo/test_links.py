"""Every relative link of a page leads to a file of the project, and to a heading that is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from salesmanago_sync.ui.help import HELP

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def pages() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


def links(text: str) -> list[str]:
    """The links that stay inside the project."""
    return [link for link in LINK.findall(CODE.sub("", text)) if not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = HEADING.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return not target.exists() or bool(anchor and anchor not in anchors(target.read_text()))


def dead_links(page: Path) -> list[str]:
    return [link for link in links(page.read_text()) if leads_nowhere(page, link)]


def test_there_are_links_to_check() -> None:
    assert any(links(page.read_text()) for page in pages())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_the_help_of_every_page_leads_to_a_heading() -> None:
    assert [one.more for one in HELP.values() if leads_nowhere(ROOT / "docs" / "pages.md", one.more)] == []


@pytest.mark.parametrize("link", ["gone.md", "page.md#gone", "#gone", "images/gone.png"])
def test_a_dead_link_is_seen(tmp_path: Path, link: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Here, and `code`\n\n[text]({link}) [good](page.md#here-and-code) [web](https://example.com)\n")
    assert dead_links(page) == [link]


def test_code_holds_no_links() -> None:
    assert links("`[a](b)`\n```\n[c](d)\n```\n[e](f)") == ["f"]
