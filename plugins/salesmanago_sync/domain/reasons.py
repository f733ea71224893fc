"""Reason codes: why a record or a field was not synchronised, in plain words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code.

    Attributes:
        meaning: One sentence for a marketer.
        fix: What a person does about it.
    """

    meaning: str
    fix: str


ISSUES: dict[str, Reason] = {
    "NO_EMAIL": Reason(
        "The record has no usable e-mail address.", "Fill in a valid address, or exclude such records in criteria."
    ),
    "AMBIGUOUS_MATCH": Reason(
        "Two or more records of one object share the e-mail address.",
        "Merge the duplicates in Salesforce, or correct one address.",
    ),
    "EMAIL_TAKEN": Reason(
        "The new e-mail address already belongs to somebody else.", "Merge the two people, or correct the address."
    ),
    "CONFLICT": Reason(
        "Both sides changed the field and the mapping says hold.",
        "Decide it on the page Issues, set the same value on both sides, or choose another conflict rule.",
    ),
    "NOT_CLEARED": Reason(
        "SALESmanago kept a value that was to be emptied.", "Empty the value in SALESmanago by hand."
    ),
    "UNSTABLE": Reason(
        "An automation keeps changing the value back.", "Switch off the automation, or make the field one-way."
    ),
    "OPT_IN_REVERTED": Reason(
        "A person opted in again on one side; the stricter state was kept.",
        "Check the evidence, then set both sides, or use opt_in: salesmanago.",
    ),
    "NOT_OPTED_OUT": Reason(
        "The address is opted out, and a record of an object that is not synchronised is not.",
        "Opt that record out in Salesforce, or enable the mapping of its object.",
    ),
    "VALUE_TOO_LONG": Reason(
        "The value is longer than the other side allows.", "Shorten the value, or set truncate: true for the field."
    ),
    "VALUE_NOT_ALLOWED": Reason(
        "The value is not on the other side's list.", "Add it to the picklist, or map it with values."
    ),
    "VALUE_INVALID": Reason(
        "The other side does not accept the value.", "Correct the value on the side it comes from."
    ),
    "UNREADABLE_VALUE": Reason(
        "A service gave the value in no readable form; it takes no part, and nothing overwrites it.",
        "Enter the value again on the side that the text names. Everything else of the person is synchronised.",
    ),
    "REQUIRED_MISSING": Reason(
        "A field that the other side requires is empty.", "Fill in the field, or map or fill it in the mapping file."
    ),
    "DUPLICATE": Reason(
        "Salesforce sees a duplicate of an existing record.", "Merge the records, or adapt the duplicate rule."
    ),
    "LOCKED": Reason("The Salesforce record was locked by other work.", "Nothing: the next run tries again."),
    "RECORD_GONE": Reason(
        "The record was deleted while the sync was running.", "Nothing: the next run sees what became of it."
    ),
    "LEAD_CONVERTED": Reason(
        "The Lead was converted while the sync was running.", "Nothing: the next run goes on with what it became."
    ),
    "NO_ACCESS": Reason(
        "The integration user may not write the record or field.",
        "Give the permission set access to the object and its fields.",
    ),
    "REFUSED_BY_SALESFORCE": Reason(
        "Salesforce refused the record.", "Read its text; it is usually a validation rule or a trigger of your org."
    ),
    "REFUSED_BY_SALESMANAGO": Reason(
        "SALESmanago refused the contact.", "Read its text and correct the value it names."
    ),
    "OWN_FAULT": Reason(
        "The sync made a value that is no JSON; it was not sent.",
        "Report it with its text, which names the field; nothing is wrong with the record.",
    ),
    "NO_ANSWER": Reason(
        "A write got no readable answer.", "Nothing: the next run looks whether it arrived before it writes again."
    ),
}

SKIPS: dict[str, Reason] = {
    "SHADOWED": Reason(
        "Another record of the same person is preferred.", "Contact comes before PersonAccount, and both before Lead."
    ),
    "OUT_OF_CRITERIA": Reason(
        "The record does not meet the mapping's criteria.", "Change the criteria if it should take part."
    ),
    "PAUSED": Reason(
        "A synchronised person no longer meets the criteria.", "Change the record or the criteria to go on."
    ),
    "COMPANY_EMPTY": Reason(
        "The Lead has no Company and the mapping says skip.", "Fill in the company, or use action: fill."
    ),
    "LAST_NAME_EMPTY": Reason(
        "There is no last name and the mapping says skip.", "Fill in the name, or use action: fill."
    ),
    "CREATE_OFF": Reason(
        "The person is on one side only and the mapping creates nobody there.", "Switch on create in the mapping."
    ),
    "DELETED": Reason(
        "The person was deleted on one side; on_delete says what happens on the other.", "Restore the record to go on."
    ),
    "MERGED": Reason(
        "The record was merged into another one in Salesforce.", "Nothing: the record that is left is synchronised."
    ),
    "CONVERTED": Reason(
        "The Lead was converted, and its successor takes no part.",
        "Enable the mapping of the Contact or Person Account that it became.",
    ),
    "OUT_OF_OBJECT": Reason(
        "Salesforce no longer shows the record as one of the object that its mapping is about.",
        "Enable the mapping of the object that it is now, or let the integration user see it.",
    ),
    "MOVED": Reason(
        "A person edited the record or contact while the run worked; the change was decided anew.",
        "Nothing: what is right now is written in this run or the next.",
    ),
    "NOT_READ": Reason(
        "The ledger heard of the person after this run had read; nothing is decided on an older reading.",
        "Nothing: the next run looks at the person.",
    ),
    "TOMBSTONE": Reason(
        "Somebody with this e-mail address was deleted, and nobody with it is left, or the contact's externalId names a "
        "record that was deleted; the sync brings nobody back.",
        "Restore the record or contact that was deleted, or create the person on both sides by hand.",
    ),
    "OUT_OF_RUN": Reason(
        "The run did not look at this record or contact; only an opt-out of its address was written to it.",
        "Nothing: a run of its object synchronises the rest.",
    ),
    "CONSENT_HIDDEN": Reason(
        "The integration user may not see who has opted out, so nobody is created in SALESmanago.",
        "Give it access to the opt-out fields, or set accept_hidden_opt_out: true.",
    ),
}

# About something that is done: these close by evidence that the cause is gone (`domain.plan.closing`), and wait for it.
EVIDENCE = frozenset({"OPT_IN_REVERTED", "NOT_CLEARED"})
