"""What histories are drawn from, as Hypothesis strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.histories.history import DISTURBANCES, History
from tests.histories.setups import Setup

WHICH = st.integers(0, 11)
ADDRESS = st.tuples(st.integers(0, 5), st.sampled_from([0, 0, 0, 1])).map(list)
NAME = st.sampled_from(["Nowak", "Maj", "O'Neill"])
WORDS = st.sampled_from([None, "0", "false", "Łódź", "New York"])
FIELD = st.sampled_from(["city", "note", "name", "company"])
CHANNEL = st.sampled_from([0, 1])
MODE = st.sampled_from(["incremental", "incremental", "incremental", "full"])
YES = st.booleans()
SELDOM = st.sampled_from([False, False, False, True])


def step(verb: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A step: a verb and its values."""
    return st.tuples(st.just(verb), *values).map(list)


# What people do every day, and what they do seldom.
NEWCOMER = st.one_of(
    step("make_lead", st.one_of(st.none(), ADDRESS), NAME, WORDS, SELDOM),
    step("make_contact", ADDRESS, NAME, WORDS, SELDOM),
    step("make_card", ADDRESS, NAME, YES, WORDS, SELDOM),
)
DAILY = st.one_of(
    step("edit_record", WHICH, FIELD, WORDS),
    step("edit_card", WHICH, FIELD, WORDS),
    step("choose_in_salesforce", WHICH, CHANNEL, YES),
    step("choose_in_salesmanago", WHICH, CHANNEL, YES),
    NEWCOMER,
)
DISAGREE = step("disagree", WHICH, st.sampled_from(["Radom", "0", None]), st.sampled_from(["Opole", "false", None]))
SELDOM_DONE = st.one_of(
    DISAGREE,
    step("make_account", ADDRESS, NAME),
    step("change_address_of_record", WHICH, ADDRESS),
    step("change_address_of_card", WHICH, ADDRESS),
    step("swap_addresses", YES, WHICH, WHICH),
    step("cross_the_criteria", WHICH, YES),
    step("delete_record", WHICH),
    step("purge_record", WHICH),
    step("undelete_record", WHICH),
    step("merge_records", WHICH, WHICH),
    step("convert_lead", WHICH, st.one_of(st.none(), WHICH)),
    step("delete_card", WHICH),
    step("purge_card", WHICH),
    step("restore_card", WHICH),
    step("forget_person", WHICH, YES),
)
EDIT = st.one_of(DAILY, SELDOM_DONE)
# Long enough for the sync to read again what it is about to write.
LATE = step("wait", st.sampled_from([30, 30, 400]))
# A run of few people has up to twenty tasks, makes some forty requests, 170 calls of the ledger and 80 staged files.
CALL = st.one_of(
    st.tuples(st.just("request"), st.integers(1, 40)),
    st.tuples(st.just("sent"), st.integers(1, 6)),
    st.tuples(st.just("task"), st.integers(6, 18)),
)


@st.composite
def during(draw: st.DrawFn, does: st.SearchStrategy[list[Any]]) -> list[list[Any]]:
    """What happens while a run works, and whether it takes a while until the next call is made."""
    found = []
    for kind, number in draw(st.lists(CALL, max_size=3)):
        found.append([kind, number, draw(does)])
        if draw(YES):
            found.append([kind, number, draw(LATE)])
    return found


