"""Arrays of libraries on GPUs: adopted where they lie, and given back as their library's.

No GPU is needed, and nothing is pooled: the engine's side that moves memory about is watched.
"""

import gc

import fake_gpu
import numpy as np
import pytest
from fake_gpu import CupyArray, ForeignArray, JaxArray, NumbaArray, Plain, Tensor
from processes import python

import numbapool as nbp
from numbapool import functional
from numbapool.arrays import Adopted, engine_for, kind_of
from numbapool.functional.faces import parameters_of

COMES_BACK = {
    Tensor: Tensor,
    CupyArray: CupyArray,
    NumbaArray: NumbaArray,
    JaxArray: JaxArray,
    ForeignArray: ForeignArray,
    Plain: NumbaArray,
}
"""Each kind of array, and what its results are."""

LIBRARIES = [Tensor, CupyArray]
"""Kinds whose library has a current stream."""


@pytest.fixture
def machine(monkeypatch):
    with fake_gpu.machine(monkeypatch, torch=11, cupy=22) as made:
        yield made


def pooled(machine):
    """Return what the only call got: its input, its results and its stream."""
    (given,) = machine.noted("pooled")
    return given


@pytest.mark.parametrize("kind", COMES_BACK)
def test_the_same_library_s_array_comes_back(machine, kind):
    x = kind(machine, (2, 3, 8, 6), "f4", device=1)
    result = nbp.max_pool2d(x, 2)
    assert type(result) is COMES_BACK[kind]
    assert (result.shape, result.kind, result.number) == ((2, 3, 4, 3), np.float32, 1)
    given, outs, _ = pooled(machine)
    assert (given.pointer, given.size) == (x.pointer, 288)
    assert (outs[0].pointer, outs[0].size) == (result.pointer, 72)
    assert set(machine.noted("device")) == {1}
    assert not machine.noted("wait")


@pytest.mark.parametrize("kind", COMES_BACK)
def test_pairs_and_layers(machine, kind):
    x = kind(machine, (4, 6), "u1")
    layer = nbp.Pool("max", 2, return_indices=True)
    for values, places in (nbp.max_pool2d(x, 2, return_indices=True), layer(x)):
        assert type(values) is type(places) is COMES_BACK[kind]
        assert (values.kind, places.kind) == (np.uint8, np.int64)


@pytest.mark.parametrize(("kind", "current"), [(Tensor, 11), (CupyArray, 22)])
def test_the_library_s_current_stream(machine, kind, current):
    nbp.avg_pool2d(kind(machine, (4, 6), "f4"), 2)
    assert pooled(machine)[2] == current
    assert machine.noted("allocated") == [current]


def test_the_default_stream(monkeypatch):
    for kind in LIBRARIES:
        with fake_gpu.machine(monkeypatch) as machine:
            nbp.avg_pool2d(kind(machine, (4, 6), "f4"), 2)
            assert pooled(machine)[2] == 1


def test_the_interface_s_stream(machine):
    x = NumbaArray(machine, (4, 6), "f4")
    x.stream = 7
    out = NumbaArray(machine, (2, 3), "f4")
    out.stream = 9
    assert nbp.avg_pool2d(x, 2, out=out) is out
    assert pooled(machine)[2] == 7
    assert [entry for entry in machine.diary if entry[0] in ("record", "wait", "pooled")][:2] == [
        ("record", 9),
        ("wait", 7),
    ], "work on the result is waited for before it is pooled"


def test_dlpack_is_told_the_stream_and_waited_for(machine):
    nbp.avg_pool2d(JaxArray(machine, (4, 6), "f4"), 2, stream=5)
    assert machine.noted("asked")[0] == 5
    names = [entry[0] for entry in machine.diary]
    assert names.index("pooled") < names.index("end"), "given back before it was written"


class Stream:
    def __init__(self, **told):
        vars(self).update(told)


class Protocol:
    def __cuda_stream__(self):
        return 0, 5


@pytest.mark.parametrize(
    "stream", [5, Stream(cuda_stream=5), Stream(ptr=5), Stream(handle=5), Protocol()]
)
@pytest.mark.parametrize(("kind", "current"), [(Tensor, 11), (CupyArray, 22)])
def test_a_stream_of_one_s_own(machine, kind, current, stream):
    nbp.avg_pool2d(kind(machine, (4, 6), "f4"), 2, stream=stream)
    assert pooled(machine)[2] == 5
    assert machine.noted("allocated") == [5]
    assert (machine.noted("record"), machine.noted("wait")) == ([current], [5])


def test_what_is_no_stream(machine):
    with pytest.raises(nbp.PoolTypeError, match="stream must be a stream of torch"):
        nbp.avg_pool2d(Tensor(machine, (4, 6), "f4"), 2, stream="fast")
    with pytest.raises(nbp.PoolTypeError, match="stream goes with arrays on a device"):
        nbp.avg_pool2d(np.ones((4, 6)), 2, stream=5)


