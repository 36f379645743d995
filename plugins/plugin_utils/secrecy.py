# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret gets into a record or a message: values of a site's secret variables are blotted out, and what looks like a secret in a text.

Nothing here fails, since it works on errors, and an error must not cost the record that tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

__all__ = ["blotted", "secret_values", "without_secrets"]

BLOT = "***"
SHORTEST = 8  # shorter ones would blot out words that say something else
DEEPEST = 12  # levels of nested values
NAMED = re.compile(
    r"(?i)passw|passphrase|private_key|secret|token|credential|(?:webhook|heartbeat)_url|(?:^|_)pass$|[a-z]_keys?$"
)
NAMED_OTHERWISE = re.compile(
    r"(?i)public|allowed_signers|signing_keys|_(?:file|path|directory|name|user|days|seconds|bytes)$"
)

# What a secret looks like in a text, whatever variable it comes from.
MARKS = (
    (re.compile(r"-----BEGIN.*", re.S), "…"),
    (re.compile(r"\$ANSIBLE_VAULT.*", re.S), "…"),
    (re.compile(r"://[^/\s@]+@"), "://…@"),
    (
        re.compile(r"(?i)([?&](?:key|access_token)=)[^&\s]+"),
        r"\1…",
    ),  # what the webhooks of WeCom and DingTalk are known by
    (re.compile(r"(?i)\b(authorization\s*[:=]).*"), r"\1 …"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "bearer …"),
    (
        re.compile(
            r"""(?i)([\w-]*(?:passw(?:or)?d|passphrase|secret|token|credential|[_-]key|口令|密码)s?["']?\s*[:=：]\s*)("[^"]*"|'[^']*'|\S+)"""
        ),
        r"\1…",
    ),
)


def blotted(text: str) -> str:
    """Return a text without what looks like a secret in it: keys, passwords with their names, those in URLs."""
    for pattern, instead in MARKS:
        text = pattern.sub(instead, text)
    return text


def without_secrets(text: str, variables: Mapping[str, Any], hosts: Iterable[str] = ()) -> str:
    """Return a text without the site's secrets: values of variables that are named like secrets, and of those out of a vault whatever their name.

    Args:
        variables: a task's; hosts: whose own variables are looked through too, by `hostvars`.
    """
    try:
        # The longest first: one may be a part of another.
        for secret in sorted(set(secret_values(variables, hosts)), key=len, reverse=True):
            text = text.replace(secret, BLOT)
        return blotted(text)
    except Exception as error:  # one that would get through otherwise costs more than the text
        return f"the text cannot be shown without its secrets ({type(error).__name__})"


def secret_values(variables: Mapping[str, Any], hosts: Iterable[str] = ()) -> Iterator[str]:
    """Yield the secrets in a task's variables and those of hosts, as they may stand in a text: whole, in one line, and line by line."""
    for scope in (variables, *_of_hosts(variables, hosts)):
        for name in scope:
            if name not in ("hostvars", "vars"):  # whose items are templates, and which hold all others again
                with suppress(Exception):  # one that does not open cannot have got into a text
                    for value in _inside(scope[name], _is_secret(str(name)), DEEPEST):
                        yield from _forms(value)


def _of_hosts(variables: Mapping[str, Any], hosts: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    hostvars = variables.get("hostvars") or {}
    for host in hosts:
        with suppress(Exception):
            found = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars.get(host)
            if isinstance(found, Mapping):
                yield found


def _is_secret(name: str) -> bool:
    return bool(NAMED.search(name)) and not NAMED_OTHERWISE.search(name)


def _inside(value: Any, secret: bool, levels: int) -> Iterator[str]:
    """Yield the secret texts in a value: all of it where its name says so, else what stands under such a name or comes out of a vault."""
    if levels == 0:
        return
    if isinstance(value, Mapping):
        for key in value:
            with suppress(Exception):
                yield from _inside(value[key], secret or _is_secret(str(key)), levels - 1)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            with suppress(Exception):
                yield from _inside(item, secret, levels - 1)
    elif (secret and value is not None and not isinstance(value, bool)) or _vaulted(value):
        yield str(value)


def _vaulted(value: object) -> bool:
    """Tell whether a value comes out of `!vault`: ansible-core has a type for one that is not opened yet, and tags those that are."""
    if type(value).__name__ == "EncryptedString":
        return True
    tags = getattr(value, "_ansible_tags_mapping", None) or ()
    return any(getattr(tag, "__name__", "") == "VaultedValue" for tag in tags)


def _forms(value: str) -> Iterator[str]:
    """Yield how a secret may stand in a text that was made one line; a template is none, and neither is a public key."""
    if "{{" in value or value.startswith(("ssh-", "ecdsa-sha2-", "sk-")):
        return
    for form in (value.strip(), " ".join(value.split()), *value.splitlines()):
        if len(form.strip()) >= SHORTEST and not form.startswith("-----"):
            yield form.strip()
