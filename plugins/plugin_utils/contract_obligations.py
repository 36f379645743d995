# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of obligations: rhythms, counts, dates around holidays, deadlines (DESIGN, "The contract file")."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import HOLIDAY, Name, Part, Title
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import Duration, Expression
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_text
from pydantic import Discriminator, Field, Tag, field_validator

__all__ = ["AroundHolidays", "Count", "Deadline", "Duty", "Every", "Obligation"]

PERIOD = Literal["day", "week", "month", "quarter", "half_year", "year"]


class Duty(Part):
    """What all obligations have."""

    id: Name = Field(
        description="The clause, in quotes; a letter behind it where a clause asks several things.", examples=["4.6"]
    )
    title: Title = Field(examples=[{"zh": "每日备份", "en": "Daily backup"}])


class Every(Duty):
    """At least once in each period."""

    every: PERIOD = Field(description="The period.", examples=["day"])
    met_by: Expression = Field(description="JMESPath: true of a record that meets it.")


class Count(Duty):
    """At least so many times in each period."""

    count: int = Field(ge=1, le=10000, description="How many records.", examples=[4])
    per: PERIOD = Field(description="The period.", examples=["year"])
    met_by: Expression = Field(description="JMESPath: true of a record that meets it.")


class AroundHolidays(Duty):
    """Once for each of these holidays, near it."""

    around: tuple[HOLIDAY, ...] = Field(min_length=1, description="Holidays by name.", examples=[["spring_festival"]])
    within: Duration = Field(description="How near, in whole days.", examples=["7d"])
    when: Literal["before", "during", "after", "around"] = Field(
        "before", description="Before the first day off, on the days off, after the last one, or any of these."
    )
    met_by: Expression = Field(description="JMESPath: true of a record that meets it.")

    @field_validator("within")
    @classmethod
    def whole_days(cls, within: timedelta) -> timedelta:
        """Refuse hours: days off are whole days."""
        if within % timedelta(days=1):
            raise ValueError(f"{duration_text(within)} is not in whole days, write for example 7d")
        return within


class Deadline(Duty):
    """For each of these records: from one of its times to another within a duration."""

    each: Expression = Field(
        description="JMESPath: true of the records that it asks about.", examples=["verb=='fault'"]
    )
    begin: Expression = Field(
        alias="from", description="JMESPath: the record's time from which it counts.", examples=["opened"]
    )
    end: Expression = Field(
        alias="to", description="JMESPath: the record's time that must come.", examples=["resolved"]
    )
    within: Duration = Field(description="How soon.", examples=["2h"])
    answered_by: Expression | None = Field(
        None,
        description="JMESPath: true of another record, of work by hand, that names this one's run id in its summary; to is then a time of that one. "
        "A record of the kind approval must hold the hospital's signed approval of that run id.",
        examples=["by_hand.kind=='approval'"],
    )


OBLIGATIONS: dict[str, type[Duty]] = {"every": Every, "count": Count, "around": AroundHolidays, "each": Deadline}


def _kind(value: object) -> str | None:
    """Return the name of the obligation's type by the one key that tells it."""
    found = [kind.__name__ for key, kind in OBLIGATIONS.items() if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


Obligation = Annotated[
    Annotated[Every, Tag("Every")]
    | Annotated[Count, Tag("Count")]
    | Annotated[AroundHolidays, Tag("AroundHolidays")]
    | Annotated[Deadline, Tag("Deadline")],
    Discriminator(
        _kind,
        custom_error_type="no_rhythm",
        custom_error_message="says no rhythm or several, write one of every, count with per, around with within, each with from, to and within",
    ),
]