@pytest.mark.parametrize("kind", COMES_BACK)
def test_copied_by_its_library_if_not_contiguous(machine, kind):
    x = kind(machine, (4, 6), "f4", strides=(48, 8))
    if not issubclass(kind, NumbaArray | Tensor | CupyArray | Plain):
        with pytest.raises(nbp.PoolTypeError, match="lie side by side"):
            nbp.max_pool2d(x, 2)
        return
    nbp.max_pool2d(x, 2)
    assert machine.noted("copied")
    assert pooled(machine)[0].pointer != x.pointer


@pytest.mark.parametrize("kind", COMES_BACK)
def test_a_view_off_by_one_element_stays_where_it_is(machine, kind):
    x = kind(machine, (4, 6), "f4", pointer=fake_gpu.BASE + 4)
    nbp.max_pool2d(x, 2)
    assert not machine.noted("copied")
    assert pooled(machine)[0].pointer == fake_gpu.BASE + 4


def test_out(machine):
    x, out = Tensor(machine, (4, 6), "f4"), Tensor(machine, (2, 3), "f4")
    assert nbp.max_pool2d(x, 2, out=out) is out
    assert pooled(machine)[1][0].pointer == out.pointer
    assert not machine.noted("allocated")


def test_out_in_steps(machine):
    x, out = Tensor(machine, (4, 6), "f4"), Tensor(machine, (2, 3), "f4", strides=(24, 8))
    assert nbp.max_pool2d(x, 2, out=out) is out
    made = pooled(machine)[1][0].pointer
    assert made != out.pointer
    assert machine.noted("assigned") == [made]


def test_what_out_cannot_be(machine):
    x = Tensor(machine, (4, 6), "f4")
    for out, error, message in [
        (Tensor(machine, (2, 3), "f8"), nbp.PoolTypeError, "dtype float32, not dtype float64"),
        (Tensor(machine, (3, 2), "f4"), nbp.PoolValueError, r"shape \(2, 3\), not \(3, 2\)"),
        (Tensor(machine, (2, 3), "f4", pointer=x.pointer + 8), nbp.PoolValueError, "overlaps"),
        (Tensor(machine, (2, 3), "f4", device=1), nbp.PoolValueError, "GPU 0 and GPU 1"),
        (np.empty((2, 3), "f4"), nbp.PoolTypeError, "out must lie on the GPU"),
        (JaxArray(machine, (2, 3), "f4"), nbp.PoolValueError, "read-only"),
        ((Tensor(machine, (2, 3), "f4"),) * 2, nbp.PoolValueError, "out takes 1 arrays, not 2"),
    ]:
        with pytest.raises(error, match=message):
            nbp.max_pool2d(x, 2, out=out)
    assert not machine.noted("pooled")


def test_empty_arrays_launch_nothing(machine):
    assert nbp.max_pool2d(Tensor(machine, (0, 4, 6), "f4"), 2).shape == (0, 2, 3)
    assert not machine.noted("pooled")


def test_tensors_that_are_not_pooled(machine):
    graded = Tensor(machine, (4, 6), "f4")
    graded.requires_grad = True
    with pytest.raises(nbp.PoolTypeError, match=r"requires grad .* x\.detach\(\)"):
        nbp.max_pool2d(graded, 2)
    negated = Tensor(machine, (4, 6), "f4")
    negated.negated = True
    with pytest.raises(nbp.PoolTypeError, match=r"x\.resolve_neg\(\)"):
        nbp.max_pool2d(negated, 2)
    sparse = Tensor(machine, (4, 6), "f4")
    sparse.layout = "torch.sparse_coo"
    with pytest.raises(nbp.PoolTypeError, match=r"x\.to_dense\(\)"):
        nbp.max_pool2d(sparse, 2)

    class Half(Tensor):
        dtype = "torch.float4"

    with pytest.raises(nbp.PoolTypeError, match=r"torch\.float4.* x\.float\(\)"):
        nbp.max_pool2d(Half(machine, (4, 6), "u1"), 2)
    with pytest.raises(nbp.PoolTypeError, match="complex64"):
        nbp.max_pool2d(Tensor(machine, (4, 6), "c8"), 2)
    with pytest.raises(nbp.PoolValueError, match="no axes"):
        nbp.max_pool2d(Tensor(machine, (), "f4"), 2)


def test_subclasses_are_their_library_s(machine):
    class Named(Tensor):
        __module__ = "of.a.user"

    assert type(nbp.max_pool2d(Named(machine, (4, 6), "f4"), 2)) is Tensor


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (Tensor, r"x\.cpu\(\)"),
        (CupyArray, r"x\.get\(\)"),
        (NumbaArray, r"x\.copy_to_host\(\)"),
        (Plain, "a copy in the CPU's memory"),
    ],
)
def test_the_cpu_refuses_with_what_to_do(machine, kind, call):
    with pytest.raises(nbp.PoolTypeError, match=f"x lies on a CUDA device: pass {call}"):
        nbp.max_pool2d(kind(machine, (4, 6), "f4"), 2, device="cpu")


