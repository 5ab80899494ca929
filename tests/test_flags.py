"""Flags have words."""

from __future__ import annotations

from p3mbench import flags


def test_every_known_flag_has_words_and_the_harmless_ones_are_known() -> None:
    assert set(flags.WORDS) >= flags.HARMLESS
    assert not flags.qualifies("conn_empty_level")
    assert flags.qualifies("imported") and flags.qualifies("of_a_plugin")
    assert flags.in_words("conn_tie,mine") == f"{flags.WORDS['conn_tie']}; mine"
