"""Titles of verbs: what a person reads who approves one or is told of it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES
from ansible_collections.traumalink.ops.plugins.plugin_utils.verb_titles import VERB_TITLES, title_of


@pytest.mark.parametrize("verb", sorted(VERB_TITLES))
def test_each_verb_is_named_in_both_languages(verb: str) -> None:
    title = title_of(verb)
    assert any("\u4e00" <= character <= "\u9fff" for character in title.zh)
    assert title.en.isascii()


def test_each_verb_that_runs_as_an_operation_has_a_title() -> None:
    assert POLICIES.keys() - VERB_TITLES.keys() == set()


def test_no_two_verbs_read_alike() -> None:
    assert len({title.zh for title in VERB_TITLES.values()}) == len(VERB_TITLES)
    assert len({title.en for title in VERB_TITLES.values()}) == len(VERB_TITLES)


def test_a_verb_without_a_title_stands_for_itself() -> None:
    assert (title_of("teleport").zh, title_of("teleport").en) == ("teleport", "teleport")
