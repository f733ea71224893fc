"""A page layout, edited as bytes: one section goes in, and no other byte changes.

A layout holds what the customer built, elements that this code has never heard of among them. A parser that writes XML
again would change it, so expat only tells where in the bytes things are.
"""

from __future__ import annotations

import re
from codecs import lookup
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from salesmanago_sync.domain.setup.card import SECTION

SECTIONS = "layoutSections"
# Salesforce shows sections of this style last.
LINKS = "CustomLinks"
# In pixels; the page leaves 20 of it to its own frame.
HEIGHT = 400


class LayoutError(ValueError):
    """The bytes are no layout that could be edited."""


@dataclass(slots=True)
class _Element:
    """A child of the layout: its name, where it begins and ends, and what is told by its own children."""

    name: str
    start: int
    end: int = -1
    label: str = ""
    style: str = ""


@dataclass(slots=True)
class Outline:
    """What there is in a layout, and where.

    Attributes:
        children: The elements below the root, in order.
        used: Fields and pages that the layout shows, in lower case.
        root_end: Where the root's end tag begins.
        prefix: Namespace prefix of the root's name, with its colon.
        encoding: How the document is encoded.
    """

    children: list[_Element] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    root_end: int = -1
    prefix: str = ""
    encoding: str = "utf-8"

    @property
    def sections(self) -> list[_Element]:
        """The layout's sections."""
        return [child for child in self.children if child.name == SECTIONS]

    @property
    def has_section(self) -> bool:
        """Whether our section is there, however it is spelled."""
        return any(section.label.strip().casefold() == SECTION.casefold() for section in self.sections)


@dataclass(frozen=True, slots=True)
class Edit:
    """A layout before and after.

    Attributes:
        original: The bytes before.
        at: Where something was put in.
        inserted: What was put in; empty when nothing was to do.
    """

    original: bytes
    at: int
    inserted: bytes

    @property
    def edited(self) -> bytes:
        """The bytes after."""
        return self.original[: self.at] + self.inserted + self.original[self.at :]

    def undo(self, edited: bytes) -> bytes:
        """Take out what was put in.

        Raises:
            LayoutError: It is not there.
        """
        end = self.at + len(self.inserted)
        if edited[self.at : end] != self.inserted:
            raise LayoutError("the section is not where it was put")
        return edited[: self.at] + edited[end:]


def add_section(layout: bytes, fields: Iterable[str], page: str) -> Edit:
    """Put the section into a layout that has none.

    Fields and a page that the layout shows already are left out: Salesforce refuses one that is there twice.

    Args:
        layout: The layout as Salesforce gave it.
        fields: API names of the fields to show.
        page: Name of the page to show beside them.

    Returns:
        The edit; it puts nothing in where the section is there, or everything it would show.

    Raises:
        LayoutError: The bytes are no layout.
    """
    outline = read_outline(layout)
    missing = [name for name in fields if name.casefold() not in outline.used]
    pages = [page] if page.casefold() not in outline.used else []
    if outline.has_section or not (missing or pages):
        return Edit(layout, 0, b"")
    at, before = _place(outline)
    lines = _section(missing, pages, outline.prefix)
    return Edit(layout, at, _spelled(layout, at, before, lines, outline))


def _place(outline: Outline) -> tuple[int, bool]:
    """Say where the section goes, and whether an element follows it there.

    Sections must stay together, in the alphabetical order of elements that Salesforce writes.
    """
    sections = outline.sections
    kept = list(sections)
    while kept and kept[-1].style == LINKS:
        kept.pop()
    if kept:
        return kept[-1].end, False
    following = sections or [child for child in outline.children if child.name > SECTIONS]
    if following:
        return following[0].start, True
    return (outline.children[-1].end, False) if outline.children else (outline.root_end, True)


def _section(fields: list[str], pages: list[str], prefix: str) -> list[str]:
    items = [line for name in fields for line in _item("behavior", "Readonly", "field", name)]
    frames = [line for name in pages for line in _page(name)]
    lines = [
        f"<{SECTIONS}>",
        *_texts(1, customLabel="true", detailHeading="true", editHeading="false", label=SECTION),
        *_column(items),
        *_column(frames),
        *_texts(1, style="TwoColumnsLeftToRight"),
        f"</{SECTIONS}>",
    ]
    return [re.sub(r"<(/?)(?=\w)", rf"<\1{prefix}", line) for line in lines]


