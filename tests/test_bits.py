"""The same bits by any number of threads and any processor: a part of ``bits.py --all``."""

import bits


def test_bits_are_the_same_by_two_threads_and_by_narrower_vectors():
    count, wrong = bits.differences()
    assert count == 6
    assert not wrong, "\n".join(wrong)
