"""Pooling of sequences by layers that were trained: LSTM, GRU, multi-head attention.

Their weights have torch's names. Matrix products are NumPy's; a kernel does what lies between two
of them. `kept` says which steps of a row count, `weights` reads what was trained, `packed` lays
steps out one behind the other, `layers` runs them, `pool` and `multihead` are the functions.
"""
