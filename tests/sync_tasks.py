"""The tasks of both syncs, in the order of a run, as tests expect them."""

TASKS = (
    "start",
    "preflight",
    "fix_window",
    "extract_salesforce",
    "extract_salesmanago",
    "extract_contacts",
    "gather_counterparts",
    "match",
    "plan",
    "guard",
    "ask",
    "resume",
    "bind",
    "write_consent",
    "canary",
    "write",
    "follow_up",
    "commit",
    "close",
    "report",
)
