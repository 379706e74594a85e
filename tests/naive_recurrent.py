"""Recurrent layers and attention from their definitions, one number at a time, in float64."""

import math

import numpy as np


def sigmoid(v):
    """Return 1 / (1 + e^-v)."""
    return 1 / (1 + math.exp(-v)) if v > -700 else 0.0


def times(matrix, vector, bias=None):
    """Return a matrix times a vector, plus a bias."""
    rows = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]
    return rows if bias is None else [a + b for a, b in zip(rows, bias, strict=True)]


def steps_that_count(time, length=None, mask=None):
    """Return the numbers of a row's steps that count."""
    if mask is not None:
        return [t for t in range(time) if mask[t]]
    return list(range(time if length is None else length))


def lstm_states(steps, w_ih, w_hh, b_ih, b_hh):
    """Return the state after each step of an LSTM: gates i, f, g, o."""
    size = len(w_hh[0])
    h, c, states = [0.0] * size, [0.0] * size, []
    for x in steps:
        both = zip(times(w_ih, x, b_ih), times(w_hh, h, b_hh), strict=True)
        gates = [a + b for a, b in both]
        for n in range(size):
            i, f, g, o = (gates[k * size + n] for k in range(4))
            c[n] = sigmoid(f) * c[n] + sigmoid(i) * math.tanh(g)
            h[n] = sigmoid(o) * math.tanh(c[n])
        states.append(list(h))
    return states


def gru_states(steps, w_ih, w_hh, b_ih, b_hh):
    """Return the state after each step of a GRU: gates r, z, n."""
    size = len(w_hh[0])
    h, states = [0.0] * size, []
    for x in steps:
        of_x, of_h = times(w_ih, x, b_ih), times(w_hh, h, b_hh)
        for n in range(size):
            r = sigmoid(of_x[n] + of_h[n])
            z = sigmoid(of_x[size + n] + of_h[size + n])
            new = math.tanh(of_x[2 * size + n] + r * of_h[2 * size + n])
            h[n] = (1 - z) * new + z * h[n]
        states.append(list(h))
    return states


STATES = {"lstm": lstm_states, "gru": gru_states}


def recurrent_pool(kind, steps, weights, pick):
    """Return what is picked of a row's states, whose steps that count are `steps`."""
    first = weights["weight_hh_l0"]
    both = any(name.endswith("_reverse") for name in weights)
    layers = 1 + max(int(name.split("_l")[1].split("_")[0]) for name in weights)
    size = len(first[0])
    if not steps:
        return [0.0] * (size * (1 + both))
    for layer in range(layers):
        found = []
        for suffix in ["", "_reverse"][: 1 + both]:
            name = f"l{layer}{suffix}"
            zero = [0.0] * len(first)
            parts = [weights[f"weight_{part}_{name}"] for part in ("ih", "hh")]
            parts += [weights.get(f"bias_{part}_{name}", zero) for part in ("ih", "hh")]
            if suffix:
                found.append(STATES[kind](steps[::-1], *parts)[::-1])
            else:
                found.append(STATES[kind](steps, *parts))
        ends = found[0][-1] + (found[1][0] if both else [])
        steps = [[n for each in states for n in each] for states in zip(*found, strict=True)]
    columns = list(zip(*steps, strict=True))
    if pick == "last":
        return ends
    return [{"max": max, "sum": sum, "mean": np.mean}[pick](column) for column in columns]


def attention_pool(steps, query, weights, heads):
    """Return multi-head attention of a query to a row's steps that count."""
    size = len(query)
    if "in_proj_weight" in weights:
        matrices = np.split(np.asarray(weights["in_proj_weight"]), 3)
    else:
        matrices = [weights[f"{part}_proj_weight"] for part in "qkv"]
    biases = np.split(np.asarray(weights.get("in_proj_bias", np.zeros(3 * size))), 3)
    q = times(matrices[0], query, biases[0])
    keys = [times(matrices[1], step, biases[1]) for step in steps]
    values = [times(matrices[2], step, biases[2]) for step in steps]
    joined = [0.0] * size
    for head in range(heads):
        part = range(head * size // heads, (head + 1) * size // heads)
        scores = [sum(q[n] * key[n] for n in part) / math.sqrt(len(part)) for key in keys]
        powers = [math.exp(score - max(scores)) for score in scores]
        for n in part:
            products = (p * value[n] for p, value in zip(powers, values, strict=True))
            joined[n] = sum(products) / sum(powers) if steps else 0.0
    out_bias = weights.get("out_proj.bias", np.zeros(size))
    return times(weights["out_proj.weight"], joined, out_bias)
