from __future__ import annotations

from datetime import UTC, datetime

from salesmanago_sync.overview.runs import Counts, RunLine
from salesmanago_sync.ui.chart import HEIGHT, LOWEST, SPARK_WIDTH, WIDTH, run_chart, sparkline


def run(created: int = 0, updated: int = 0, failed: int = 0) -> RunLine:
    there = Counts(created=created, updated=updated, failed=failed)
    began = datetime(2026, 1, 31, 12, tzinfo=UTC)
    counts = {"to_salesmanago": there, "to_salesforce": Counts()}
    return RunLine(1, "dag", "run", "full", False, False, "success", began, began, "", counts, 0, 0, 0, 0, "")


def test_the_newest_run_is_at_the_right() -> None:
    chart = run_chart([run(updated=1), run(created=2)], "to_salesmanago", 4)
    assert [bar.x for bar in chart.bars] == [WIDTH / 2, WIDTH * 3 / 4]
    assert [[part.kind for part in bar.parts] for bar in chart.bars] == [["created"], ["updated"]]


def test_every_bar_stays_inside_and_nothing_is_invisible() -> None:
    chart = run_chart([run(100_000, 1, 1), run(failed=1)], "to_salesmanago", 2)
    assert chart.top == 100_002
    for bar in chart.bars:
        assert all(part.height >= LOWEST and 0 <= part.y <= HEIGHT for part in bar.parts)


def test_a_run_that_wrote_nothing_has_no_bar() -> None:
    chart = run_chart([run()], "to_salesmanago", 30)
    assert (chart.top, chart.bars[0].parts) == (0, [])


def test_a_bar_says_its_numbers() -> None:
    [bar] = run_chart([run(1, 2, 3)], "to_salesmanago", 1).bars
    assert bar.label == "2026-01-31 12:00 UTC, full: 1 created, 2 updated, 3 failed"


def test_a_line_goes_from_left_to_right() -> None:
    points = [tuple(map(float, point.split(","))) for point in sparkline([0, 2, 1]).split()]
    assert [x for x, _ in points] == [0, SPARK_WIDTH / 2, SPARK_WIDTH]
    assert points[1][1] < points[2][1] < points[0][1]
    assert sparkline([]) == ""
