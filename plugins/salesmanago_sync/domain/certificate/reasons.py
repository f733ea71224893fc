"""Reasons of the certificate: everything that may be said of a person or of one of their fields.

Closed: whatever none of them holds for is unexplained, and there should be none of that.
"""

from __future__ import annotations

from salesmanago_sync.domain.reasons import ISSUES, SKIPS

EQUAL, UNEXPLAINED = "EQUAL", "UNEXPLAINED"

# Of a field, and of a person as a whole (`PERSON`).
OF_FIELDS: dict[str, str] = {
    EQUAL: "Both sides hold the same.",
    "HIDDEN": "One side does not show the field, so that nothing can be compared.",
    "STAND_IN": "Salesforce holds what stands in for a required value; it counts as blank, as the other side is.",
    "UNREADABLE_VALUE": "A side gave the value in no readable form, or it is on no list of the mapping.",
    "HELD": "Both sides changed the field and the mapping says hold: an open issue asks a person.",
    "OPEN_ISSUE": "An open issue says why it could not be synchronised.",
    "DISMISSED": "An issue says why, and a person dismissed it.",
    "ONE_WAY": "The field travels one way, and the side that it comes from has nothing to say.",
    "CUT": "Salesforce holds as much of the value as fits; the mapping says truncate.",
    "KEPT": "A service made another value of what the sync wrote, and both sides have agreed on that since.",
    "DEFAULT_OPT_OUT": "The account opts new contacts out by itself: nobody's decision, and it does not travel.",
    "UNDONE": "A person undid what the sync had written, and both sides stay as they are until one of them changes.",
    "OWED": "An opt-out is owed to the person and waits for the next run.",
    "NEWER": "A person changed it after the last synchronisation: the next run carries it over.",
    "FULL_SYNC_DUE": "The mapping is newer than the last full sync, which brings in what it added.",
    UNEXPLAINED: "No reason holds.",
}
# Of several people of one address one has the issue; the others are left alone with the same code.
LEFT_ALONE = SKIPS | {"AMBIGUOUS_MATCH": ISSUES["AMBIGUOUS_MATCH"]}
MEANINGS: dict[str, str] = OF_FIELDS | {code: reason.meaning for code, reason in LEFT_ALONE.items()}
# In place of a field's key: whether the person is on both sides, and known to be.
PERSON = ""
