"""People for both systems: invented, reproducible, and with every flaw that real ones have."""

from __future__ import annotations

from twin.people.planting import plant
from twin.people.population import Population, Seeded

__all__ = ["Population", "Seeded", "plant"]
