# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a contract: calendar, hours, windows, freezes, policies, obligations, service levels, contacts.

A field's description and example stand in the JSON Schema, and the example in the message where the field is missing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import (
    Dates,
    DayNames,
    Duration,
    EntriesError,
    Hours,
    HoursOrOne,
    Moment,
    PublicKey,
    TimeOfDay,
)
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

__all__ = [
    "HOLIDAY",
    "Awx",
    "Backups",
    "CalendarRules",
    "Contact",
    "Expected",
    "Freeze",
    "Name",
    "Override",
    "Part",
    "Policy",
    "ServiceLevel",
    "Text",
    "Title",
    "Window",
    "WorkingHours",
]

# Named as the package chinesecalendar names them.
HOLIDAY = Literal[
    "new_years_day",
    "spring_festival",
    "tomb_sweeping_day",
    "labour_day",
    "dragon_boat_festival",
    "mid_autumn_festival",
    "national_day",
]
RULE = Literal["required", "exempt"]
LOCK = Literal["none", "shared", "exclusive"]
Text = Annotated[str, StringConstraints(pattern=r"\S")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Part(BaseModel):
    """What all parts share: they never change, and know no key but their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Title(Part):
    """A text for people, in the hospital's language and in English."""

    zh: Text = Field(description="In Chinese.", examples=["每日备份"])
    en: Text = Field(description="In English.", examples=["Daily backup"])


class Override(Part):
    """What the site adds to one year of the calendar: single days of a published year, or all of a year that the controller's calendar lacks."""

    off: Dates = Field((), description="Days off, as dates or first/last.")
    holidays: dict[HOLIDAY, Dates] = Field(
        default_factory=dict, description="Days off by holiday, for obligations around holidays."
    )
    work: Dates = Field((), description="Make-up working days.")

    @model_validator(mode="before")
    @classmethod
    def off_is_a_key(cls, data: object) -> object:
        """Take YAML 1.1's false for the key that was meant: it reads a bare `off` so."""
        return {"off" if key == "False" else key: data[key] for key in data} if isinstance(data, dict) else data

    def days_off(self) -> set[date]:
        """Return all days off, with the named holidays'."""
        return {*self.off, *(day for dates in self.holidays.values() for day in dates)}


class CalendarRules(Part):
    """Which days are worked."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        "CN", description="Two letters. Public holidays are known for CN; elsewhere weekends are off.", examples=["CN"]
    )
    always_safe: HoursOrOne = Field(
        (), description="Hours for disruptive work on a day of which nobody knows yet whether it is worked."
    )
    overrides: dict[int, Override] = Field(default_factory=dict, description="By year.")


class WorkingHours(Part):
    """When the hospital's own people work with the system; nothing disruptive then, whatever window is open."""

    workday: Hours = Field(description="Of a working day.", examples=[["08:00-12:00", "14:00-17:30"]])
    restday: Hours = Field(description="Of a weekend or holiday.", examples=[[]])


class Window(Part):
    """A time in which disruptive operations may run."""

    name: Text = Field(description="How messages call it.", examples=["nightly"])
    days: DayNames = Field(description="Days on which it opens.")
    start: TimeOfDay = Field(description="When it opens, by the site's clock.")
    duration: Duration = Field(description="How long it is open; it may pass midnight.", examples=["7h"])
    cutoff: Duration | None = Field(None, description="Before its end: from then on nothing starts.", examples=["45m"])

    @field_validator("duration")
    @classmethod
    def a_week_at_most(cls, duration: timedelta) -> timedelta:
        """Refuse a window that would be open for weeks."""
        if duration > timedelta(days=7):
            raise ValueError("is more than a week, write 24h from 00:00 on days: any for a window that is always open")
        return duration

    @field_validator("cutoff")
    @classmethod
    def something_can_start(cls, cutoff: timedelta | None, info: ValidationInfo) -> timedelta | None:
        """Refuse a window in which nothing could start."""
        duration = info.data.get("duration")
        if cutoff is not None and duration is not None and cutoff >= duration:
            raise ValueError("is not shorter than the window's duration, write a shorter one, for example 45m")
        return cutoff

    @property
    def last_start(self) -> timedelta:
        """How long after its start something may still start."""
        return self.duration - (self.cutoff or timedelta())


class Freeze(Part):
    """A time in which nothing disruptive runs, whatever window is open."""

    name: Text = Field(description="How messages call it.", examples=["accreditation"])
    begins: Moment = Field(alias="from", description="Its first day, or a moment.", examples=["2026-12-01"])
    ends: Moment = Field(
        alias="to", description="Its last day, which belongs to it, or a moment.", examples=["2026-12-05"]
    )
    reason: Text = Field(description="Why, for messages.", examples=["JCI visit"])

    @field_validator("ends")
    @classmethod
    def ends_after_it_begins(cls, ends: date | datetime, info: ValidationInfo) -> date | datetime:
        """Refuse a freeze that ends before it begins; as moments, since their texts may have other offsets."""
        begins = info.data.get("begins")
        zone = (info.context or {}).get("zone", UTC)
        if begins is not None and instant(ends, zone, after_days=1) <= instant(begins, zone):
            raise ValueError(
                f"{ends.isoformat()} does not come after from, {begins.isoformat()}, write the later one as to"
            )
        return ends

    def span(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return its begin and end in UTC; its last day belongs to it."""
        return instant(self.begins, zone), instant(self.ends, zone, after_days=1)


def instant(value: date | datetime, zone: tzinfo, after_days: int = 0) -> datetime:
    """Return a moment in UTC: one without an offset by the clock of `zone`, a date as its midnight there or that of so many days later."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    return datetime.combine(value + timedelta(days=after_days), time(), zone).astimezone(UTC)


class Policy(Part):
    """What a verb needs here; it may only be stricter than the collection is (DESIGN, "The operation")."""

    window: RULE | None = Field(None, description="An open window.", examples=["required"])
    approval: RULE | None = Field(None, description="The hospital's approval.", examples=["required"])
    lock: LOCK | None = Field(None, description="Beside what it may run.", examples=["exclusive"])


class Expected(Part):
    """How long a verb takes here; it goes before what earlier records say."""

    work: Duration = Field(description="The work itself.", examples=["30m"])
    rollback: Duration | None = Field(None, description="Undoing it.", examples=["20m"])


class Backups(Part):
    """When the night's backup begins, how often the database is copied whole, and how long backups are kept (clause 4.6)."""

    start: TimeOfDay = Field(
        time(1, 30),
        description="When the night's backup begins, by the site's clock; what else runs by itself follows it.",
        examples=["01:30"],
    )
    full_every: Duration = Field(
        timedelta(days=7),
        description="How old the newest full backup may become; between them only changes are copied.",
        examples=["7d"],
    )
    retention: Duration = Field(
        timedelta(days=7), description="How long backups are kept, whole days.", examples=["7d"]
    )

    @field_validator("full_every")
    @classmethod
    def a_day_to_a_month(cls, full_every: timedelta) -> timedelta:
        """Refuse full backups that would come all the time, and chains of changes that would never end."""
        if not timedelta(days=1) <= full_every <= timedelta(days=31):
            raise ValueError("is not between a day and a month, write for example 7d")
        return full_every

    @field_validator("retention")
    @classmethod
    def a_week_at_least(cls, retention: timedelta) -> timedelta:
        """Refuse less than the week of clause 4.6."""
        if retention < timedelta(days=7):
            raise ValueError("is less than the week of clause 4.6, write 7d or more")
        return retention


class Awx(Part):
    """The AWX at whose workflow's node the hospital may approve, instead of signing a file (clause 2.3)."""

    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s/?#@]+$")] = Field(
        description="Its address, with nothing behind the host's name.", examples=["https://awx.hospital.example.org"]
    )
    ca: (
        Annotated[
            str, StringConstraints(pattern=r"^\s*-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\s*$")
        ]
        | None
    ) = Field(
        None,
        description="The authority of its certificate (PEM), where the system's own do not vouch for it. No other is believed then.",
    )


class ServiceLevel(Part):
    """Deadlines of faults of one severity (clauses 5.7, 5.12)."""

    respond: Duration = Field(description="Until somebody answers.", examples=["15m"])
    resolve: Duration = Field(description="Until the system works again.", examples=["2h"])
    responsible: tuple[Name, ...] = Field((), description="Contacts by id, in the order of escalation.")


class Contact(Part):
    """A person or office of the hospital or the vendor (clauses 3.1, 3.2, 4.2)."""

    id: Name = Field(description="How records and messages call it.", examples=["li_na"])
    name: Title = Field(examples=[{"zh": "李娜", "en": "Li Na"}])
    side: Literal["hospital", "vendor"] = Field(description="Whose it is.", examples=["hospital"])
    roles: tuple[
        Literal[
            "approver",
            "information_centre",
            "recipient",
            "technician",
            "project_manager",
            "department_manager",
            "business_manager",
        ],
        ...,
    ] = Field(
        min_length=1,
        description="approver: approves, with a key or at AWX; recipient: gets reports.",
        examples=[["approver"]],
    )
    phone: Text | None = Field(None, description="Where it is reached day and night.", examples=["+86 10 5550 0199"])
    mail: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(
        None, examples=["information.centre@example.org"]
    )
    signing_keys: tuple[PublicKey, ...] = Field((), description="Public keys with which it signs approvals.")
    awx_user: Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,150}$")] | None = Field(
        None, description="Its user at the contract's AWX, as whom an approver approves there.", examples=["li.na"]
    )
    documents: tuple[Text, ...] = Field((), description="Its certificates and qualifications.")

    @field_validator("roles")
    @classmethod
    def the_hospital_approves(cls, roles: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse an approver of the vendor."""
        if "approver" in roles and info.data.get("side") == "vendor":
            raise EntriesError(
                [
                    (
                        roles.index("approver"),
                        "approver is on the vendor's side, write it only for contacts of the hospital",
                    )
                ]
            )
        return roles
