"""Pooling of sequences by trained layers: LSTM, GRU, multi-head attention.

Their weights have torch's names. NumPy computes matrix products; a kernel does the work between
two products. `kept` says which steps of a row count, `weights` reads trained weights, `packed` lays
steps out one after the other, `layers` runs the layers, `pool` and `multihead` hold the functions.
"""
