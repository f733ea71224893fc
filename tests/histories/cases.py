"""Histories that once ended badly, as small as they are known: each must end well for ever.

`CASES` are whole ones, `PURE_CASES` those of matching, planning and merging alone.
"""

from __future__ import annotations

from tests.histories.history import History
from tests.histories.setups import Setup

TWO = (["make_lead", [0, 0], "Nowak", "Łódź", False], ["make_card", [1, 0], "Maj", False, None, False])
FOUR_CARDS = tuple(["make_card", [number, 0], "Maj", False, None, False] for number in range(2, 6))
FOUR_LEADS = tuple(["make_lead", [number, 0], "Maj", None, False] for number in range(2, 6))
DELETING = Setup(on_delete="opt_out")
LOST_AND_UNHEARD = (
    *TWO, ["settle", "full"], ["run", "incremental"], ["put_ledger_back"],
    ["choose_in_salesmanago", 0, 1, True], ["choose_in_salesmanago", 1, 0, True],
)  # fmt: skip
# Tasks of a run with two objects and three parts, counted from nought.
MATCH, PLAN, BIND = 7, 8, 11
# The account opts new contacts out; the ledger is lost before any further run.
OUT_AND_LOST = ["run", "incremental", [["task", MATCH + 1, ["convert_lead", 0, None]]], None], ["put_ledger_back"]
CLEARED = (("match", MATCH), ("plan", PLAN), ("bind", BIND), ("follow_up", -3))

