"""ONNX's own node tests, ONNX Runtime's indices, and the deliberate differences."""

import importlib
import warnings

import numpy as np
import pytest
import strategies as draws

import numbapool as nbp

SPATIAL_RANKS = [1, 2, 3]


def node_cases(module, operator):
    """Return (name, attributes, inputs, outputs) of ONNX's node tests of an operator."""
    onnx = pytest.importorskip("onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
        node = importlib.import_module("onnx.backend.test.case.node")
    cases = {}
    for case in node._NodeTestCases:
        made = case.model.graph.node[-1]
        if made.op_type == operator:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in made.attribute}
            cases[case.name] = (attributes, *case.data_sets[0])
    assert cases
    return [(name, *case) for name, case in cases.items()]


def window(attributes):
    """Return a pooling node's attributes as our arguments."""
    kernel = tuple(attributes["kernel_shape"])
    arguments = {
        "kernel_size": kernel,
        "stride": tuple(attributes.get("strides", [1] * len(kernel))),
        "dilation": tuple(attributes.get("dilations", [1] * len(kernel))),
        "ceil_mode": bool(attributes.get("ceil_mode", 0)),
    }
    auto_pad = attributes.get("auto_pad", b"NOTSET").decode()
    if auto_pad == "NOTSET":
        pads = attributes.get("pads", [0] * 2 * len(kernel))
        arguments["padding"] = tuple(zip(pads[: len(kernel)], pads[len(kernel) :], strict=True))
    else:
        arguments["padding"] = {
            "SAME_UPPER": "same",
            "SAME_LOWER": "same_lower",
            "VALID": "valid",
        }[auto_pad]
    return arguments


def function(name, x):
    return getattr(nbp, f"{name}{x.ndim - 2}d")


def test_average_pool():
    for name, attributes, (x,), (want,) in node_cases("averagepool", "AveragePool"):
        got = function("avg_pool", x)(
            x,
            **window(attributes),
            count_include_pad=bool(attributes.get("count_include_pad", 0)),
        )
        assert got.dtype == want.dtype
        digits = 5e-5 if name.endswith("starts_on_pad") else 1e-6  # as its outputs are written
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1.2 * digits, err_msg=name)


def test_max_pool():
    for name, attributes, (x,), outputs in node_cases("maxpool", "MaxPool"):
        got = function("max_pool", x)(x, **window(attributes))
        assert got.dtype == outputs[0].dtype
        np.testing.assert_array_equal(got, outputs[0], err_msg=name)


def test_max_pool_indices():
    seen = 0
    for name, attributes, (x,), outputs in node_cases("maxpool", "MaxPool"):
        if len(outputs) == 2:
            pool = function("max_pool", x)
            indices = pool(x, **window(attributes), return_indices=True)[1]
            got = nbp.to_onnx_indices(
                indices, x.shape, storage_order=attributes.get("storage_order", 0)
            )
            np.testing.assert_array_equal(got, outputs[1], err_msg=name)
            seen += 1
    assert seen


def test_lp_pool():
    for name, attributes, (x,), (want,) in node_cases("lppool", "LpPool"):
        got = function("lp_pool", x)(x, attributes.get("p", 2), **window(attributes))
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-5, err_msg=name)


def test_global_average_pool():
    for name, _, (x,), (want,) in node_cases("globalaveragepool", "GlobalAveragePool"):
        np.testing.assert_allclose(nbp.global_avg_pool(x), want, rtol=1e-5, err_msg=name)


def test_global_max_pool():
    for name, _, (x,), (want,) in node_cases("globalmaxpool", "GlobalMaxPool"):
        np.testing.assert_array_equal(nbp.global_max_pool(x), want, err_msg=name)


def test_max_unpool():
    for name, attributes, (x, indices, *shape), (want,) in node_cases("maxunpool", "MaxUnpool"):
        kernel, stride = attributes["kernel_shape"], attributes["strides"]
        output_size = None
        if shape:
            # ONNX counts in the plane that would be made without this size, torch and we in the
            # plane that is made.
            output_size = tuple(shape[0].tolist())
            plane = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], stride, kernel, strict=True)]
            indices = np.ravel_multi_index(np.unravel_index(indices, plane), output_size[2:])
        got = nbp.max_unpool2d(x, indices, tuple(kernel), tuple(stride), output_size=output_size)
        np.testing.assert_array_equal(got, want, err_msg=name)


# ------------------------------------------------------------------------------ ONNX Runtime


def max_pool_model(shape, **attributes):
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("MaxPool", ["x"], ["values", "indices"], **attributes)
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "max_pool",
        [tensor("x", onnx.TensorProto.FLOAT, shape)],
        [
            tensor("values", onnx.TensorProto.FLOAT, None),
            tensor("indices", onnx.TensorProto.INT64, None),
        ],
    )
    opset = onnx.helper.make_opsetid("", 12)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def runtime_max_pool(x, **attributes):
    """Return ONNX Runtime's values and indices."""
    runtime = pytest.importorskip("onnxruntime")
    runtime.set_default_logger_severity(4)
    model = max_pool_model(x.shape, **attributes)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})


@pytest.mark.parametrize("rank", SPATIAL_RANKS)
@pytest.mark.parametrize("storage_order", [0, 1])
@pytest.mark.parametrize("values", ["plain", "ties"])
def test_indices_are_onnx_runtimes(rank, storage_order, values):
    x = draws.fill((2, 3, *(6, 5, 7)[:rank]), "float32", values, 1)
    for more in (
        {},
        {"strides": [2] * rank},
        {"pads": [1] * 2 * rank, "strides": [2] * rank},
        {"dilations": [2] * rank},
        {"auto_pad": "SAME_LOWER"},
    ):
        attributes = {"kernel_shape": [2] * rank} | more
        if storage_order:
            attributes["storage_order"] = 1
        want = runtime_max_pool(x, **attributes)
        encoded = attributes | {"auto_pad": attributes.get("auto_pad", "NOTSET").encode()}
        got = function("max_pool", x)(x, **window(encoded), return_indices=True)
        np.testing.assert_array_equal(got[0], want[0])
        numbered = nbp.to_onnx_indices(got[1], x.shape, storage_order=storage_order)
        np.testing.assert_array_equal(numbered, want[1])


def test_difference_nan_in_onnx_runtime():
    """NaN comes through, as in torch; ONNX Runtime's comparison passes over it."""
    x = np.array([[[1, np.nan, 3]]], np.float32)
    theirs = runtime_max_pool(x, kernel_shape=[3])[0]
    assert theirs.item() == 3
    assert np.isnan(nbp.max_pool1d(x, 3)).all()


def test_difference_indices_of_the_reference_implementation():
    """Where windows overlap, onnx.reference numbers places by the output's strides."""
    reference = pytest.importorskip("onnx.reference")
    x = np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6)
    model = max_pool_model(x.shape, kernel_shape=[2, 2])
    theirs = reference.ReferenceEvaluator(model).run(None, {"x": x})[1]
    ours = nbp.max_pool2d(x, 2, 1, return_indices=True)[1]
    np.testing.assert_array_equal(ours, x[:, :, 1:, 1:])  # each value is its own place
    np.testing.assert_array_equal(ours, runtime_max_pool(x, kernel_shape=[2, 2])[1])
    assert not np.array_equal(ours, theirs)
