"""A chart as SVG: sizes stand where they belong, and nothing gets in unescaped."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.growth_chart import Point, bytes_text, ceiling, chart
from backup_samples import NOW

SVG = "{http://www.w3.org/2000/svg}"
ZONE = ZoneInfo("Asia/Shanghai")


def drawn(*points: Point, whole: str = "数据库", added: str = "stored") -> ElementTree.Element:
    """Return the chart's root; see that it is XML."""
    return ElementTree.fromstring(chart(points, ZONE, whole, added, "A & B"))  # noqa: S314 - our own text


def test_the_line_rises_with_the_size_and_time_runs_to_the_right() -> None:
    root = drawn(*(Point(NOW + timedelta(days=day), 1000 + 500 * day, 10) for day in range(3)))
    line = root.find(f"{SVG}polyline")
    assert line is not None
    places = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert [x for x, _y in places] == sorted({x for x, _y in places})
    assert [y for _x, y in places] == sorted({y for _x, y in places}, reverse=True), "down is larger in SVG"
    assert abs((places[0][0] + places[2][0]) / 2 - places[1][0]) < 0.2


def test_a_bar_is_as_high_as_what_was_added() -> None:
    root = drawn(Point(NOW, 2000, 500), Point(NOW + timedelta(days=1), 2000, 1000))
    small, large = (float(bar.attrib["height"]) for bar in root.findall(f"{SVG}rect[@width='6']"))
    assert abs(large - 2 * small) < 0.2 < small


def test_days_are_the_sites_and_texts_are_escaped() -> None:
    root = drawn(Point(NOW, 1, 1), Point(NOW + timedelta(days=2), 1, 1), whole="<b>&")
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "11-26" in texts, "22:10 UTC is the next day there"
    assert "11-28" in texts
    assert "<b>&" in texts
    assert root.attrib["font-family"] == "A & B"


def test_one_point_is_drawn_and_none_is_no_chart() -> None:
    assert len(drawn(Point(NOW, 5, 5)).findall(f"{SVG}circle")) == 1
    assert chart([], ZONE, "a", "b") == ""


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, 1), (1, 1), (3, 4), (1000, 1024), (1025, 2 * 1024), (9 * 1024**3, 10 * 1024**3), (900 * 1024**2, 1024**3)],
)
def test_the_scale_ends_at_a_round_size(size: int, expected: float) -> None:
    assert ceiling(size) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (2.468 * 1024**3, "2.468 GiB"),
        (-2048, "-2 KiB"),
        (5 * 1024**5, "5120 TiB"),
    ],
)
def test_sizes_for_people(size: float, expected: str) -> None:
    assert bytes_text(size) == expected
