"""The grammar of obligations: one rhythm each, expressions that can be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., list[str]]
DUTY = {"id": "4.6", "title": {"zh": "备份", "en": "Backup"}}
MET_BY = {"met_by": "verb=='backup'"}


@pytest.mark.parametrize(
    ("sections", "faults"),
    [
        (
            {"obligations": [{**DUTY, **MET_BY}]},
            ["contract.obligations[0]: says no rhythm or several, write one of every, count with per, around with"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "every": "day", "count": 2}]},
            ["contract.obligations[0]: says no rhythm or several"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "every": "days"}]},
            ['contract.obligations[0].every: "days" is not known here, write day'],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "every": "often"}]},
            [
                'contract.obligations[0].every: "often" is not known here, write day, week, month, quarter, half_year or year'
            ],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "count": 0, "per": "year"}]},
            ["contract.obligations[0].count: 0 is not large enough, write for example count: 4"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "around": ["spring"], "within": "7h"}]},
            [
                'contract.obligations[0].around[0]: "spring" is not known here, write spring_festival',
                "contract.obligations[0].within: 7h is not in whole days, write for example 7d",
            ],
        ),
        (
            {"obligations": [{**DUTY, "every": "day", "met_by": "verb = 'backup'"}]},
            ["contract.obligations[0].met_by: is no JMESPath expression ("],
        ),
        (
            {"obligations": [{**DUTY, "every": "day", "met_by": "contain(hosts, 'db1')"}]},
            [
                "contract.obligations[0].met_by: contain is no function of JMESPath, write one of abs, avg, ceil, contains"
            ],
        ),
        (
            {"obligations": [{**DUTY, "each": "verb=='fault'", "from": "opened", "within": "2h"}]},
            ['contract.obligations[0].to: is missing, write for example to: "resolved"'],
        ),
    ],
)
def test_names_what_is_wrong(refused: Refused, sections: dict[str, Any], faults: list[str]) -> None:
    said = refused(**sections)
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)
