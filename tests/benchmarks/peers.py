"""Other libraries' pooling, each in the layout, format and mode that suit it best.

A factory takes an array and the number of threads, prepares all that needs no repeating, and
returns a function of no arguments that pools once. It imports its library itself, so that one
that isn't installed leaves only its own column empty.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Call = Callable[[], Any]
Factory = Callable[[Array, int], Call]

PACKAGES = (
    "torch",
    "onnx",
    "onnxruntime",
    "openvino",
    "opencv-python-headless",
    "opencv-python",
    "pillow",
    "scipy",
    "scikit-image",
    "tinybrain",
    "bottleneck",
)
OPSET, IR_VERSION = 19, 10
NHWC_TO_NCHW, NCHW_TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def torch_dense(apply: Callable[[Any, Any], Any]) -> Factory:
    """Call `apply(torch.nn.functional, tensor)` on a contiguous tensor."""
    return _torch(apply, lambda torch, tensor: tensor)


def torch_forms(apply: Callable[[Any, Any], Any], nchw: bool = True) -> dict[str, Factory]:
    """Call `apply` on a tensor in torch's own layouts and in those of oneDNN."""
    forms = {"torch": torch_dense(apply), "oneDNN": _torch(apply, _plain_onednn)}
    if nchw:
        forms["torch channels-last"] = _torch(apply, _channels_last)
        forms["oneDNN blocked"] = _torch(apply, _blocked_onednn)
    return forms


def torch_nhwc(apply: Callable[[Any, Any], Any]) -> Factory:
    """Call `apply` on a channels-last view of an NHWC array."""

    def viewed(functional: Any, tensor: Any) -> Any:
        return apply(functional, tensor.permute(NHWC_TO_NCHW)).permute(NCHW_TO_NHWC)

    return torch_dense(viewed)


def _torch(apply: Callable[[Any, Any], Any], prepare: Callable[[Any, Any], Any]) -> Factory:
    def factory(x: Array, threads: int) -> Call:
        import torch

        torch.set_num_threads(threads)
        with torch.inference_mode():
            tensor = prepare(torch, torch.from_numpy(x))

        def call() -> Any:
            with torch.inference_mode():
                return apply(torch.nn.functional, tensor)

        return call

    return factory


def _channels_last(torch: Any, tensor: Any) -> Any:
    return tensor.contiguous(memory_format=torch.channels_last)


def _plain_onednn(torch: Any, tensor: Any) -> Any:
    return tensor.to_mkldnn()


def _blocked_onednn(torch: Any, tensor: Any) -> Any:
    """oneDNN alone knows its blocked layouts: what one of its convolutions returns is in one."""
    channels = tensor.shape[1]
    ones = torch.ones(channels, 1, 1, 1).to_mkldnn()
    return torch.mkldnn_convolution(
        tensor.to_mkldnn(), ones, None, [0, 0], [1, 1], [1, 1], channels
    )


def onnx_model(operator: str, x: Array, shape: tuple[int, ...], attributes: Any) -> bytes:
    """Return a model of one operator, fixed to a shape; MaxPool with `indices` gives both."""
    from onnx import TensorProto, helper

    attributes = dict(attributes)
    outputs = ["y", "places"] if attributes.pop("indices", False) else ["y"]
    types = [TensorProto.FLOAT, TensorProto.INT64]
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], outputs, **attributes)],
        operator,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in zip(outputs, types, strict=False)
        ],
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    return bytes(model.SerializeToString())


def onnx_forms(operator: str, **attributes: Any) -> dict[str, Factory]:
    """Run one ONNX operator in ONNX Runtime and in OpenVINO."""
    return {
        "ONNX Runtime": onnxruntime(operator, **attributes),
        "OpenVINO": openvino(operator, **attributes),
    }


def onnxruntime(operator: str, **attributes: Any) -> Factory:
    """Run one ONNX operator in ONNX Runtime, without copies on the way in or out."""

    def factory(x: Array, threads: int) -> Call:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Its threads would go on spinning after a run, in the next contender's time.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        model = onnx_model(operator, x, x.shape, attributes)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feed = {"x": onnxruntime.OrtValue.ortvalue_from_numpy(x)}
        names = [output.name for output in session.get_outputs()]
        return lambda: session.run_with_ort_values(names, feed)

    return factory