def test_no_library_is_known_before_its_arrays_are_met():
    assert kind_of(np.ones(3)) is None
    assert engine_for([[1, 2]], None, None) is None
    with pytest.raises(nbp.PoolValueError, match="device must be cpu, cuda, auto or None, not 'g"):
        nbp.max_pool2d([[1, 2]], 1, device="gpu")


def test_a_shadow_is_no_more_than_a_form():
    form = Adopted(None, None, 0xDEAD0000, (3, 4), (32, 4), np.dtype("f4"), 0)
    shadow = form.shadow()
    assert (shadow.shape, shadow.strides, shadow.dtype) == ((3, 4), (32, 4), np.float32)
    assert not form.contiguous
    assert Adopted(None, None, 0, (3, 0), (0, 4), np.dtype("f4"), 0).contiguous


def test_every_function_with_out_takes_a_device_and_a_stream():
    for name in functional.__all__:
        given = parameters_of(getattr(functional, name))
        if "out" in given:
            assert given["device"] is given["stream"] is None, name


def test_a_pyramid_is_joined_by_the_library(machine):
    result = nbp.spatial_pyramid_pool(Tensor(machine, (2, 3, 8, 8), "f4"), (1, 2))
    assert (type(result), result.shape) == (Tensor, (2, 15))
    with pytest.raises(nbp.PoolTypeError, match="takes arrays of torch, CuPy and JAX on a GPU"):
        nbp.spatial_pyramid_pool(NumbaArray(machine, (2, 3, 8, 8), "f4"), (1, 2))
    levels = nbp.pool_pyramid(Tensor(machine, (8, 8), "f4"), "median", 2)
    assert [(type(each), each.shape) for each in levels] == [(Tensor, (4, 4)), (Tensor, (2, 2))]


@pytest.mark.parametrize("kind", COMES_BACK)
def test_boxes(machine, kind):
    x, boxes = kind(machine, (2, 3, 8, 6), "f4"), [[1, 0, 0, 3, 3]]
    values, places = nbp.roi_pool(x, boxes, 2, return_indices=True)
    assert type(values) is type(places) is COMES_BACK[kind]
    assert (values.shape, values.kind, places.kind) == ((1, 3, 2, 2), np.float32, np.int64)
    assert type(nbp.roi_align(x, boxes, 2)) is COMES_BACK[kind]
    assert machine.noted("pooled")[0][0].pointer == x.pointer
    with pytest.raises(nbp.PoolValueError, match="box 0 lies in image 2"):
        nbp.roi_align(x, [[2, 0, 0, 1, 1]], 2)


def test_weights_of_the_host_are_sent_and_those_of_the_device_stay(machine):
    x, there = Tensor(machine, (2, 3, 4), "f4"), Tensor(machine, (4, 4), "f4")
    weights = {"out_proj.weight": there, "in_proj_weight": np.ones((12, 4))}
    result = nbp.multihead_attention_pool(x, np.ones(4, "f4"), weights, 2, stream=5)
    assert (type(result), result.shape) == (Tensor, (2, 4))
    assert machine.noted("sent") == [((4,), 5), ((12, 4), 5)]
    given, _, stream = pooled(machine)
    assert stream == 5
    assert [each.pointer for each in given[::2]] == [x.pointer, there.pointer]
    with pytest.raises(nbp.PoolValueError, match="GPU 0 and GPU 1"):
        nbp.multihead_attention_pool(x, Tensor(machine, (4,), "f4", device=1), weights, 2)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_capsules_of_our_own(monkeypatch, dtype):
    """NumPy reads them, if they say that they are of the CPU's memory; nothing is left over."""
    from numbapool.cuda import exchange

    monkeypatch.setattr(exchange, "CUDA", 1)
    before = set(exchange._kept)
    x = np.arange(6).reshape(2, 3).astype(dtype)
    written = exchange.Written(x, x.ctypes.data, x.shape, x.dtype, 0)
    read = np.from_dlpack(written)
    assert (read.tolist(), read.dtype) == (x.tolist(), x.dtype)
    told = exchange.read(written, 1)
    assert told[1:] == (x.ctypes.data, x.shape, x.strides, x.dtype, 0)
    made = exchange._kept.keys() - before
    assert len(made) == 2
    del read, told
    gc.collect()
    assert not exchange._kept.keys() & made


def test_capsules_outlive_python():
    """Those that nobody lets go of die when Python ends, after all modules."""
    python("""
        import sys
        import numpy as np
        from numbapool.cuda import exchange
        exchange.CUDA = 1
        x = np.arange(3.0)
        written = exchange.Written(x, x.ctypes.data, x.shape, x.dtype, 0)
        sys.kept = [written.__dlpack__(), np.from_dlpack(written)]
        sys.kept.append(sys.kept)
    """)
