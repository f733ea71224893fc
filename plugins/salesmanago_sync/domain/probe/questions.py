"""Questions: what is asked, what may be answered, and what the sync does with it.

Where a wrong answer could overwrite a value or opt somebody out, the sync keeps its cautious way, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UNCLEAR = "unclear"
NO_USE = "Nothing else: the sync fits every answer."


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: Its name in the ledger.
        asks: The question.
        people: How many throw-away contacts it makes; a question that uses those of the one before makes none.
        calls: How many requests it takes, about, beside two to remove each contact.
        answers: By name, what each means.
        default: What the sync does without an answer.
        uses: By answer, what the sync does otherwise then.
        caution: Why the sync goes by no answer, where it does not.
    """

    key: str
    asks: str
    people: int
    calls: int
    answers: Mapping[str, str]
    default: str
    uses: Mapping[str, str] = field(default_factory=dict)
    caution: str = ""

    def use(self, answer: str) -> str:
        """Say what the sync does with an answer."""
        if answer == UNCLEAR:
            return self.default
        return self.uses.get(answer, self.caution or self.default)


def _emptying(key: str, what: str, people: int, calls: int) -> Question:
    return Question(
        key,
        f"What empties {what}?",
        people,
        calls,
        {
            "empty": 'An empty text ("").',
            "null": "Null; an empty text is ignored.",
            "neither": "Neither an empty text nor null.",
        },
        "It sends an empty text, and looks once whether it helped.",
        {"null": "It sends null, and looks once whether it helped."},
    )


QUESTIONS = (
    _emptying("empty_field", "a field", 1, 8),
    _emptying("empty_address", "a part of an address", 0, 0),
    _emptying("empty_detail", "a standard detail", 0, 0),
    Question(
        "address_parts",
        "Are parts of an address that are left out kept?",
        0,
        0,
        {"kept": "They stay as they are.", "emptied": "They are emptied."},
        "It sends the whole address, the other parts as they were at most 10 seconds before.",
        {"kept": "It sends the changed parts only: another part that somebody edits meanwhile is not overwritten."},
    ),
    Question(
        "new_consent",
        "Is a new contact opted in or out?",
        1,
        2,
        {"in": "Opted in.", "out": "Opted out."},
        "It sends all four flags as false, and takes the flags of a contact that it made for the account's default.",
        caution="The same: taking opt-outs for a default by a wrong answer would lose them. Where a run stops because "
        "most contacts are opted out, its message names the answer.",
    ),
    Question(
        "optout_clock",
        "Does an opt-out mark a contact as modified?",
        3,
        12,
        {"moves": "It does.", "stays": "It does not."},
        "Each incremental sync reads some contacts anew, so that everybody is looked at twice a day.",
        caution="The same: only opt-outs by the API can be tried, and those by a link in a mail may differ.",
    ),
    Question(
        "tag_clock",
        "Does a tag mark a contact as modified?",
        0,
        0,
        {"moves": "It does.", "stays": "It does not."},
        "Each incremental sync reads some contacts anew; the full sync reads everybody.",
        caution="The same: tags that a rule of SALESmanago sets may differ from those by the API.",
    ),
    Question(
        "refused_rows",
        "How does a batch report a row that it refuses?",
        2,
        1,
        {
            "missing": "It leaves the row out of its answer.",
            "null": "It names the row without an id.",
            "whole": "It refuses all rows.",
        },
        "Rows without an id are sent again alone; a batch that is refused is cut in halves.",
        caution=NO_USE,
    ),
    Question(
        "tag_case",
        "Do tags mind case?",
        1,
        5,
        {
            "upper": "They are kept in upper case.",
            "folds": "They are kept as sent, and compared without regard to case.",
            "minds": "They are kept as sent, and differ by case.",
        },
        "It sends tags in upper case, also to remove them.",
        {"minds": "It removes a tag in every spelling that the contact has."},
    ),
    Question(
        "address_case",
        "Do e-mail addresses mind case?",
        2,
        2,
        {"folds": "One address in two spellings is one contact.", "minds": "It is two contacts."},
        "It compares addresses in lower case.",
        caution="The same: two contacts of one address are the issue AMBIGUOUS_MATCH.",
    ),
    Question(
        "bounds",
        "Do the bounds of a time span belong to it?",
        1,
        5,
        {
            "both": "Both do.",
            "from": "The first does, the last does not.",
            "to": "The last does, the first does not.",
            "neither": "Neither does.",
        },
        "Spans share their bounds and overlap; each id counts once.",
        caution=NO_USE,
    ),
    Question(
        "list_cut",
        "Are lists of new contacts cut?",
        0,
        20,
        {"cut": "They are cut at this number.", "whole": "They are whole, up to this number at least."},
        "A list of 500 or more is asked for again in halves.",
        {"cut": "It asks for a list of so many, or of 500 or more, again in halves."},
        caution="The same: a longer list than was seen here may be cut.",
    ),
    Question(
        "page_cut",
        "Are pages of contacts cut inside?",
        0,
        6,
        {"cut": "They are cut at this number.", "whole": "They are whole, up to this number at least."},
        "It asks for pages of 1,000, and for one that comes short again in halves, down to 125.",
        {"cut": "It asks for pages of this size, which come whole."},
    ),
    Question(
        "export",
        "Does the account have the export of all contacts?",
        0,
        4,
        {"there": "It does.", "refused": "It refuses."},
        "It asks for the export first, and for the paginated list where that is refused.",
        {"refused": "It asks for the paginated list at once."},
    ),
)
BY_KEY = {question.key: question for question in QUESTIONS}
