"""The methods of Apex's own classes: what they take, what they give, and what they do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from twin.salesforce.apex.values import ApexError, Record, spelled

if TYPE_CHECKING:
    from twin.salesforce.org import Org

DIGESTS = {"MD5": "md5", "SHA1": "sha1", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


@dataclass(frozen=True)
class Context:
    """Who runs the class, where."""

    org: Org
    user: str
    test: bool = False


@dataclass(frozen=True)
class Builtin:
    """One method: the types it takes and gives, and the function, which gets the context and the arguments."""

    takes: tuple[str, ...]
    gives: str
    run: Callable[..., Any]


def _blank(context: Context, text: str | None) -> bool:
    return text is None or not text.strip()


def _encoded(context: Context, text: str | None, charset: str) -> str:
    if text is None:
        raise ApexError("NullPointerException", "Argument cannot be null.")
    # As Java does it: a blank is a plus sign, a star stays.
    return quote_plus(text, safe="*", encoding=charset).replace("~", "%7E")


def _digest(context: Context, name: str, content: bytes) -> bytes:
    if name.upper() not in DIGESTS:
        raise ApexError("NoSuchAlgorithmException", f"{name} MessageDigest not available")
    return hashlib.new(DIGESTS[name.upper()], content, usedforsecurity=False).digest()


def _assert(context: Context, good: bool, note: str = "") -> None:
    if not good:
        raise ApexError("AssertException", f"Assertion Failed{': ' + note if note else ''}")


def _assert_equals(context: Context, expected: Any, actual: Any, note: str = "") -> None:
    if expected != actual:
        said = f": {note}" if note else ""
        raise ApexError(
            "AssertException", f"Assertion Failed{said}: Expected: {spelled(expected)}, Actual: {spelled(actual)}"
        )


def _replace(context: Context, text: str, old: str, new: str) -> str:
    return text.replace(old, new)


TEXT, FLAG = "String", "Boolean"
# Static methods, by class and method in lower case; several signatures of one name differ in their number of arguments.
STATIC: Mapping[tuple[str, str], list[Builtin]] = {
    ("string", "isblank"): [Builtin((TEXT,), FLAG, _blank)],
    ("string", "isnotblank"): [Builtin((TEXT,), FLAG, lambda context, text: not _blank(context, text))],
    ("string", "isempty"): [Builtin((TEXT,), FLAG, lambda _, text: not text)],
    ("string", "isnotempty"): [Builtin((TEXT,), FLAG, lambda _, text: bool(text))],
    ("string", "valueof"): [Builtin(("Object",), TEXT, lambda _, value: None if value is None else spelled(value))],
    ("blob", "valueof"): [Builtin((TEXT,), "Blob", lambda _, text: text.encode())],
    ("encodingutil", "urlencode"): [Builtin((TEXT, TEXT), TEXT, _encoded)],
    ("encodingutil", "converttohex"): [Builtin(("Blob",), TEXT, lambda _, content: content.hex())],
    ("encodingutil", "base64encode"): [Builtin(("Blob",), TEXT, lambda _, content: base64.b64encode(content).decode())],
    ("crypto", "generatedigest"): [Builtin((TEXT, "Blob"), "Blob", _digest)],
    ("userinfo", "getorganizationid"): [
        Builtin((), "Id", lambda context: context.org.state.credentials.salesforce.organization_id)
    ],
    ("userinfo", "getuserid"): [Builtin((), "Id", lambda context: context.user)],
    ("system", "assert"): [Builtin((FLAG,), "void", _assert), Builtin((FLAG, TEXT), "void", _assert)],
    ("system", "assertequals"): [
        Builtin(("Object", "Object"), "void", _assert_equals),
        Builtin(("Object", "Object", TEXT), "void", _assert_equals),
    ],
    ("assert", "areequal"): [
        Builtin(("Object", "Object"), "void", _assert_equals),
        Builtin(("Object", "Object", TEXT), "void", _assert_equals),
    ],
    ("assert", "istrue"): [Builtin((FLAG,), "void", _assert), Builtin((FLAG, TEXT), "void", _assert)],
    ("assert", "isnull"): [Builtin(("Object",), "void", lambda context, value: _assert_equals(context, None, value))],
    ("test", "starttest"): [Builtin((), "void", lambda _: None)],
    ("test", "stoptest"): [Builtin((), "void", lambda _: None)],
}
# Methods of values, by type and method in lower case.
OF_VALUES: Mapping[tuple[str, str], list[Builtin]] = {
    ("string", "replace"): [Builtin((TEXT, TEXT), TEXT, _replace)],
    ("string", "trim"): [Builtin((), TEXT, lambda _, text: text.strip())],
    ("string", "tolowercase"): [Builtin((), TEXT, lambda _, text: text.lower())],
    ("string", "touppercase"): [Builtin((), TEXT, lambda _, text: text.upper())],
    ("string", "length"): [Builtin((), "Integer", lambda _, text: len(text))],
    ("string", "startswith"): [Builtin((TEXT,), FLAG, lambda _, text, start: text.startswith(start))],
    ("string", "endswith"): [Builtin((TEXT,), FLAG, lambda _, text, end: text.endswith(end))],
    ("string", "contains"): [Builtin((TEXT,), FLAG, lambda _, text, part: part in text)],
    ("string", "removeend"): [Builtin((TEXT,), TEXT, lambda _, text, end: text.removesuffix(end))],
    ("sobject", "get"): [Builtin((TEXT,), "Object", lambda _, record, name: record.get(name))],
    ("sobject", "put"): [Builtin((TEXT, "Object"), "void", lambda _, record, name, value: record.put(name, value))],
    ("apexpages.standardcontroller", "getrecord"): [Builtin((), "SObject", lambda _, controller: controller.record)],
    ("apexpages.standardcontroller", "getid"): [
        Builtin((), TEXT, lambda _, controller: controller.record.values.get("id"))
    ],
}
CLASSES = frozenset(name for name, _ in STATIC)
PLAIN_TYPES = ("String", "Id", "Integer", "Decimal", "Boolean", "Blob", "Date", "Datetime", "Object", "SObject")
CONTROLLER = "ApexPages.StandardController"


def org_defaults(context: Context, sobject: str) -> Record:
    """Return the org's row of a hierarchy custom setting: an empty one where there is none."""
    fields = {name.lower(): one for name, one in context.org.all_fields(sobject).items()}
    owner = context.org.state.credentials.salesforce.organization_id
    rows = [row for row in context.org.rows(sobject) if row["SetupOwnerId"] == owner]
    values = {name.lower(): value for name, value in rows[0].items()} if rows else {}
    return Record(sobject, fields, values)