CASES: dict[str, History] = {
    "a held conflict is decided, edited before it is carried out, and decided anew while a run works": History(
        Setup(hold=True),
        (*TWO, ["settle", "full"], ["disagree", 0, "Radom", "Opole"], ["settle", "incremental"],
         ["decide", 0, "salesforce"], ["edit_card", 0, "city", "0"], ["settle", "incremental"],
         ["run", "incremental", [["task", 6, ["decide", 0, "other"]]], ["plan", 1, True, True]],
         ["settle", "incremental"], ["undo", 0, [], None]),
    ),
    "an older copy of the ledger, which does not know the run that somebody clears": History(
        Setup(),
        (["settle", "full"], ["set_failed", "full", 9], ["put_ledger_back"], ["clear", 0, "failed", 0, [], None]),
    ),
    "the ledger is lost, and people opt out whose contacts are not marked as modified by it": History(
        Setup(consent_moves_clock=False), LOST_AND_UNHEARD,
    ),
    "the ledger is lost before any run after the one that made a contact, which the account has opted out": History(
        Setup(new_opted_out=True), (TWO[0], ["run", "full"], ["put_ledger_back"]),
    ),
    "the last run before the loss wrote to a contact that the account had opted out by itself": History(
        Setup(new_opted_out=True),
        (TWO[0], ["settle", "full"], ["edit_record", 0, "city", "Opole"], ["run", "incremental"], ["put_ledger_back"]),
    ),
    "the same by the consent lane": History(
        Setup(new_opted_out=True),
        (TWO[0], ["settle", "full"], ["choose_in_salesforce", 0, 1, True], ["carry_opt_outs"], ["put_ledger_back"]),
    ),
    "a contact was deleted, the ledger is lost, and its record gets another address": History(
        Setup(objects=("Lead",), on_delete="opt_out", list_limit=3, consent_moves_clock=False),
        (*(["make_lead", address, "Maj", "Łódź", False] for address in ([3, 0], None, None)),
         ["settle", "full"], ["delete_card", 2], ["set_failed", "full", 16], ["put_ledger_back"],
         ["settle", "incremental"], ["make_lead", None, "Nowak", "false", True],
         ["run", "incremental", [["task", 10, ["merge_records", 0, 8]], ["task", 10, ["wait", 30]],
          ["task", 6, ["change_address_of_record", 8, [2, 0]]], ["task", 6, ["wait", 30]]], None]),
    ),
    "an older copy of the ledger, from before the run that made such a contact": History(
        Setup(new_opted_out=True),
        (["settle", "full"], ["keep_ledger"], TWO[0], ["run", "incremental"], ["put_ledger_back"]),
    ),
    "the last run before the loss gave such a contact another record": History(
        Setup(objects=("Lead", "Contact"), new_opted_out=True), (TWO[0], ["settle", "full"], *OUT_AND_LOST),
    ),
    "the record of such a contact goes where nobody looks, and the ledger is lost": History(
        Setup(new_opted_out=True), (TWO[0], ["settle", "full"], *OUT_AND_LOST),
    ),
    "the same where the account opts new contacts out, so that nobody can tell whose an opt-out is": History(
        Setup(consent_moves_clock=False, new_opted_out=True), LOST_AND_UNHEARD,
    ),
    "somebody converts a Lead into a Contact that the sync has created, and the run that did it is undone": History(
        Setup(),
        (["make_lead", None, "Maj", "Łódź", False], ["make_card", [5, 0], "Nowak", True, "Łódź", False],
         ["settle", "full"], ["convert_lead", 0, 0], ["undo", 1, [], None, True]),
    ),
    "an older run is cleared after a newer one created people": History(
        DELETING,
        (*TWO, ["settle", "full"], ["run", "incremental", [], ["plan", 1, False, False]], *FOUR_LEADS,
         ["settle", "incremental"], ["clear", 2, "failed", 0], ["clear", 2, "downstream", PLAN]),
    ),
    "an older run has its plan and is cleared after a newer one created the same people": History(
        Setup(),
        (*TWO, ["settle", "full"], *FOUR_CARDS, ["run", "incremental", [], ["bind", 1, False, False]],
         ["settle", "incremental"], ["clear", 2, "failed", 0], ["clear", 2, "downstream", BIND]),
    ),
    "one part has its plan, another has none, and the run is cleared after a newer one created people": History(
        DELETING,
        (*TWO, ["settle", "full"], *FOUR_CARDS, ["run", "incremental", [], ["plan", 2, False, False]], *FOUR_LEADS[2:],
         ["settle", "incremental"], ["clear", 2, "downstream", PLAN + 1]),
    ),
    "people are shared out anew by somebody who clears that task alone, and then what failed": History(
        Setup(),
        (*TWO, ["settle", "full"], *FOUR_CARDS, ["run", "incremental", [], ["bind", 1, False, False]],
         ["clear", 0, "single", MATCH], ["clear", 0, "downstream", BIND]),
    ),
    "a worker dies while people are shared out, planned, bound or followed up, and its task is cleared": History(
        Setup(),
        (*TWO, ["settle", "full"],
         *(step for card, (task, place) in zip(FOUR_CARDS, CLEARED, strict=True)
           for step in (card, *[["edit_record", each, "city", task] for each in range(4)],
                        ["run", "incremental", [], [task, 1, True, False]], ["clear", 0, "downstream", place]))),
    ),
    "a write that failed is marked as success": History(
        Setup(),
        (*TWO, ["settle", "full"], ["edit_record", 0, "city", "New York"],
         ["run", "incremental", [], ["write", 1, False, False]], ["mark", 0, 0]),
    ),
    "a service that cuts what it says of new contacts": History(
        Setup(list_limit=3), (*TWO, ["settle", "full"], *FOUR_CARDS, ["settle", "incremental"]),
    ),
    "the ledger is lost, and somebody edits a contact that the account has opted out by itself": History(
        Setup(objects=("Lead",), new_opted_out=True),
        (["make_lead", [4, 0], "Maj", None, False], ["settle", "full"], ["put_ledger_back"],
         ["edit_card", 0, "city", "0"]),
    ),
    "a run is set to failed": History(Setup(), (*TWO, ["settle", "full"], ["set_failed", "incremental", 6])),
    "a run stands still and another works": History(
        DELETING,
        (*TWO, ["settle", "full"], *FOUR_LEADS, ["overtake", "incremental", 7, 1200, "incremental"]),
    ),
    "one task of a run that ended is cleared": History(
        Setup(), (*TWO, ["settle", "full"], ["run", "incremental"], ["clear", 0, "single", 8]),
    ),
    "tasks are marked as success from which others take something": History(
        Setup(),
        (*TWO, ["settle", "full"],
         *(step for task in ("start", "preflight", "fix_window", "extract_salesmanago", "gather_counterparts", "match")
           for step in (["run", "incremental", [], [task, 1, False, False]], ["mark", 0, 0]))),
    ),
    "tasks are marked as success that decide, bind, write or end a run": History(
        DELETING,
        (*TWO, ["settle", "full"],
         *(step for number, task in enumerate(("plan", "guard", "bind", "write_consent", "follow_up", "commit"))
           for step in (["edit_record", number, "city", task], ["choose_in_salesmanago", number, 1, number % 2 == 0],
                        ["run", "incremental", [], [task, 1, False, False]], ["mark", 0, 0]))),
    ),
    "a worker dies halfway through a file, and its task is marked as success": History(
        Setup(),
        (*TWO, ["settle", "full"],
         *(step for file in (6, 9, 12)
           for step in (["run", "incremental", [], ["file", file, "half", False]], ["mark", 0, 0]))),
    ),
    "runs ask and are approved, in part, and rejected, and what they wrote is put back": History(
        Setup(),
        (*TWO, ["settle", "full"], ["edit_record", 0, "city", "New York"], ["edit_card", 1, "note", "0"],
         ["ask", "incremental", {"direction": "to_salesforce"},
          [["edit_card", 1, "note", "Łódź"], ["choose_in_salesmanago", 0, 0, True], ["carry_opt_outs"]], [], None],
         ["ask", "incremental", None, [["run", "incremental", [], None]], [], None],
         ["edit_record", 0, "company", "Maj"], ["ask", "incremental", {}, [], [], ["resume", 1, True, False]],
         ["clear", 0, "failed", 0], ["undo", 0, [["request", 5, ["edit_card", 0, "company", "0"]]], None],
         ["edit_record", 1, "name", "O'Neill"], ["undo_at_once", "incremental"]),
    ),
    "a worker dies while what a run wrote is put back, and its task is cleared": History(
        Setup(),
        (*TWO, ["settle", "full"], ["edit_record", 0, "city", "New York"], ["edit_card", 1, "city", "Łódź"],
         ["run", "incremental", [], None], ["undo", 0, [], ["sent", 1, True, False]], ["clear", 0, "failed", 0],
         ["undo", 0, [], ["ledger", 12, True, True]], ["clear", 0, "downstream", 2]),
    ),
    "an undo deletes what was created, but for an edit before a later write and an opt-out unheard": History(
        Setup(consent_moves_clock=False),
        (["settle", "full"], ["make_lead", [2, 0], "Nowak", None, False], ["run", "incremental"],
         ["edit_card", 0, "note", "0"], ["run", "incremental"], ["edit_record", 0, "city", "Łódź"],
         ["make_lead", [3, 0], "Maj", None, False], ["run", "incremental"], ["choose_in_salesmanago", 1, 0, True],
         ["undo", 0, [], None, True], ["undo", 3, [], None, True]),
    ),
    "an undo that dies after a deletion is no deletion by a person": History(
        Setup(on_delete="delete"),
        (["settle", "full"], ["make_card", [2, 0], "Nowak", False, None, False], ["run", "incremental", [], None],
         ["undo", 0, [], ["sent", 1, True, True], True], ["run", "incremental", [], None]),
    ),
    "the consent lane works in the middle of a run": History(
        Setup(salesforce_keeps="upper", salesforce_twice=True),
        (*TWO, ["settle", "full"], ["choose_in_salesmanago", 0, 0, True], ["edit_card", 0, "city", "Łódź"],
         ["run", "incremental", [["plan", 1, ["choose_in_salesforce", 1, 1, True]], ["bind", 1, ["wait", 150]],
                                 ["bind", 1, ["carry_opt_outs"]], ["request", 20, ["carry_opt_outs"]]], None]),
    ),
    "people edit while a service lets the writes wait": History(
        Setup(),
        (*TWO, ["settle", "full"], ["edit_record", 0, "city", "New York"], ["edit_card", 0, "city", "Łódź"],
         ["disturb", "incremental", "writes wait", [["sent", 1, ["edit_card", 1, "city", "0"]],
                                                    ["sent", 1, ["edit_record", 1, "city", "0"]]]]),
    ),
    "people edit while a job reads them, which fails in the end": History(
        Setup(bulk_above=1),
        (*TWO, *FOUR_LEADS, ["settle", "full"], ["edit_record", 0, "city", "New York"],
         *(step for how, city in (("jobs take time", "0"), ("a job fails", "Łódź"), ("a table breaks off", "false"))
           for step in (["disturb", "full", how, [["request", number, ["edit_record", number % 4, "city", city]]
                                                  for number in (7, 9, 11, 13)]], ["settle", "incremental"]))),
    ),
    "records are merged, and the winner's contact is opted out by the account's default": History(
        Setup(new_opted_out=True),
        (["make_contact", [1, 0], "Nowak", None, False], ["make_card", [5, 0], "Nowak", True, None, False],
         ["settle", "full"], ["merge_records", 0, 0]),
    ),
    "a Lead is converted whose contact is opted out by the account's default": History(
        Setup(new_opted_out=True),
        (TWO[0], ["settle", "full"], ["convert_lead", 0, None], ["settle", "incremental"]),
    ),
}  # fmt: skip

