"""The Grafana board of the metrics, written into include/grafana: `make tables`.

Names are those that the StatsD exporter of Prometheus makes of Airflow's: dots become underscores, a timer is a summary
in seconds (https://github.com/prometheus/statsd_exporter#metric-mapping-and-configuration). The variable `sync` finds
the pairs of accounts by the metric that each of them has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesmanago_sync.hooks.metrics import PEOPLE

FILE = Path(__file__).resolve().parents[2] / "include" / "grafana" / "salesmanago-sync.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
# Grafana lays panels out on 24 columns.
COLUMNS = 24
DIRECTIONS = {"to_salesmanago": "To SALESmanago", "to_salesforce": "To Salesforce"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of the board.

    Attributes:
        title: What it shows.
        shown: Queries, by what the legend says of each; `{{...}}` is a label of Prometheus.
        kind: Grafana's word for how it is drawn.
        unit: Grafana's word for the unit.
        width: Of 24 columns.
        height: In Grafana's rows.
        description: What to do about it.
        limits: Colours from a value on, beside green.
    """

    title: str
    shown: Mapping[str, str]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    description: str = ""
    limits: Mapping[float, str] = field(default_factory=dict)


def now(name: str) -> str:
    """Query the newest value of a gauge, as long as the range of the board has one."""
    return f"last_over_time(${{sync}}_{name}[$__range])"


def added(name: str, window: str = "$__interval") -> str:
    """Query what a counter grew by. The sum is over the machines that sent it."""
    return f"sum(increase(${{sync}}_{name}[{window}]))"


def by_name(names: str) -> str:
    """Query gauges whose names begin alike; the label `what` is the rest of the name."""
    metric = f'{{__name__=~"${{sync}}_{names}_.+"}}'
    return f'label_replace({metric}, "what", "$1", "__name__", "${{sync}}_{names}_(.+)") > 0'


def people(direction: str) -> Panel:
    """Show what became of people in one direction."""
    counted = {name.capitalize(): added(f"{direction}_{name}") for name in (*PEOPLE, "skipped")}
    return Panel(f"{DIRECTIONS[direction]}: people", counted)


def figure(title: str, query: str, description: str, limits: Mapping[float, str], unit: str = "short") -> Panel:
    """Show one number as it is now."""
    return Panel(title, {"": query}, "stat", unit, width=4, height=4, description=description, limits=limits)


PANELS = (
    figure("Open issues", now("issues_open"), "The page Issues has them with what to do.", {1: "orange"}),
    figure(
        "Unexplained differences",
        now("certificate_unexplained"),
        "Of the newest certificate. The page Certificate can repair them.",
        {1: "red"},
    ),
    figure(
        "Oldest opt-out that waits",
        now("consent_oldest_waiting_seconds"),
        "An opt-out that the other side has not acknowledged.",
        {3600: "orange", 86400: "red"},
        "s",
    ),
    figure(
        "Mappings whose full sync is due",
        now("full_sync_due"),
        "A mapping changed since its last full sync.",
        {1: "orange"},
    ),
    figure(
        "API calls of the org",
        f"{now('api_calls_salesforce_today')} / {now('api_calls_salesforce_allowed')}",
        "Of everybody in 24 hours. Runs stop near the reserve that is left to others.",
        {0.6: "orange", 0.8: "red"},
        "percentunit",
    ),
    figure("New issues", added("issues_new", "$__range"), "", {1: "orange"}),
    *(people(direction) for direction in DIRECTIONS),
    Panel("Open issues by reason", {"{{what}}": by_name("issues_open")}),
    Panel(
        "Opt-outs: until the other side acknowledged them",
        {"95 %": now("consent_p95_seconds"), "Slowest of seven days": now("consent_longest_seconds")},
        unit="s",
    ),
    Panel(
        "Requests",
        {"Salesforce": added("api_calls_salesforce"), "SALESmanago": added("api_calls_salesmanago")},
    ),
    Panel(
        "How long runs took",
        {
            "Full, nine in ten": '${sync}_duration_full{quantile="0.9"}',
            "Incremental, nine in ten": '${sync}_duration_incremental{quantile="0.9"}',
        },
        unit="s",
    ),
    Panel(
        "Certificate",
        {
            "People": now("certificate_people"),
            "Equal": now("certificate_equal"),
            "Different for a stated reason": now("certificate_explained"),
            "Unexplained": now("certificate_unexplained"),
        },
    ),
    Panel("Certificate: reasons", {"{{what}}": by_name("certificate_reasons")}),
)


def board() -> dict[str, Any]:
    """Return the board as Grafana imports it."""
    return {
        "title": "Salesforce and SALESmanago",
        "uid": "salesmanago-sync",
        "tags": ["airflow", "salesmanago"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {"list": [_source(), _sync()]},
        "panels": list(_panels()),
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _sync() -> dict[str, Any]:
    query = 'label_values({__name__=~".+_issues_open"}, __name__)'
    return {
        "name": "sync",
        "label": "Sync",
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "sync"},
        "regex": "/^(.+)_issues_open$/",
        "refresh": 2,  # whenever the range of time changes
        "sort": 1,
    }


def _panels() -> Iterator[dict[str, Any]]:
    x = y = height = 0
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > COLUMNS:
            x, y = 0, y + height
        height = panel.height
        yield {
            "id": number,
            "title": panel.title,
            "description": panel.description,
            "type": panel.kind,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
            "fieldConfig": {
                "defaults": {"unit": panel.unit, "min": 0, "thresholds": _thresholds(panel)},
                "overrides": [],
            },
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": SOURCE,
                    "expr": query,
                    "legendFormat": legend or panel.title,
                }
                for place, (legend, query) in enumerate(panel.shown.items())
            ],
        }
        x += panel.width


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps = [{"color": "green", "value": None}]
    steps += [{"color": color, "value": value} for value, color in panel.limits.items()]
    return {"mode": "absolute", "steps": steps}


def text() -> str:
    """Return the file."""
    return json.dumps(board(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write the file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
