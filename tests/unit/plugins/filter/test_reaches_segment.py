"""The filter adapts, and turns the domain's error into Ansible's."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.reaches_segment import FilterModule

reaches_segment = FilterModule().filters()["reaches_segment"]


def test_answers_what_the_domain_says() -> None:
    assert reaches_segment("0/8000000", "000000010000000000000007") is True
    assert reaches_segment("0/6000000", "000000010000000000000007") is False


def test_a_wrong_text_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="is no WAL position"):
        reaches_segment("nowhere", "000000010000000000000007")
