"""Each role says once what it takes: defaults, argument specs and the README's table agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.docs import role_tables

ROLES = Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(role.name for role in ROLES.iterdir() if role.is_dir())


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file of a role; a file that is not there says nothing."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def specs(role: str) -> dict[str, Any]:
    """Return a role's entry points."""
    entry_points: dict[str, Any] = read(ROLES / role / "meta/argument_specs.yml")["argument_specs"]
    return entry_points


def options(role: str) -> dict[str, Any]:
    """Return the variables of all entry points; see that those of one name are the same everywhere."""
    found: dict[str, Any] = {}
    for spec in specs(role).values():
        for name, option in (spec.get("options") or {}).items():
            assert found.setdefault(name, option) == option, f"{name} means two things"
    return found


def nested(described: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each option with its path, also those within dictionaries."""
    for name, option in described.items():
        yield f"{path}{name}", option
        yield from nested(option.get("options") or {}, f"{path}{name}.")


@pytest.mark.parametrize("role", NAMES)
def test_defaults_and_argument_specs_say_the_same(role: str) -> None:
    described = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert described == read(ROLES / role / "defaults/main.yml")


@pytest.mark.parametrize("role", NAMES)
def test_every_entry_point_and_every_variable_is_described(role: str) -> None:
    assert all(spec.get("short_description") and spec.get("description") for spec in specs(role).values())
    assert [path for path, option in nested(options(role)) if not option.get("description")] == []


@pytest.mark.parametrize("tasks", sorted(ROLES.glob("*/tasks/*.yml")), ids=lambda path: str(path.relative_to(ROLES)))
def test_no_tasks_file_is_empty_which_would_do_nothing_and_end_well(tasks: Path) -> None:
    assert yaml.safe_load(tasks.read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", NAMES)
def test_variables_carry_the_name_of_their_role(role: str) -> None:
    internal = read(ROLES / role / "vars/main.yml")
    assert [name for name in options(role) if not name.startswith(f"{role}_")] == []
    assert [name for name in internal if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_a_secret_has_no_default(role: str) -> None:
    secret = [name for name in options(role) if name.endswith(("_password", "_passphrase"))]
    assert [name for name in secret if "default" in options(role)[name]] == []


def test_the_tables_in_the_readmes_are_not_stale() -> None:
    assert [str(readme.relative_to(ROLES)) for readme in role_tables.stale_readmes(ROLES)] == []


def test_a_table_shows_keys_of_dictionaries_defaults_and_choices() -> None:
    spec = {
        "short_description": "Run it",
        "options": {
            "kind": {"type": "str", "choices": ["full", "incr"], "default": "incr", "description": "Which C(kind)."},
            "clients": {
                "type": "list",
                "elements": "dict",
                "description": "Who | when.",
                "options": {"name": {"type": "str", "required": True, "description": "Its name."}},
            },
        },
    }
    assert role_tables.table({"main": spec}).splitlines()[2:] == [
        "| `kind` | str |  | `incr` | Which `kind`. One of `full`, `incr`. |",
        "| `clients` | list of dict |  |  | Who \\| when. |",
        "| `clients[].name` | str | yes |  | Its name. |",
    ]


def test_a_readme_without_marks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"README\.md: wants <!-- BEGIN variables -->"):
        role_tables.with_table("# role\n", "", tmp_path / "README.md")
