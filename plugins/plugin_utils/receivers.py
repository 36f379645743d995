# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of what: the addresses that the inventory names, and of an emergency the hospital in any case.

Pure functions over plain data. The contract may be one that cannot be read, which may be what is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["EMERGENCY", "OTHERS_ALONE", "UNDELIVERED", "UNHEARD", "Receivers", "undelivered", "unheard"]

EMERGENCY = ("emergency", "emergency_ended")
# Of the hospital's people, those who may have an emergency stopped, or must approve it afterwards (DESIGN, "The operation"; clause 2.3).
CONCERNED = frozenset({"information_centre", "approver"})
# The figure with which a record says that the hospital was not told by this software, or not by every way.
UNDELIVERED = "emergency_undelivered"
UNHEARD = (
    "nobody was told: operation_mail_to and operation_webhook_url are empty, and no information centre or approver of the hospital has a mail "
    "address in contract.contacts"
)
# Whose an address of the inventory is, nobody can see; it may be the vendor's own.
OTHERS_ALONE = (
    "only operation_mail_to or operation_webhook_url was told, which may not be the hospital's: no information centre or approver of the hospital "
    "has a mail address in contract.contacts"
)


@dataclass(frozen=True)
class Receivers:
    """Whom a site's messages reach.

    Attributes:
        mail_to: the addresses that the inventory names.
        webhook: whether it names a webhook, whose address is a key and stays out of all this; webhook_format: plain, wecom or dingtalk.
        contract: the contract as plain data.
    """

    mail_to: Sequence[str] = ()
    webhook: bool = False
    webhook_format: str = "plain"
    contract: Any = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Receivers:
        """Return those that an operation was asked with (operation_request.REQUEST_OPTIONS)."""
        return cls(given["mail_to"], given["webhook"], given["webhook_format"], given["contract"])

    def mailed(self, event: str) -> list[str]:
        """Return the addresses that get a mail about an event: the inventory's, and of an emergency the hospital's own, whatever the inventory names."""
        hospital = concerned(self.contract) if event in EMERGENCY else ()
        return list(dict.fromkeys([*self.mail_to, *hospital]))

    def hear_of(self, event: str) -> bool:
        """Tell whether anybody is told of an event."""
        return self.webhook or bool(self.mailed(event))


def concerned(contract: Any) -> Iterator[str]:
    """Yield the mail addresses of the hospital's information centre and approvers, in the contract's order."""
    contacts = contract.get("contacts") if isinstance(contract, Mapping) else None
    for contact in contacts if isinstance(contacts, list | tuple) else ():
        if not isinstance(contact, Mapping) or contact.get("side") != "hospital":
            continue
        roles = contact.get("roles")
        if contact.get("mail") and isinstance(roles, list | tuple) and not CONCERNED.isdisjoint(roles):
            yield str(contact["mail"])


def unheard(record: Mapping[str, Any], receivers: Receivers) -> str:
    """Return why the hospital may not hear of the emergency that lets an operation through; "" where its contract names whom to tell, or where it is none."""
    if not record.get("emergency") or any(concerned(receivers.contract)):
        return ""
    return OTHERS_ALONE if receivers.hear_of("emergency") else UNHEARD


def undelivered(record: Mapping[str, Any], messages: Sequence[Mapping[str, str]]) -> str:
    """Return what the record of an emergency says of whom its message did not reach; "" where it reached the hospital.

    Args:
        record: as it was opened; its figure says whom the message could not reach from the outset.
        messages: what was not delivered of messages so far, each with its `event`, and `what` in words.
    """
    if not record.get("emergency"):
        return ""
    before = str((record.get("figures") or {}).get(UNDELIVERED) or "")
    return " ".join(
        dict.fromkeys(filter(None, [*(each["what"] for each in messages if each["event"] == "emergency"), before]))
    )
