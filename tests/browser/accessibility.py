"""What keeps people from using a page: what axe finds against WCAG 2 A and AA, and a page wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

WIDE, PHONE = ViewportSize(width=1400, height=900), ViewportSize(width=390, height=844)
EVERY_RULE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# In the dark nothing but the colours is another.
LOOKS = {
    "light": ("light", WIDE, EVERY_RULE),
    "dark": ("dark", WIDE, ["color-contrast"]),
    "phone": ("light", PHONE, EVERY_RULE),
}
# As Airflow's own menu does in another frame, so that a page is looked at in both colours without being loaded again.
CHOOSE_COLOURS = "theme => { localStorage.setItem('theme', theme); dispatchEvent(new StorageEvent('storage')); }"
WIDER = "() => document.documentElement.scrollWidth - innerWidth"


def barriers(page: Page, name: str) -> list[str]:
    """Name what is wrong with the page that is open, in every look: which rule, and which elements break it."""
    return [found for look in LOOKS for found in _seen_so(page, name, look)]


def _seen_so(page: Page, name: str, look: str) -> Iterator[str]:
    colours, screen, rules = LOOKS[look]
    page.set_viewport_size(screen)
    page.evaluate(CHOOSE_COLOURS, colours)
    if page.evaluate(WIDER) > 0:
        yield f"{name}, {look}: must be moved sideways"
    for broken in Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]:
        for node in broken["nodes"]:
            yield f"{name}, {look}: {broken['id']}: {node['target']}: {node['failureSummary']}"