CASES["an account's default where two contacts have the address"] = History(
    Setup(
        objects=("Lead", "Contact", "PersonAccount"),
        on_delete="opt_out",
        criteria=True,
        pace=0.1,
        new_opted_out=True,
        keeps="upper",
        list_limit=3,
    ),
    (
        ["make_lead", [4, 0], "O'Neill", "Łódź", False],
        ["make_contact", [0, 0], "Maj", "false", True],
        ["make_card", [3, 1], "Maj", True, "false", False],
        ["make_contact", [3, 0], "Maj", "New York", False],
        ["make_lead", None, "Maj", None, False],
        ["make_contact", [2, 0], "O'Neill", "false", False],
        ["settle", "full"],
        ["delete_card", 7],
        ["lose_answer", "incremental", "salesmanago"],
        ["set_failed", "incremental", 1],
        [
            "run",
            "incremental",
            [["task", 10, ["choose_in_salesmanago", 5, 0, True]], ["task", 10, ["wait", 400]]],
            None,
        ],
        ["settle", "incremental"],
        ["make_card", [4, 0], "O'Neill", False, "false", False],
        ["run", "incremental", [], ["task", 5, False, True]],
    ),
)

UNWANTED, CHOOSY = Setup(on_delete="opt_out"), Setup(on_delete="opt_out", criteria=True)

