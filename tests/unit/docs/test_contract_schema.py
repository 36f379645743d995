"""The schema for editors is the one that the types give, and takes what they take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.traumalink.ops.docs import contract_schema
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import plain

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    """Give a validator by the stored schema."""
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_what_is_stored_is_what_the_types_give() -> None:
    assert contract_schema.main(["--check"]) == 0


def test_says_when_it_is_stale_and_writes_it_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = tmp_path / "contract.schema.json"
    schema.write_text("{}")
    assert contract_schema.main(["--check"], schema) == 1
    assert capsys.readouterr().out == "docs/contract.schema.json: stale; run docs/contract_schema.py\n"
    assert schema.read_text() == "{}"
    assert contract_schema.main([], schema) == 0
    assert contract_schema.main(["--check"], schema) == 0
    assert contract_schema.main(["--force"], schema) == 2


def test_takes_the_example(validator: jsonschema.Draft202012Validator) -> None:
    text = (ROOT / "inventories/example/group_vars/all/contract.yml").read_text(encoding="utf-8")
    validator.validate(plain(yaml.safe_load(text)))


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"windows": [{"name": "a", "days": "any", "start": "22:00", "duration": "7 hours"}]}, "windows.0.duration"),
        ({"windows": [{"name": "a", "days": "daily", "start": "22:00", "duration": "7h"}]}, "windows.0.days"),
        ({"windows": [{"name": "a", "days": "any", "start": "25:00", "duration": "7h"}]}, "windows.0.start"),
        ({"policies": {"pacth": {"window": "required"}}}, "policies"),
        ({"service_levels": {"high": {"respond": "1h"}}}, "service_levels.high"),
        ({"obligations": [{"id": "1", "title": {"zh": "一", "en": "one"}, "every": "day"}]}, "obligations.0"),
        ({"other": 1}, ""),
    ],
)
def test_refuses_what_the_types_refuse(
    validator: jsonschema.Draft202012Validator, contract_data: Make, sections: dict[str, Any], path: str
) -> None:
    (error,) = validator.iter_errors({"contract": contract_data(**sections)})
    assert ".".join(str(part) for part in list(error.absolute_path)[1:]) == path
