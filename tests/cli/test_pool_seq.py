"""``pool seq``: results read back with NumPy, against values worked by hand and the library."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.operators import SEQUENCES
from numbapool_cli.sequences import pooling
from sequence_files import folder, listing

import numbapool as nbp

X = np.array(
    [
        [[1, -1], [2, 4], [6, 0], [9, 9]],
        [[9, 9], [1, 2], [3, -4], [8, 6]],
        [[5, 5], [5, 5], [5, 5], [5, 5]],
    ],
    np.float32,
)
MASK = np.array([[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]])
ROWS = np.array([[1, 5], [2, 4], [3, 3], [-1, -2]], np.float32)
CUT = np.array([0, 2, 2, 4])

WORKED = {
    "mean": [[3, 1], [4, 4 / 3], [0, 0]],
    "max": [[6, 4], [8, 6], [0, 0]],
    "min": [[1, -1], [1, -4], [0, 0]],
    "sum": [[9, 3], [12, 4], [0, 0]],
    "range": [[5, 5], [7, 10], [0, 0]],
    "mean-sqrt-len": [[5.196153, 1.732051], [6.928203, 2.309401], [0, 0]],
    "mean_sqrt_len_tokens": [[5.196153, 1.732051], [6.928203, 2.309401], [0, 0]],
    "weightedmean": [[23 / 6, 7 / 6], [31 / 6, 2], [0, 0]],
    "cls": [[1, -1], [1, 2], [0, 0]],
    "lasttoken": [[6, 0], [8, 6], [0, 0]],
    "last,mean": [[6, 0, 3, 1], [8, 6, 4, 4 / 3], [0, 0, 0, 0]],
}
"""What each operator keeps of X by MASK."""


@pytest.fixture
def files(pool):
    """Write what most tests pool."""
    np.save("x.npy", X)
    np.save("mask.npy", MASK)
    np.save("lengths.npy", [3, 1, 4])
    np.savez("x.npz", tokens=X, mask=MASK, lengths=[3, 1, 4])


# -------------------------------------------------------------------------------- operators


@pytest.mark.parametrize("op", WORKED)
def test_what_is_kept(pool, files, op):
    said = pool("seq", op, "x.npy", "--mask", "mask.npy", "-o", "out.npy").stderr
    assert "1 of 3 sequences of x.npy have no rows: their results are 0 (--empty)" in said
    np.testing.assert_allclose(np.load("out.npy"), WORKED[op], rtol=1e-6)


@pytest.mark.parametrize("correction", [1, 0])
def test_deviations(pool, files, correction):
    options = ["--mask", "mask.npy", "--correction", correction, "--empty", "-1", "-o", "out.npy"]
    said = pool("seq", "stats", "x.npy", *options).stderr
    assert "their results are -1 (--empty)" in said
    got = np.load("out.npy")
    np.testing.assert_allclose(got[0], [3, 1] + [[2.1602469] * 2, [2.6457513] * 2][correction])
    assert got[2].tolist() == [-1] * 4


def test_lengths_and_a_norm(pool, files):
    pool("seq", "mean", "x.npy", "--lengths", "lengths.npy", "--normalize", "-o", "out.npy")
    wanted = nbp.sequence_pool(X, "mean", lengths=[3, 1, 4], normalize=True)
    assert np.array_equal(np.load("out.npy"), wanted)
    np.testing.assert_allclose(np.linalg.norm(np.load("out.npy"), axis=1), 1, rtol=1e-6)


def test_nan_is_left_out(pool):
    np.save("x.npy", np.array([[[1], [np.nan], [5]]], np.float32))
    pool("seq", "mean", "x.npy", "-o", "skip.npy", "--nan", "skip")
    pool("seq", "mean", "x.npy", "-o", "out.npy")
    assert np.load("skip.npy") == [[3]]
    assert np.isnan(np.load("out.npy"))


def test_offsets_and_weights(pool):
    np.savez("x.npz", rows=ROWS, cut=CUT, w=[0.5, 2, 1, 3])
    options = ["x.npz", "--offsets", "cut", "--empty", "-1"]
    pool("seq", "sum,max", *options, "--array", "rows", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[3, 9, 2, 5], [-1] * 4, [2, 1, 3, 3]]
    pool("seq", "sum", *options, "--weights", "w", "-o", "weighed.npy")
    assert np.load("weighed.npy").tolist() == [[4.5, 10.5], [-1, -1], [0, -3]]
    np.save("t.npy", ROWS.T)
    np.save("cut.npy", CUT)
    pool("seq", "mean", "t.npy", "--offsets", "cut.npy", "--data-format", "CT", "-o", "ct.npy")
    assert np.load("ct.npy").tolist() == [[1.5, 4.5], [0, 0], [1, 0.5]]


def test_attention(pool):
    np.save("x.npy", X[:1])
    np.save("scores.npy", [[1.0, 2, 0, 7]])
    np.save("lengths.npy", [3])
    options = ["x.npy", "--scores", "scores.npy", "--lengths", "lengths.npy"]
    pool("seq", "attention", *options)
    np.testing.assert_allclose(np.load("x.seq-attention.npy"), [[2.1153936, 2.4162352]], rtol=1e-6)
    pool("seq", "attention", *options, "--pick", "std")
    got = np.load("x.seq-attention-std.npy")
    np.testing.assert_allclose(got, [[1.2930205, 2.2473073]], rtol=1e-6)


def layer(rows):
    """Return the parameters of the vectors in both directions, of `rows` gates."""
    shapes = {"weight_ih_l0": (rows, 2), "weight_hh_l0": (rows, 2)}
    shapes |= {"bias_ih_l0": (rows,), "bias_hh_l0": (rows,)}
    return {
        name + suffix: (
            (np.arange(np.prod(shape)) * 5 + 3 * bool(suffix) + name.startswith("bias")) % 7 - 3
        ).reshape(shape)
        / 4
        for name, shape in shapes.items()
        for suffix in ("", "_reverse")
    }


WAVES = np.array([[[1, -1], [0.5, 2], [0, 1]], [[2, 0], [-1, 1], [9, 9]]])


def test_lstm_and_gru(pool):
    np.savez("lstm.npz", **layer(8))
    np.savez("gru.npz", **layer(6))
    np.savez("x.npz", x=WAVES, n=[3, 2])
    pool("seq", "lstm", "x.npz", "--weights", "lstm.npz", "--lengths", "n", "-o", "lstm.npy")
    wanted = [
        [-0.2426802, 0.2875076, -0.2582361, -0.5363165],
        [-0.1921479, 0.3476533, -0.1900681, -0.2932383],
    ]
    np.testing.assert_allclose(np.load("lstm.npy"), wanted, atol=1e-6)
    pool("seq", "gru", "x.npz", "--weights", "gru.npz", "--lengths", "n")
    wanted = [
        [-0.4049866, 0.9479220, -0.4638668, -0.2845802],
        [-0.4533725, 0.6813338, -0.6826522, -0.2968558],
    ]
    np.testing.assert_allclose(np.load("x.seq-gru.npy"), wanted, atol=1e-6)
    options = ["--weights", "lstm.npz", "--lengths", "n", "--pick", "max"]
    pool("seq", "lstm", "x.npz", *options)
    wanted = nbp.lstm_pool(WAVES, layer(8), lengths=[3, 2], pick="max")
    assert np.array_equal(np.load("x.seq-lstm-max.npy"), wanted)


def multihead():
    """Return the layer of the worked example."""
    return {
        "in_proj_weight": (((np.arange(48) * 7) % 11 - 5) / 10).reshape(12, 4),
        "in_proj_bias": ((np.arange(12) * 3) % 5 - 2) / 10,
        "out_proj.weight": (((np.arange(16) * 5) % 7 - 3) / 10).reshape(4, 4),
        "out_proj.bias": np.array([0.1, -0.1, 0.2, 0]),
    }


def test_multihead_attention(pool):
    np.savez("layer.npz", **multihead())
    np.save("query.npy", [1, 0, -1, 0.5])
    np.savez("x.npz", x=[[[1.0, 2, 3, 4], [0, 1, 0, -1], [2, 0, 1, 1]]], n=[2])
    options = ["x.npz", "--query", "query.npy", "--weights", "layer.npz", "--heads", "2"]
    pool("seq", "attention", *options, "--lengths", "n", "-o", "out.npy")
    wanted = [[0.2990903, -0.4132399, 0.3873969, 0.1604913]]
    np.testing.assert_allclose(np.load("out.npy"), wanted, atol=1e-6)


# ------------------------------------------------------------------------- files and layouts


def test_one_sequence_gives_one_vector(pool):
    np.save("x.npy", X[0])
    np.save("mask.npy", MASK[0])
    pool("seq", "mean", "x.npy", "--mask", "mask.npy")
    assert np.load("x.seq-mean.npy").tolist() == [3, 1]
    np.save("t.npy", X[0].T)
    np.save("n.npy", 3)
    pool("seq", "max", "t.npy", "--data-format", "CT", "--lengths", "n.npy")
    assert np.load("t.seq-max.npy").tolist() == [6, 4]
    np.save("none.npy", X[0, :0])
    said = pool("seq", "mean", "none.npy").stderr
    assert "none.npy has no rows: its result is 0 (--empty)" in said
    assert np.load("none.seq-mean.npy").tolist() == [0, 0]


@pytest.mark.parametrize(
    "array",
    [X.astype(">f4"), np.asfortranarray(X), X.astype(np.int16)],
    ids=["swapped", "fortran", "int16"],
)
def test_blocks_are_as_the_whole(pool, monkeypatch, array):
    monkeypatch.setattr(pooling, "BLOCK", 1)  # a sequence at a time
    np.save("x.npy", array)
    np.savez("beside.npz", x=array, mask=MASK, w=np.arange(12.0).reshape(3, 4), cut=[0, 3, 3, 12])
    np.savez("long.npz", x=array.reshape(12, 2), cut=[0, 3, 3, 12], w=np.arange(12.0))
    pool("seq", "mean,last", "x.npy", "-o", "plain.npy")
    assert np.array_equal(np.load("plain.npy"), nbp.sequence_pool(array, ("mean", "last")))
    pool(
        "seq",
        "sum",
        "beside.npz",
        "--array",
        "x",
        "--mask",
        "mask",
        "--weights",
        "w",
        "-o",
        "w.npy",
    )
    wanted = nbp.sequence_pool(array, "sum", mask=MASK, weights=np.arange(12.0).reshape(3, 4))
    assert np.array_equal(np.load("w.npy"), wanted)
    pool("seq", "sum", "long.npz", "--offsets", "cut", "--weights", "w", "-o", "cut.npy")
    wanted = nbp.sequence_pool(
        array.reshape(12, 2), "sum", offsets=[0, 3, 3, 12], weights=np.arange(12.0)
    )
    assert np.array_equal(np.load("cut.npy"), wanted)


def test_blocks_are_bounded(pool, monkeypatch, random):
    """No call of the library gets more of a large array than a block."""
    x = random.normal(size=(64, 10, 8)).astype(np.float32)
    monkeypatch.setattr(pooling, "BLOCK", 5 * x[0].nbytes)
    for name, array in {"c": x, "f": np.asfortranarray(x), "swapped": x.astype(">f4")}.items():
        np.save(f"{name}.npy", array)
        given = []
        whole = nbp.sequence_pool

        def kept(x, *rest, given=given, whole=whole, **more):
            given.append(x.nbytes)
            return whole(x, *rest, **more)

        with monkeypatch.context() as patch:
            patch.setattr(nbp, "sequence_pool", kept)
            pool("seq", "mean", f"{name}.npy", "--max-bytes", "1", "-o", f"{name}-mean.npy")
        assert max(given) <= 5 * x[0].nbytes
        assert np.array_equal(np.load(f"{name}-mean.npy"), nbp.sequence_pool(x, "mean"))


@pytest.mark.parametrize("layout", ["NTC", "NCT"])
def test_channels_first(pool, random, layout):
    x = random.normal(size=(3, 5, 4)).astype(np.float32)
    np.save("x.npy", x)
    pool("seq", "mean", "x.npy", "--data-format", layout.lower(), "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), nbp.sequence_pool(x, "mean", data_format=layout))


def test_safetensors(pool):
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    save_file({"x": X, "mask": MASK.astype(np.uint8)}, "x.safetensors")
    pool("seq", "mean", "x.safetensors", "--mask", "mask", "-o", "out/")
    np.testing.assert_allclose(np.load("out/x.npy"), WORKED["mean"], rtol=1e-6)
    Path("bad.safetensors").write_bytes(b"nothing of the kind")
    assert "damaged" in pool("seq", "mean", "bad.safetensors", code=1).stderr
    head = json.dumps({"x": {"dtype": "BF16", "shape": [1, 2, 1], "data_offsets": [0, 4]}})
    head = head.encode().ljust(64)
    data = len(head).to_bytes(8, "little") + head + bytes(4)
    Path("bf.safetensors").write_bytes(data)
    assert "of type BF16, which NumPy lacks" in pool("seq", "mean", "bf.safetensors", code=1).stderr


def test_streams(pool):
    file = io.BytesIO()
    np.save(file, X)
    result = pool("seq", "last", "-", "-o", "-", input=file.getvalue())
    assert np.load(io.BytesIO(result.stdout_bytes)).tolist() == X[:, -1].tolist()


def test_an_archive_out_keeps_the_name(pool, files):
    pool("seq", "max", "x.npz", "--array", "tokens", "-o", "out.npz")
    assert np.load("out.npz")["tokens"].tolist() == X.max(axis=1).tolist()


def test_a_folder_is_mirrored(pool, random):
    arrays = folder(random)
    np.save("in/lengths.npy", [1])
    Path("in/photo.png").write_bytes(b"")
    said = pool("seq", "first", "in", "-o", "out", "--lengths", "in/lengths.npy").stderr
    assert "Skipped 1 file of other types: .png (1)" in said
    assert listing("out") == [f"{n}.npy" for n in range(5)]
    assert all(np.array_equal(np.load(f"out/{n}.npy"), a[0]) for n, a in enumerate(arrays))


def test_a_dry_run_reads_headers_and_writes_nothing(pool, files):
    before = listing()
    said = pool("seq", "stats", "x.npy", "--dry-run", "--mask", "mask.npy").stdout
    assert "(3x4x2 -> 3x4) float32, 48 bytes" in said
    assert listing() == before


def test_policies(pool, files):
    pool("seq", "mean", "x.npy")
    assert "exists: see --on-exists" in pool("seq", "mean", "x.npy", code=1).stderr
    pool("seq", "mean", "x.npy", "--on-exists", "rename")
    assert Path("x.seq-mean-1.npy").exists()
    rows = pool("seq", "mean", "x.npy", "--skip-existing", "--json").stdout.splitlines()
    assert json.loads(rows[0])["status"] == "skipped"
    assert "Skipped 2 files from an earlier run" not in pool("seq", "max", ".", code=1).stderr


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (("lengths", [3, 1, 5]), "lengths must lie between 0 and T, 4: number 2 is 5"),
        (("lengths", [3, 1]), "lengths have shape (2,), and the array has 3 sequences"),
        (("lengths", [1.0, 0.5, 0.25]), "np.round(lengths * T)"),
        (("mask", np.where(MASK, 0, -1e9)), "masks that are added to scores"),
        (("mask", MASK * 0.5), "mask has 0.5"),
        (("mask", MASK[:2]), "mask has shape (2, 4)"),
        (("weights", np.ones((4, 4))), "weights have shape (4, 4)"),
        (("weights", ["a"]), "--weights given.npy is of <U1, not of numbers"),
        (("offsets", [0, 4]), "--offsets cut one long array of 2 axes"),
    ],
)
def test_what_lies_beside_must_fit(pool, files, monkeypatch, beside, words):
    monkeypatch.setattr(pooling, "BLOCK", 1)
    name, values = beside
    np.save("given.npy", values)
    said = pool("seq", "mean", "x.npy", f"--{name}", "given.npy", "-o", "out.npy", code=1).stderr
    assert words in said
    assert said.count("\n") == 1
    assert not Path("out.npy").exists()


@pytest.mark.parametrize(
    ("scores", "words"),
    [((3, 5), "scores have shape (3, 5)"), ((3, 4, 3), "heads must divide 2 channels")],
)
def test_scores_must_fit(pool, files, scores, words):
    np.save("scores.npy", np.ones(scores))
    options = ["--scores", "scores.npy", "-o", "out.npy"]
    said = pool("seq", "attention", "x.npy", *options, code=1).stderr
    assert words in said
    assert "(3, 4)" in said


def test_a_query_must_fit(pool, files):
    np.savez("layer.npz", **{"in_proj_weight": np.ones((6, 2)), "out_proj.weight": np.eye(2)})
    np.save("query.npy", np.ones((5, 1, 2)))
    options = ["--query", "query.npy", "--weights", "layer.npz", "--heads", "1"]
    said = pool("seq", "attention", "x.npy", *options, code=1).stderr
    assert "query has shape (5, 1, 2), not (2,), (L, 2) or (3, L, 2)" in said


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        ([0, 3, 2, 4], "offsets must not decrease: number 2 is 2, after 3"),
        ([0, 2], "offsets must end at the number of rows, 4, not at 2"),
        ([1, 4], "offsets must begin at 0, not at 1"),
        ([0, 9], "offsets must end at the number of rows, 4"),
        ([], "offsets"),
        (3, "offsets"),
    ],
)
def test_offsets_must_fit(pool, cut, words):
    np.savez("x.npz", x=ROWS, cut=np.asarray(cut, np.int64))
    said = pool("seq", "mean", "x.npz", "--offsets", "cut", "-o", "out.npy", code=1).stderr
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mean", "x.npz"], "holds several arrays; it has tokens, mask, lengths: name one with"),
        (["mean", "x.npz", "--mask", "nix"], "no array of that name; it has tokens, mask, lengths"),
        (["mean", "x.npy", "--mask", "mask"], "--mask mask is neither a file"),
        (["mean", "x.npy", "--mask", "gone.npy"], "--mask gone.npy: there is no such file"),
        (["mean", "x.npy", "--mask", "x.npz"], "--mask x.npz holds 3 arrays, not one"),
        (["mean", "flat.npy"], "it has 1 axis, (3,), and sequences have 3, NTC, or one of them"),
        (["mean", "x.npy", "--data-format", "TC"], "--data-format TC names 2"),
        (["mean", "text.npy"], "it is not an array: .npy, .npz and .safetensors are read"),
        (["mean", "x.npz", "--array", "gone"], "it has no array 'gone'"),
        (["lstm", "x.npy", "--weights", "mask.npy"], "--weights mask.npy is no file of a layer's"),
        (["lstm", "x.npy", "--weights", "tokens"], "--weights tokens is no file of a layer's"),
        (["lstm", "x.npy", "--weights", "x.npz"], "'tokens' is no parameter of a recurrent layer"),
        (["lstm", "x.npy", "--weights", "hole.npz"], "weights has no 'weight_hh_l0'"),
        (["lstm", "x.npy", "--weights", "gru.npz"], "these are the weights of gru_pool"),
        (["max", "int.npy", "--normalize"], "normalize makes floats, and the result is int64"),
    ],
)
def test_refused_in_one_line(pool, files, arguments, words):
    np.save("flat.npy", np.zeros(3))
    np.save("int.npy", X.astype(np.int64))
    np.savez("hole.npz", weight_ih_l0=np.ones((8, 2)))
    np.savez("gru.npz", **layer(6))
    Path("text.npy").write_text("text")
    said = pool("seq", *arguments, "-o", "out.npy", code=1).stderr
    assert words in said
    assert said.count("\n") == 1
    assert "unexpected" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["meen"], "did you mean 'mean'?"),
        (["mean,lstm"], "lstm stands alone"),
        (["mean,avg"], "mean stands twice"),
        (["lstm"], "lstm needs --weights"),
        (["attention"], "attention needs --scores"),
        (["attention", "--query", "q.npy"], "--query needs --weights"),
        (["attention", "--scores", "s.npy", "--heads", "2"], "--heads goes with --query"),
        (["max", "--weights", "w.npy"], "max takes no --weights"),
        (["mean", "--correction", "0"], "mean takes no --correction"),
        (["lstm", "--weights", "w.npz", "--normalize"], "lstm takes no --normalize"),
        (["lstm", "--weights", "w.npz", "--offsets", "o.npy"], "lstm takes no --offsets"),
        (["gru", "--weights", "w.npz", "--pick", "std"], "--pick of gru is last, mean, max, sum"),
        (["mean", "--lengths", "n.npy", "--mask", "m.npy"], "each say which rows count"),
        (["mean", "-o", "out.safetensors"], "sequences are written as .npy or .npz"),
        (["mean", "-o", "out.png"], "sequences are written as .npy or .npz"),
        (["mean", "-o", "-", "--json"], "both write to standard output"),
    ],
)
def test_refused_before_anything_is_read(pool, files, arguments, words):
    op, *rest = arguments
    assert words in " ".join(pool("seq", op, "x.npy", *rest, code=2).stderr.split())


def test_the_table_is_the_librarys(pool):
    x = np.ones((1, 2, 3), np.float32)
    for row in SEQUENCES.values():
        if not row.alone:
            wanted = nbp.sequence_pool(x, row.name)
            assert all(np.array_equal(nbp.sequence_pool(x, a), wanted) for a in row.aliases)
