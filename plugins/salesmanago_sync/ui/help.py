"""Help: what each page is for, in a few words of its own, and which part of the documentation says more."""

from __future__ import annotations

from typing import NamedTuple


class Help(NamedTuple):
    """Help of a page.

    Attributes:
        words: What a person does there.
        more: File of the documentation and heading, as its pages link to each other.
    """

    words: str
    more: str


# By the name of the page's template.
HELP = {
    "status": Help(
        "What the synchronization is doing, did last and does next. Initial reads everybody who meets the "
        "criteria, Instant only who changed since the last time.",
        "pages.md",
    ),
    "force": Help(
        "Read what the run would do, then start it. A dry run plans everything and writes nothing; the page Plan shows "
        "what it would have written.",
        "pages.md#force-a-synchronisation",
    ),
    "last": Help(
        "From when the next Instant run reads changes, on each side. An earlier time has what changed since "
        "then read once more; what is equal by now is not written again.",
        "pages.md#automatic-synchronization",
    ),
    "issues": Help(
        "Whatever could not be synchronized and needs a person, each with what to do. Runs try them again by "
        "themselves: Retry has the next one do so whatever the number of attempts, and Dismiss leaves them "
        "out until the record changes.",
        "pages.md#issues",
    ),
    "plan": Help(
        "What a run was going to write, field by field: what was there, what comes in its place, which rule "
        "decided, and what became of it. Filter it, or take it along as CSV.",
        "pages.md#plan-explain-and-mapping-settings",
    ),
    "explain": Help(
        "Why one person is as they are: who belongs to whom, whose value counts in each field, and what the next run "
        "does. Both services are read and nothing is written. With a day of the past the ledger alone answers.",
        "pages.md#plan-explain-and-mapping-settings",
    ),
    "certificate": Help(
        "An audit reads both sides whole and sorts every difference: explained, or unexplained. Only what is "
        "unexplained needs you.",
        "certificate.md",
    ),
    "mappings": Help(
        "Which field goes where, who takes part, and which side counts when both changed, as the files say it "
        "and as the org has it now.",
        "mapping.md",
    ),
    "workbench": Help(
        "A copy of a mapping file to try: Check names every fault, Try it shows what would become of a sample "
        "of people.",
        "change-a-mapping.md",
    ),
    "doctor": Help(
        "Everything that a run checks before it begins, with what to do about each fault.", "command-line.md#doctor"
    ),
    "probe": Help("Questions that only the account itself can answer, and what is known of them.", "probe.md"),
    "undo": Help(
        "Values go back only where they are still what the run wrote. Opt-outs are never undone.",
        "undo.md",
    ),
}


def address_of(docs: str, more: str) -> str:
    """Give the address of a part of the documentation on the site that mkdocs builds of it.

    Args:
        docs: Where the site is.
        more: As in `Help`.
    """
    file, hash_, heading = more.partition("#")
    return f"{docs.rstrip('/')}/{file.removesuffix('.md')}/{hash_}{heading}"
