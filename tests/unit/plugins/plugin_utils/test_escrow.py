"""What stands in the bundle for the safe."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.escrow import NEEDED, bundle_text, bundle_values

KEY = "-----BEGIN PRIVATE KEY-----\nMIG 创伤\n-----END PRIVATE KEY-----"
SECRETS = dict.fromkeys(NEEDED, KEY) | {
    "postgresql_report_password": "p: 'x' {{ no template }}",
    "operation_webhook_url": "https://h/x",
}


def test_everything_is_in_it_under_its_own_name() -> None:
    assert bundle_values(SECRETS) == SECRETS


def test_its_text_gives_the_values_back_to_the_letter_and_says_what_it_is_for() -> None:
    text = bundle_text("my_hospital", SECRETS)
    assert yaml.safe_load(text) == SECRETS
    assert text.startswith("# All secrets of the site my_hospital, for the safe.")
    assert "  MIG 创伤\n" in text, "a person can copy a key line by line"


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_bundle_that_could_bring_nothing_back_is_refused(name: str, value: str | None) -> None:
    with pytest.raises(OpsError, match=f"has no {name}, without which no backup can be brought back"):
        bundle_values({**SECRETS, name: value})
