"""Trauma scores by their published rules."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

UNSURVIVABLE_SEVERITY = 6
HIGHEST_ISS = 75


def injury_severity_score(injuries: Iterable[tuple[str, int]]) -> int:
    """Injury severity score of (body region, AIS severity 1 to 6) pairs: 0 to 75.

    Baker et al., J Trauma 1974;14:187: the highest severity of each body region counts, the squares of the three
    highest are added, and any severity of 6 makes it 75.
    """
    worst: dict[str, int] = {}
    for region, severity in injuries:
        if severity >= UNSURVIVABLE_SEVERITY:
            return HIGHEST_ISS
        if severity > worst.get(region, 0):
            worst[region] = severity
    return sum(severity * severity for severity in sorted(worst.values(), reverse=True)[:3])


def _coded_gcs(gcs: int) -> int:
    return 4 if gcs >= 13 else 3 if gcs >= 9 else 2 if gcs >= 6 else 1 if gcs >= 4 else 0


def _coded_systolic(systolic: int) -> int:
    return 4 if systolic > 89 else 3 if systolic > 75 else 2 if systolic > 49 else 1 if systolic > 0 else 0


def _coded_respiration(rate: int) -> int:
    return 3 if rate > 29 else 4 if rate > 9 else 2 if rate > 5 else 1 if rate > 0 else 0


_SCORE = {
    (g, s, r): Decimal("0.9368") * g + Decimal("0.7326") * s + Decimal("0.2908") * r
    for g in range(5)
    for s in range(5)
    for r in range(5)
}


def revised_trauma_score(gcs: int, systolic: int, respiratory_rate: int) -> Decimal:
    """Revised trauma score, 0 to 7.8408, of GCS, systolic pressure (mmHg) and breaths a minute.

    Champion et al., J Trauma 1989;29:623: coded values weighted by 0.9368, 0.7326 and 0.2908.
    """
    return _SCORE[_coded_gcs(gcs), _coded_systolic(systolic), _coded_respiration(respiratory_rate)]