PURE_CASES: dict[str, History] = {
    "a merge into a record without an address, whose contact is deleted and comes back": History(
        Setup(),
        (["make_lead", [0, 0], "O'Neill", "false", False], ["sync"], ["make_lead", None, "Nowak", "0", False],
         ["merge_records", 7, 4], ["delete_card", 7], ["sync"], ["restore_card", 9], ["sync"]),
    ),
    "an address of which a policy opted a contact out, and a second contact": History(
        UNWANTED,
        (["make_card", [4, 1], "Maj", False, None, False], ["sync"], ["purge_record", 0], ["sync"],
         ["make_card", [4, 0], "Maj", False, None, False]),
    ),
    "a newcomer at an address that is given up, which a deleted contact has too": History(
        UNWANTED,
        (["make_card", [4, 1], "Maj", True, None, False], ["make_card", [4, 0], "Maj", False, "Łódź", False],
         ["delete_card", 1], ["sync"], ["make_card", [2, 0], "Maj", True, "Łódź", False],
         ["swap_addresses", False, 0, 1]),
    ),
    "two newcomers of two objects at an address that is given up": History(
        UNWANTED,
        (["make_lead", [2, 0], "Nowak", "0", False], ["sync"], ["make_lead", [2, 0], "Nowak", None, False],
         ["make_contact", [3, 0], "Nowak", "New York", False], ["swap_addresses", True, 0, 3]),
    ),
    "a newcomer at an address that is given up, which a record has too whose contact was deleted": History(
        UNWANTED,
        (["make_card", [1, 0], "Maj", False, None, False], ["make_contact", [4, 0], "Maj", None, False], ["sync"],
         ["purge_card", 1], ["change_address_of_card", 0, [2, 1]], ["sync"],
         ["swap_addresses", True, 1, 0], ["make_contact", [2, 0], "Nowak", None, False]),
    ),
    "somebody types what the field holds already, after somebody has typed something else on the other side": History(
        UNWANTED,
        (["make_contact", [2, 0], "Nowak", None, False], ["sync"], ["edit_card", 0, "name", "Maj"],
         ["wait", 30], ["edit_record", 0, "name", "Nowak"]),
    ),
    "somebody types something and takes it back, after somebody has typed something on the other side": History(
        UNWANTED,
        (["make_contact", [2, 0], "Nowak", None, False], ["sync"], ["edit_card", 0, "name", "Maj"], ["wait", 30],
         ["edit_record", 0, "name", "Maj"], ["edit_record", 0, "name", "Nowak"]),
    ),
    "a Lead is converted whose contact was deleted, and somebody new has the address": History(
        UNWANTED,
        (["make_lead", [4, 0], "Nowak", "New York", False], ["sync"], ["delete_card", 0],
         ["make_card", [4, 0], "Maj", False, "0", False], ["convert_lead", 0, None]),
    ),
}  # fmt: skip
