#!/usr/bin/env python3
"""Write each role's variables from its meta/argument_specs.yml into its README, between the two marks.

    role_tables.py            write the tables anew
    role_tables.py --check    write nothing; name the READMEs whose table is stale, and exit 1 if there are any

`make lint` checks, `tests/unit/roles` does as well.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- BEGIN variables -->", "<!-- END variables -->"
HEAD = "| variable | type | required | default | meaning |\n|---|---|---|---|---|\n"


def main(argv: list[str]) -> int:
    """Write or check all tables; return the exit status."""
    if argv not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = stale_readmes(ROOT / "roles")
    for readme, text in stale.items():
        if not argv:
            readme.write_text(text, encoding="utf-8")
        print(f"{readme.relative_to(ROOT)}: {'stale; run docs/role_tables.py' if argv else 'written'}")
    return 1 if argv and stale else 0


def stale_readmes(roles: Path) -> dict[Path, str]:
    """Return the READMEs below `roles` that do not say what the specs say, each with the text it should have.

    Raises:
        ValueError: a README does not have the two marks, once each and in this order.
    """
    stale = {}
    for specs in sorted(roles.glob("*/meta/argument_specs.yml")):
        readme = specs.parents[1] / "README.md"
        before = readme.read_text(encoding="utf-8")
        after = with_table(before, table(yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]), readme)
        if after != before:
            stale[readme] = after
    return stale


def with_table(text: str, variables: str, readme: Path) -> str:
    """Return the README's text with `variables` between its marks."""
    parts = re.split(f"({re.escape(BEGIN)}|{re.escape(END)})", text)
    if parts[1::2] != [BEGIN, END]:
        raise ValueError(f"{readme}: wants {BEGIN} and {END}, once each")
    return f"{parts[0]}{BEGIN}\n{variables}{END}{parts[4]}"


def table(specs: dict[str, Any]) -> str:
    """Return a role's entry points and their variables as Markdown; entry points that take the same variables share a table."""
    groups: list[tuple[list[str], dict[str, Any]]] = []
    for name, spec in specs.items():
        options = spec.get("options") or {}
        known = next((names for names, seen in groups if seen == options), None)
        if known:
            known.append(name)
        else:
            groups.append(([name], options))
    parts = []
    for names, options in groups:
        entries = "".join(f"- `{name}`: {plain(specs[name]['short_description'])}\n" for name in names)
        body = HEAD + "".join(rows(options)) if options else "No variables.\n"
        parts.append(f"{entries}\n{body}" if len(specs) > 1 else body)
    return "\n".join(parts)


def rows(options: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Yield a line a variable, with the keys of dictionaries below it as `variable.key` or, in a list, `variable[].key`."""
    for name, option in options.items():
        kind = option.get("type", "str")
        if kind == "list" and "elements" in option:
            kind = f"list of {option['elements']}"
        words = [plain(option["description"])]
        if "choices" in option:
            words.append("One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + ".")
        required = "yes" if option.get("required") else ""
        yield f"| `{parent}{name}` | {kind} | {required} | {shown(option)} | {' '.join(words)} |\n"
        below = f"{parent}{name}{'[]' if option.get('type') == 'list' else ''}."
        yield from rows(option.get("options") or {}, below)


def shown(option: dict[str, Any]) -> str:
    """Return an option's default as one line of code, or nothing where it has none."""
    if "default" not in option:
        return ""
    value = option["default"]
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return "`" + text.replace("|", "\\|").replace("\n", " ") + "`"


def plain(description: str | list[str]) -> str:
    """Return a description as one line of Markdown; Ansible's C(…) becomes code."""
    text = " ".join(description) if isinstance(description, list) else description
    return re.sub(r"C\(([^)]*)\)", r"`\1`", " ".join(text.split())).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
