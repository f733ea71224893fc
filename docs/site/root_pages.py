"""A hook of mkdocs: pages from the root of the repository, and nothing that a reader's browser fetches elsewhere.

A repository host shows README.md and its neighbours with links such as `docs/mapping.md`; mkdocs knows `docs` alone.
Here they become pages of the site, and links between them and `docs` lead to the same places in both.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks")
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FILES = ("LICENSE",)
INTO_DOCS = re.compile(r"(\]\()docs/")
OUT_OF_DOCS = re.compile(rf"(\]\()\.\./(?=(?:{'|'.join(map(re.escape, PAGES + FILES))})[#)])")
CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
CODE = re.compile(r"(?<=<code>)[^<]+(?=</code>)")
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|link(?! rel="canonical"))\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//[^\s"'>]+"""
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the root holds."""
    root = Path(config.config_file_path).parent
    for name in PAGES + FILES:
        text = (root / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=INTO_DOCS.sub(r"\1", text)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links of `docs` to the root lead to these pages."""
    return OUT_OF_DOCS.sub(r"\1", markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Let long names in tables break behind underscores; warn, which is an error, of what other hosts would give."""
    for tag in FETCHED.findall(output):
        log.warning("%s: fetched from another host: %s. Keep a copy in docs.", page.file.src_uri, tag)
    return CELL.sub(lambda cell: CODE.sub(lambda name: name[0].replace("_", "_<wbr>"), cell[0]), output)
