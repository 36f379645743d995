"""Injury severity score and revised trauma score against values computed by hand."""

from decimal import Decimal

import pytest
from trauma.scores import injury_severity_score, revised_trauma_score


@pytest.mark.parametrize(
    ("injuries", "expected"),
    [
        ([("体表", 1)], 1),
        ([("头颈部", 4), ("胸部", 3), ("腹部", 2)], 29),
        # Two injuries of one region: only the worse one counts.
        ([("头颈部", 4), ("头颈部", 4), ("胸部", 1)], 17),
        ([("胸部", 3), ("胸部", 5)], 25),
        # A fourth region does not count.
        ([("头颈部", 3), ("胸部", 3), ("腹部", 3), ("四肢骨盆", 3)], 27),
        ([("头颈部", 1), ("胸部", 2), ("腹部", 3), ("四肢骨盆", 4)], 29),
        ([("头颈部", 5), ("胸部", 5), ("腹部", 5)], 75),
        # An unsurvivable injury makes it 75, whatever else there is.
        ([("体表", 6)], 75),
        ([("体表", 1), ("胸部", 6)], 75),
        ([], 0),
    ],
)
def test_injury_severity_score(injuries, expected):
    assert injury_severity_score(injuries) == expected


@pytest.mark.parametrize(
    ("gcs", "systolic", "breaths", "expected"),
    [
        (15, 120, 16, "7.8408"),
        (13, 90, 10, "7.8408"),
        (12, 89, 30, "5.8806"),
        (8, 75, 9, "3.9204"),
        (5, 49, 5, "1.9602"),
        (3, 0, 0, "0"),
    ],
)
def test_revised_trauma_score(gcs, systolic, breaths, expected):
    assert revised_trauma_score(gcs, systolic, breaths) == Decimal(expected)
