"""Drafts: one mapping file as a person edits it, beside the others as they are; the folder in use is only read."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from salesmanago_sync.domain import salesmanago_fields
from salesmanago_sync.domain.mapping_files.file import parse_mapping_file
from salesmanago_sync.domain.mapping_files.mapping import mapping_paths
from salesmanago_sync.domain.mapping_files.model import FILES, SOBJECTS
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.errors import ConfigurationError, Fault, SyncError
from salesmanago_sync.overview.mappings import PlacedFault, all_faults, faults_of
from salesmanago_sync.overview.trials import draft_of_texts
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.trial import Draft

# In the place of the digest of a file that is not there.
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Present:
    """A mapping file as it is.

    Attributes:
        path: Where it is.
        text: What it holds, each line ended by a line feed.
        digest: Of its bytes; a file that is not there has one of its own.
        ends: How its lines end.
    """

    path: Path
    text: str
    digest: str
    ends: str = "\n"

    def content(self, text: str) -> bytes:
        """Give the bytes of a text in the place of this one, with the line ends of the file."""
        return text.replace("\n", self.ends).encode()


def names_of(folder: Path) -> list[str]:
    """Name the mapping files of a folder, and those that may be added."""
    return list(dict.fromkeys([*(path.name for path in mapping_paths(folder)), *FILES.values()]))


def read_present(folder: Path, name: str) -> Present:
    """Read a mapping file to edit a copy of it.

    Args:
        folder: Where the files are.
        name: One of `names_of`.

    Raises:
        ConfigurationError: It cannot be read, or is no text.
    """
    path = folder / name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Present(path, "", ABSENT)
    except OSError as error:
        raise ConfigurationError([Fault(name, f"it cannot be read: {error.strerror}.", "Mend its rights.")]) from None
    text = read_text(name, content)
    return Present(path, plain(text), digest_of(content), "\r\n" if "\r\n" in text else "\n")


def digest_of(content: bytes) -> str:
    """Hash the bytes of a file."""
    return hashlib.sha256(content).hexdigest()


def read_text(name: str, content: bytes) -> str:
    """Read the bytes of a file as text.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError([Fault(name, "it is no text in UTF-8.", "Save it as UTF-8.")]) from None


def plain(text: str) -> str:
    """End each line by a line feed, whatever a browser or another system ends it by."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def draft_with(present: Present, text: str) -> Draft:
    """Put a text in the place of one file of a folder.

    Args:
        present: The file.
        text: What it would hold.

    Raises:
        ConfigurationError: Another file of the folder cannot be read.
    """
    texts = {}
    for path in sorted({*mapping_paths(present.path.parent), present.path}):
        try:
            texts[str(path)] = present.content(text) if path == present.path else path.read_bytes()
        except OSError as error:
            raise ConfigurationError([Fault(path.name, f"it cannot be read: {error.strerror}.")]) from None
    return draft_of_texts(texts)


def difference(present: Present, text: str) -> str:
    """Write what a draft changes in its file, as `git apply` and `patch` take it."""
    before = "/dev/null" if present.digest == ABSENT else f"a/{present.path.name}"
    held, drafted = (_lines(one.replace("\n", present.ends)) for one in (present.text, text))
    lines = difflib.unified_diff(held, drafted, before, f"b/{present.path.name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    # Only line feeds end a line here: `str.splitlines` knows more ends than a diff does.
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.split("\n")[-1]) else [])


def faults_here(ports: Ports, draft: Draft) -> tuple[tuple[PlacedFault, ...], str]:
    """Find everything that is wrong with a draft, as far as the org answers.

    Returns:
        The faults; and why the org could not be asked, empty when it was.
    """
    try:
        return all_faults(ports, draft.mappings), ""
    except SyncError as error:
        return faults_of(draft.mappings), str(error)


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be written in a mapping.

    Attributes:
        salesforce: Labels of the fields of the object, by API name.
        salesmanago: The fields of SALESmanago.
        trouble: Why the org could not be asked; empty when it was.
    """

    salesforce: Mapping[str, str]
    salesmanago: tuple[str, ...]
    trouble: str = ""


def read_choices(ports: Ports, name: str, text: str) -> Choices:
    """Read what the org has, for completion.

    Args:
        ports: What is read.
        name: The file's name.
        text: Its text, which says whose fields are meant.
    """
    values = parse_mapping_file(Path(name), text.encode()).values
    told = values.get("object") if isinstance(values, dict) else None
    usual = next((one for one, file in FILES.items() if file == name), "Lead")
    sobject = SOBJECTS.get(told if isinstance(told, str) else usual, SOBJECTS[usual])
    known = (*sorted(salesmanago_fields.STANDARD), salesmanago_fields.DETAIL)
    try:
        schema = Schema.from_describe(ports.salesforce.describe(sobject))
    except SyncError as error:
        return Choices({}, known, str(error))
    return Choices({field.name: f"{field.label}, {field.type}" for field in schema.fields.values()}, known)
