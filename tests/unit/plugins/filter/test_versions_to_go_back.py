"""The filter hands on which hosts go back, and an error of the domain becomes one of the filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.versions_to_go_back import FilterModule


def test_hands_on_who_goes_back() -> None:
    call = FilterModule().filters()["versions_to_go_back"]
    new = {"name": "trauma", "version": "1.1.0", "previous_good": "1.0.0"}
    old = {"name": "trauma", "version": "1.0.0", "previous_good": ""}
    assert call({"app1": [new], "app2": [old]}) == [{"host": "app1", "name": "trauma", "version": "1.0.0"}]
    with pytest.raises(AnsibleFilterError, match="have none in common"):
        call({"app1": [{**new, "previous_good": ""}], "app2": [old]})