def openvino(operator: str, nhwc: bool = False, **attributes: Any) -> Factory:
    """Run one ONNX operator in OpenVINO, in float32; its result's memory is always the same."""

    def factory(x: Array, threads: int) -> Call:
        import openvino
        from openvino.preprocess import PrePostProcessor

        shape = tuple(x.shape[axis] for axis in NHWC_TO_NCHW) if nhwc else x.shape
        core = openvino.Core()
        model = core.read_model(onnx_model(operator, x, shape, attributes))
        if nhwc:
            processor = PrePostProcessor(model)
            for side in (processor.input(), processor.output()):
                side.tensor().set_layout(openvino.Layout("NHWC"))
                side.model().set_layout(openvino.Layout("NCHW"))
            model = processor.build()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        request = core.compile_model(model, "CPU", settings).create_infer_request()
        request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

        def call() -> Array:
            request.infer()
            return np.asarray(request.get_output_tensor(0).data)

        return call

    return factory


def opencv_image(apply: Callable[[Any, Array], Any]) -> Factory:
    """Call `apply(cv2, x)` on an image as it is."""

    def factory(x: Array, threads: int) -> Call:
        import cv2

        cv2.setNumThreads(threads)
        return lambda: apply(cv2, x)

    return factory


def opencv_planes(apply: Callable[[Any, Array, Array], Any]) -> dict[str, Factory]:
    """Call `apply(cv2, image, result)` on planes (1, C, H, W): each by itself, or as channels."""

    def planes(x: Array, threads: int) -> Call:
        import cv2

        cv2.setNumThreads(threads)
        results = np.empty_like(x)
        pairs = list(zip(x[0], results[0], strict=True))

        def call() -> Array:
            for plane, result in pairs:
                apply(cv2, plane, result)
            return results

        return call

    def channels(x: Array, threads: int) -> Call:
        import cv2

        cv2.setNumThreads(threads)
        image = np.ascontiguousarray(x[0].transpose(1, 2, 0))
        result = np.empty_like(image)

        def call() -> Array:
            apply(cv2, image, result)
            return result.transpose(2, 0, 1)

        return call

    return {"OpenCV": planes, "OpenCV channels": channels}


def scipy_planes(apply: Callable[[Any, Array, Array], Any]) -> Factory:
    """Call `apply(scipy.ndimage, plane, result)` on planes, as many at once as there are threads.

    An image is one plane.
    """

    def factory(x: Array, threads: int) -> Call:
        from scipy import ndimage

        results = np.empty_like(x)
        planes = x.reshape(-1, *x.shape[-2:])
        pool = ThreadPoolExecutor(threads)

        def one(plane: Array, result: Array) -> None:
            apply(ndimage, plane, result)

        def call() -> Array:
            list(pool.map(one, planes, results.reshape(planes.shape)))
            return results

        return call

    return factory


def pillow_image(apply: Callable[[Any], Any]) -> Factory:
    """Call `apply(image)` on a Pillow image."""

    def factory(x: Array, threads: int) -> Call:
        from PIL import Image

        image = Image.fromarray(x)
        return lambda: apply(image)

    return factory


def skimage_blocks(block: tuple[int, ...], function: Callable[..., Any]) -> Factory:
    """Reduce blocks as scikit-image does."""

    def factory(x: Array, threads: int) -> Call:
        from skimage.measure import block_reduce

        return lambda: block_reduce(x, block, function)

    return factory


def skimage_modal(k: int, crop: Callable[[Array, int], Array]) -> Factory:
    """Take the most frequent value of each k × k window, as scikit-image does."""

    def factory(x: Array, threads: int) -> Call:
        from skimage.filters.rank import modal

        square = np.ones((k, k), np.uint8)
        return lambda: crop(modal(x, square), k)

    return factory


def tinybrain_by_two(name: str) -> Factory:
    """Call a function of tinybrain's on a plane, which it takes with x as the fastest axis."""

    def factory(x: Array, threads: int) -> Call:
        import tinybrain

        function = getattr(tinybrain, name)
        plane = x.T[:, :, np.newaxis]
        return lambda: function(plane, (2, 2, 1))[0][:, :, 0].T

    return factory


def numpy_array(apply: Callable[[Array], Any]) -> Factory:
    """Call `apply(x)` with NumPy alone."""
    return lambda x, threads: lambda: apply(x)
