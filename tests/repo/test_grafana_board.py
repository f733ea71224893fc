"""The Grafana board asks for every metric that the reference lists, and for no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.site import grafana_board
from docs.site.reference_tables import DOCS

# Of a reason or a mode there is one metric each; the board asks for all of them, or for those that people wait for.
OPEN = {"<reason>": ".+", "<code>": ".+"}
SPELLED = {"<direction>": ("to_salesmanago", "to_salesforce"), "<mode>": ("full", "incremental")}


def listed() -> Iterator[str]:
    """The names that the reference lists, as the StatsD exporter spells them, without what they begin with."""
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    for name in re.findall(r"^\| `salesmanago_sync\.(\S+)` \|", text, re.MULTILINE):
        spelled = name.replace(".", "_")
        for part, stands_for in OPEN.items():
            spelled = spelled.replace(part, stands_for)
        [placeholder] = [part for part in SPELLED if part in spelled] or [""]
        yield from (
            (spelled.replace(placeholder, one) for one in SPELLED.get(placeholder, [""])) if placeholder else [spelled]
        )


def asked() -> Iterator[str]:
    """The names that the board asks for."""
    for panel in grafana_board.board()["panels"]:
        for target in panel["targets"]:
            found = re.findall(r"(?<![\w\"])\$\{sync\}_(\w+)(?=[\[{)]|$)", target["expr"])
            yield from found or re.findall(r'__name__=~"\$\{sync\}_(\S+?)"', target["expr"])


def test_it_asks_for_every_metric_and_for_no_other() -> None:
    assert set(asked()) == set(listed())


def test_the_file_is_the_one_that_the_code_makes() -> None:
    assert grafana_board.FILE.read_text(encoding="utf-8") == grafana_board.text(), "run: make tables"


def test_panels_fill_the_board_and_do_not_lie_upon_each_other() -> None:
    panels = grafana_board.board()["panels"]
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < grafana_board.COLUMNS
    assert len({panel["title"] for panel in panels}) == len(panels)
