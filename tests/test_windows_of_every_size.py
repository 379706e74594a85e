"""Windows of sizes 1 to 12: right as plain Python, and as machine code between guard pages."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import python
from strategies import PLAIN, fewer, only_plain
from windows_of_every_size import KEYS, OPERATORS, case_of, check, key_of


def anywhere(shape, dtype, at_the_end):
    return np.empty(shape, dtype)


@only_plain
@pytest.mark.parametrize("op", OPERATORS)
def test_any_window_is_right(op, networks_everywhere):
    @fewer(2)
    @given(st.sampled_from([n for n in range(len(KEYS)) if key_of(n)[1] == op]), st.integers(0, 99))
    def of_a_key(number, seed):
        check(case_of(number, seed, small=True), anywhere)

    of_a_key()


@pytest.mark.skipif(sys.platform != "linux" or PLAIN, reason="machine code on Linux")
def test_nothing_past_an_end_is_read_or_written():
    """The pages before and behind the input, and the result, cannot be read or written."""
    assert python(Path(__file__).with_name("guarded_ranks.py"), "--rotation") == "12"