def _texts(depth: int, **values: str) -> list[str]:
    return [f"{'    ' * depth}<{name}>{value}</{name}>" for name, value in values.items()]


def _column(lines: list[str]) -> list[str]:
    if not lines:
        return ["    <layoutColumns/>"]
    return ["    <layoutColumns>", *lines, "    </layoutColumns>"]


def _item(*pairs: str) -> list[str]:
    names = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return ["        <layoutItems>", *_texts(3, **names), "        </layoutItems>"]


def _page(name: str) -> list[str]:
    return _item("height", str(HEIGHT), "page", name, "showLabel", "false", "showScrollbars", "true", "width", "100%")


def _spelled(layout: bytes, at: int, before: bool, lines: list[str], outline: Outline) -> bytes:
    """Write the section as the document is written: its line ends, its indentation, its encoding."""
    decoded = _decoded(layout, outline.encoding)
    newline = "\r\n" if "\r\n" in decoded else "\n"
    sibling = outline.children[-1].start if outline.children else at
    reach = next((child.start for child in outline.children if child.end == at or child.start == at), sibling)
    indent = _indent(_decoded(layout[:reach], outline.encoding))
    text = (newline + indent).join(lines)
    text = f"{text}{newline}{indent}" if before else f"{newline}{indent}{text}"
    return text.encode(outline.encoding)


def _decoded(part: bytes, encoding: str) -> str:
    return part.decode(encoding, errors="replace")


def _indent(head: str) -> str:
    """Give the blanks between the last line end and here; none when something else stands there."""
    line = re.split(r"\r\n|\r|\n", head)[-1]
    return line if not line.strip(" \t") else ""


def read_outline(layout: bytes) -> Outline:
    """Find out what a layout holds and where.

    Raises:
        LayoutError: The bytes are no layout.
    """
    reader = _Reader()
    try:
        reader.read(layout)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: an encoding that expat cannot read
        raise LayoutError(f"is not well-formed XML ({error})") from None
    outline = reader.outline
    if reader.root.rpartition(":")[2] != "Layout":
        raise LayoutError(f"is no layout but a {reader.root}")
    if not outline.children:
        raise LayoutError("is empty, as Salesforce answers for a name it does not know")
    outline.encoding = _encoding(layout, outline.encoding)
    try:
        lookup(outline.encoding)
    except LookupError:
        raise LayoutError(f"is written in {outline.encoding!r}, which nobody can read") from None
    return outline


def _encoding(layout: bytes, declared: str) -> str:
    if layout.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if layout.startswith(b"\xfe\xff"):
        return "utf-16-be"
    return declared


class _Reader:
    """Notes where expat finds the elements of a layout."""

    def __init__(self) -> None:
        self.outline = Outline()
        self.root = ""
        self._path: list[str] = []
        self._text: list[str] = []
        self._ended: _Element | None = None
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        # Comments, declarations and whatever else: they tell where the element before them ended.
        parser.DefaultHandler = lambda _: self._close()
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def read(self, layout: bytes) -> None:
        self._parser.Parse(layout, True)

    def _close(self) -> None:
        """An element ends where the next thing begins: its own end tag tells only where that starts."""
        if self._ended is not None:
            self._ended.end = self._parser.CurrentByteIndex
            self._ended = None

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self.outline.encoding = encoding or "utf-8"

    def _doctype(self, *_: object) -> None:
        raise LayoutError("has a document type, which no layout has")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._close()
        local = name.rpartition(":")[2]
        if not self._path:
            self.root, self.outline.prefix = name, name[: -len(local)]
        elif len(self._path) == 1:
            self.outline.children.append(_Element(local, self._parser.CurrentByteIndex))
        self._path.append(local)
        self._text = []

    def _end(self, name: str) -> None:
        self._close()
        text = "".join(self._text).strip()
        path = tuple(self._path[1:])
        self._path.pop()
        self._text = []
        if not path:
            self.outline.root_end = self._parser.CurrentByteIndex
        elif len(path) == 1:
            self._ended = self.outline.children[-1]
        elif path == (SECTIONS, "label"):
            self.outline.children[-1].label = text
        elif path == (SECTIONS, "style"):
            self.outline.children[-1].style = text
        elif path[-2:] in {("layoutItems", "field"), ("layoutItems", "page")}:
            self.outline.used.add(text.casefold())

    def _characters(self, text: str) -> None:
        self._close()
        self._text.append(text)
