# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions of a contract: refused when they are written, not when a year's records are asked."""

from __future__ import annotations

import json
from typing import Any

import jmespath
from ansible_collections.traumalink.ops.plugins.plugin_utils.record_words import misspelt
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

__all__ = ["checked_expression"]


def checked_expression(value: object) -> str:
    """Return an expression that can be asked of records; its functions, and the record's own fields and verbs, are checked too.

    Raises:
        ValueError: it cannot.
    """
    example = "write for example verb=='backup' && outcome=='success'"
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{json.dumps(value, default=str)} is no JMESPath expression, {example}")
    try:
        parsed = jmespath.compile(value).parsed
    except JMESPathError as error:
        said = " ".join(str(error).split())
        raise ValueError(f"is no JMESPath expression ({said}), {example}") from error
    unknown = sorted(_functions(parsed) - set(Functions.FUNCTION_TABLE))
    if unknown:
        known = ", ".join(sorted(Functions.FUNCTION_TABLE))
        raise ValueError(f"{', '.join(unknown)} is no function of JMESPath, write one of {known}")
    if wrong := misspelt(parsed):
        raise ValueError("; ".join(wrong))
    return value


def _functions(node: Any) -> set[str]:
    """Return the names of all functions below a node of the parsed expression."""
    own = {str(node["value"])} if node["type"] == "function_expression" else set()
    return own.union(*(_functions(child) for child in node["children"] if isinstance(child, dict)))
