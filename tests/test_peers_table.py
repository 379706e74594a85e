"""The table of peers in the library's guide: each cell, each rule that differs."""

from pathlib import Path

import numpy as np
import peers_table
import pytest
from peers_table import PEERS, RULES, lacks
from strategies import PLAIN

pytestmark = pytest.mark.skipif(not PLAIN, reason="run as plain Python by test_random_cases.py")

CELLS = [
    (peer, op, border)
    for peer, cells in PEERS.items()
    for op, cell in cells.items()
    for border in cell.borders
]


@pytest.mark.parametrize(("peer", "op", "border"), CELLS)
def test_a_cell(peer, op, border):
    if lacks(peer):
        pytest.skip(lacks(peer))
    got, want = PEERS[peer][op].pair(border)
    np.testing.assert_allclose(got, want, 1e-6, 1e-9)


@pytest.mark.parametrize("letter", RULES)
def test_a_rule_that_differs(letter, tmp_path):
    rule = RULES[letter]
    if lacks(rule.needs):
        pytest.skip(lacks(rule.needs))
    got, want = rule.pair(tmp_path)
    np.testing.assert_allclose(got, rule.here, 1e-6)
    np.testing.assert_allclose(want, rule.there, 1e-6)


def test_every_rule_is_in_a_cell():
    named = {letter for cells in PEERS.values() for cell in cells.values() for letter in cell.rules}
    assert named == set(RULES)


def test_the_guide_has_the_table():
    guide = Path(__file__).parents[1] / "numbapool" / "README.md"
    assert peers_table.table() in guide.read_text("utf-8")
