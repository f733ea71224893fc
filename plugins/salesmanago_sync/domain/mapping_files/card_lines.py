"""The lines that `salesforce_card` adds to a mapping: what SALESmanago knows of a person, shown in Salesforce.

They have keys of their own, `card.<field>`, so that a mapping may use the same SALESmanago field besides.
"""

from __future__ import annotations

CARD = "card."
LAST_SYNC = "SALESmanago_Last_Sync__c"
# Salesforce field, SALESmanago field, converter, blank rule. A flag and a key are never emptied.
CARD_LINES = (
    ("SALESmanago_Contact_Id__c", "contactId", "text", "keep"),
    ("SALESmanago_Score__c", "score", "number", "keep"),
    ("SALESmanago_State__c", "state", "text", "propagate"),
    ("SALESmanago_Tags__c", "tags", "text", "propagate"),
    ("SALESmanago_Opted_Out__c", "optedOut", "boolean", "keep"),
)


def source_of(key: str) -> str:
    """Name the SALESmanago field of a field key: that of the card's lines is behind their prefix."""
    return key.removeprefix(CARD)