# A conflict that is held, if there is one.
DECIDE = step("decide", st.integers(0, 3), st.sampled_from(["salesforce", "salesmanago", "other"]))
WORK = st.one_of(DAILY, DAILY, EDIT, DISAGREE, DECIDE)
# The consent lane takes no lock: it may work before any call of a run.
DURING = during(st.one_of(WORK, WORK, WORK, st.just(["carry_opt_outs"])))
DEATH = st.one_of(
    st.tuples(st.just("request"), st.integers(1, 45), YES, YES),
    st.tuples(st.just("ledger"), st.integers(1, 170), YES, YES),
    st.tuples(st.just("file"), st.integers(1, 80), st.sampled_from([False, True, "half"]), YES),
    st.tuples(st.just("task"), st.integers(1, 19), YES, YES),
).map(list)
NO_DEATH = st.none()
TASKS = st.integers(0, 18)
RUNS = st.one_of(
    step("run", MODE, DURING, NO_DEATH),
    step("run", MODE, DURING, NO_DEATH),
    step("run", MODE, DURING, DEATH),
    step("clear", st.integers(0, 3), st.sampled_from(["failed", "downstream", "single"]), TASKS, DURING, NO_DEATH),
    step("clear", st.integers(0, 3), st.just("failed"), st.just(0), DURING, st.one_of(NO_DEATH, DEATH)),
    step("mark", st.integers(0, 3), TASKS),
    step("set_failed", MODE, TASKS),
    step("overtake", MODE, TASKS, st.sampled_from([0.0, 1200.0]), MODE, st.one_of(NO_DEATH, DEATH)),
    step("interleave", MODE, MODE, st.lists(st.integers(0, 1), max_size=24)),
    step("carry_opt_outs", during(WORK), st.one_of(NO_DEATH, NO_DEATH, DEATH)),
    step("lose_answer", MODE, st.sampled_from(["salesforce", "salesmanago"])),
    step("disturb", MODE, st.sampled_from(sorted(DISTURBANCES)), DURING),
)
# What of a plan is approved, or nothing of it; and what happens until somebody answers.
SCOPE = st.sampled_from([
    {}, {}, {}, None, {"direction": "to_salesforce"}, {"direction": "to_salesmanago"}, {"objects": ["Lead"]},
    {"fields": ["address.city"]},
])  # fmt: skip
WAITING = st.one_of(
    WORK, WORK, WORK, st.just(["carry_opt_outs"]), step("run", MODE, st.just([]), NO_DEATH), st.just(["wait", 7200])
)
ASKING = st.one_of(
    step("ask", MODE, SCOPE, st.lists(WAITING, max_size=3), DURING, st.one_of(NO_DEATH, NO_DEATH, DEATH)),
    step("undo", st.integers(0, 3), DURING, st.one_of(NO_DEATH, NO_DEATH, DEATH), YES),
    step("undo_at_once", MODE, YES),
    step("ask_undo", st.integers(0, 3), SCOPE, st.lists(WAITING, max_size=2), DURING, st.one_of(NO_DEATH, DEATH)),
)
LEDGERS = st.sampled_from([["keep_ledger"], ["put_ledger_back"]])
SETTLE = step("settle", MODE)

SETUP = st.builds(
    Setup,
    objects=st.sampled_from([("Lead",), ("Lead", "Contact"), ("Lead", "Contact", "PersonAccount")]),
    on_delete=st.sampled_from(["nothing", "nothing", "opt_out", "delete"]),
    criteria=SELDOM,
    pace=st.sampled_from([1.0, 1.0, 0.1]),
    new_opted_out=SELDOM,
    keeps=st.sampled_from(["as_sent", "as_sent", "as_sent", "trimmed", "upper"]),
    cut_at=st.sampled_from([None, None, None, 6]),
    list_limit=st.sampled_from([None, None, None, 3]),
    list_twice=SELDOM,
    salesforce_keeps=st.sampled_from(["as_sent", "as_sent", "as_sent", "upper"]),
    salesforce_twice=SELDOM,
    consent_moves_clock=st.sampled_from([True, True, False]),
    hold=SELDOM,
    bulk_above=st.sampled_from([2_000, 2_000, 1]),
)


@st.composite
def histories(draw: st.DrawFn, *, ledgers: bool = True) -> History:
    """A whole history: some people, a first synchronisation, and rounds of work and runs.

    Args:
        draw: Given by Hypothesis.
        ledgers: Whether the ledger may be lost or restored.
    """
    runs = st.one_of(RUNS, RUNS, RUNS, ASKING)
    run = st.one_of(runs, runs, runs, LEDGERS) if ledgers else runs
    begin = draw(st.lists(NEWCOMER, min_size=3, max_size=6))
    rounds = st.tuples(
        st.lists(st.one_of(EDIT, EDIT, EDIT, DISAGREE, DECIDE), max_size=4),
        st.lists(run, min_size=1, max_size=3),
        st.one_of(SETTLE, st.none()),
    )
    steps: list[list[Any]] = [*begin, ["settle", "full"]]
    for edits, runs, settled in draw(st.lists(rounds, min_size=1, max_size=4)):
        steps += [*edits, *runs, *([] if settled is None else [settled])]
    return History(draw(SETUP), tuple(steps))


# There are no Person Accounts in the cheap model, and nothing that needs a wire.
PURE_EDIT = st.one_of(DAILY, EDIT).filter(lambda one: one[0] != "make_account")
PURE_SETUPS = [
    Setup(objects=("Lead",)),
    Setup(),
    Setup(on_delete="opt_out"),
    Setup(on_delete="opt_out", criteria=True),
    Setup(hold=True),
]


@st.composite
def pure_steps(draw: st.DrawFn) -> tuple[list[Any], ...]:
    """The steps of a history of matching, planning and merging alone."""
    rounds = draw(st.lists(st.lists(PURE_EDIT, min_size=1, max_size=4), min_size=2, max_size=4))
    begin = draw(st.lists(NEWCOMER, min_size=1, max_size=4))
    steps = [*begin, *(one for edits in rounds for one in (["sync"], *edits))]
    return tuple(steps)
