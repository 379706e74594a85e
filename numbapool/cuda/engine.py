"""From a call with arrays on a GPU to its results there: the engine of CUDA devices.

Device arrays are pooled where they lie, on their library's stream, and come back as that library's
arrays; nothing waits for the result. Arrays of the host go there and back in chunks
(:mod:`numbapool.cuda.host`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from numbapool.arrays import Adopted, Asked, place_of, to_host
from numbapool.cuda import doctor, host
from numbapool.cuda.host import Decider, decider
from numbapool.errors import PoolDeviceError, PoolTypeError, PoolValueError
from numbapool.inputs import as_array
from numbapool.recurrent.weights import mapping_of
from numbapool.run.call import checked_outs

if TYPE_CHECKING:
    from numbapool.cuda.call import DeviceCall


def pool(form: str, x: Any, key: tuple[Any, ...], asked: Asked) -> tuple[Any, ...] | None:
    """Pool an array by windows of a form; return None if the CPU is to do it after all.

    Raises
    ------
    PoolError
        As on the CPU, and if no GPU can be used.
    """
    if place_of(x) is None:
        refuse_stream(asked)
        return host.pool(form, x, key, asked.out, asked.device)
    return run(decider(form, key), (x,), asked.out, asked.stream)


def sequence_pool(
    x: Any, weights: Any, wanted: Any, rows: dict[str, Any], data_format: str, asked: Asked
) -> Any:
    """Pool sequences; return None if the CPU is to do it after all."""
    rows = {name: on_host(value) for name, value in rows.items()}

    def decide(shape: Any, dtype: Any, *beside: Any) -> Any:
        from numbapool.cuda.sequences import Form, sequence_call

        weighed = Form(*beside) if beside else None
        return sequence_call(Form(shape, dtype), wanted, rows, data_format, weighed)

    return one(decide, (x,) if weights is None else (x, weights), asked)


def attention_pool(
    x: Any, scores: Any, wanted: Any, rows: dict[str, Any], data_format: str, asked: Asked
) -> Any:
    """Pool sequences by a softmax; return None if the CPU is to do it after all."""
    rows = {name: on_host(value) for name, value in rows.items()}

    def decide(shape: Any, dtype: Any, *beside: Any) -> Any:
        from numbapool.cuda.sequences import Form, attention_call

        return attention_call(Form(shape, dtype), Form(*beside), wanted, rows, data_format)

    return one(decide, (x, scores), asked)


def unpool(
    x: Any, indices: Any, ndim: int, data_format: Any, windows: tuple[Any, ...], asked: Asked
) -> Any:
    """Put values at their indices; return None if the CPU is to do it after all."""

    def decide(shape: Any, dtype: Any, places: Any, kind: Any) -> Any:
        from numbapool.cuda.places import unpool_call
        from numbapool.functional.places import refuse_unlike

        refuse_unlike(shape, places, kind)
        return unpool_call(shape, dtype, ndim, data_format, windows)

    return one(decide, (x, indices), asked)


def block_reduce(
    x: Any, block_size: Any, op: Any, edge: Any, own: dict[str, Any], asked: Asked
) -> Any:
    """Reduce blocks; return None if the CPU is to do it after all."""

    def decide(shape: Any, dtype: Any) -> Any:
        from numbapool.cuda.blocks import block_call

        return block_call(shape, dtype, block_size, op, edge, own)

    return one(decide, (x,), asked)


def roi_pool(x: Any, boxes: Any, bins: Any, return_indices: bool, asked: Asked) -> Any:
    """Pool boxes by their largest elements; return None if the CPU is to do it after all."""
    boxes = boxes_on_host(boxes)

    def decide(shape: Any, dtype: Any) -> Any:
        from numbapool.cuda.boxes import elements_call

        return elements_call(shape, dtype, boxes, bins, return_indices)

    return several(decide, (x,), asked)


def roi_align(x: Any, boxes: Any, bins: Any, grid: Any, asked: Asked) -> Any:
    """Pool boxes by samples; return None if the CPU is to do it after all."""
    boxes = boxes_on_host(boxes)

    def decide(shape: Any, dtype: Any) -> Any:
        from numbapool.cuda.boxes import samples_call

        return samples_call(shape, dtype, boxes, bins, grid)

    return one(decide, (x,), asked)


def multihead_attention_pool(
    x: Any,
    query: Any,
    weights: Any,
    heads: int,
    rows: dict[str, Any],
    data_format: str,
    asked: Asked,
) -> Any:
    """Pool sequences by queries; return None if the CPU is to do it after all."""
    rows = {name: on_host(value) for name, value in rows.items()}
    trained = mapping_of(weights)

    def decide(*parts: Any) -> Any:
        from numbapool.cuda.multihead import multihead_call
        from numbapool.cuda.sequences import Form

        forms = list(map(Form, parts[::2], parts[1::2]))
        named = dict(zip(trained, forms[2:], strict=True))
        return multihead_call(forms[0], forms[1], named, heads, rows, data_format)

    return by_weights(decide, (x, query, *trained.values()), asked)


def recurrent_pool(
    x: Any,
    kind: str,
    weights: Any,
    pick: str,
    rows: dict[str, Any],
    data_format: str,
    asked: Asked,
) -> Any:
    """Pool sequences by the states of a layer; return None if the CPU is to do it after all."""
    rows = {name: on_host(value) for name, value in rows.items()}
    trained = mapping_of(weights)

    def decide(*parts: Any) -> Any:
        from numbapool.cuda.recurrent import recurrent_call
        from numbapool.cuda.sequences import Form

        form, *forms = map(Form, parts[::2], parts[1::2])
        named = dict(zip(trained, forms, strict=True))
        return recurrent_call(form, kind, named, pick, rows, data_format)

    return by_weights(decide, (x, *trained.values()), asked)


def by_weights(decide: Decider, inputs: tuple[Any, ...], asked: Asked) -> Any:
    """Return the one result of an array and trained weights, wherever these lie."""
    if place_of(inputs[0]) is None:
        return one(decide, tuple(map(on_host, inputs)), asked)
    return run(decide, inputs, asked.out, asked.stream)[0]


def boxes_on_host(boxes: Any) -> Any:
    """Return boxes, or a list of boxes per image, in the host's memory."""
    return list(map(on_host, boxes)) if isinstance(boxes, list | tuple) else on_host(boxes)


def one(decide: Decider, inputs: tuple[Any, ...], asked: Asked) -> Any:
    """Return the one result of inputs of a device or of the host; None if the CPU is to pool."""
    results = several(decide, inputs, asked)
    return None if results is None else results[0]


def several(decide: Decider, inputs: tuple[Any, ...], asked: Asked) -> tuple[Any, ...] | None:
    """Return the results of inputs of a device or of the host; None if the CPU is to pool."""
    places = [place_of(x) for x in inputs]
    if places[0] is None:
        refuse_stream(asked)
        return None if asked.device == "auto" else host.whole(decide, inputs, asked.out)
    if None in places:
        kind = type(inputs[places.index(None)]).__name__
        raise PoolTypeError(f"x lies on {places[0]}, and the {kind} beside it must lie there too")
    return run(decide, inputs, asked.out, asked.stream)


def refuse_stream(asked: Asked) -> None:
    """Raise if a call with arrays of the host names a stream."""
    if asked.stream is not None:
        raise PoolTypeError("stream goes with arrays on a GPU, and x is in the CPU's memory")


def on_host(x: Any) -> Any:
    """Return an array in the host's memory: those of a device are copied, which waits for them."""
    if place_of(x) is None:
        return x
    doctor.require()
    from numbapool.cuda import arrays, memory

    held = arrays.adopt(x)
    work = held.stream or memory.LEGACY
    with memory.current(held.device):
        if not held.contiguous:
            held = held.kind.adopt(held.kind.contiguous(held.owner, work), work)
        return memory.read(held, work)


def run(decide: Decider, inputs: Sequence[Any], out: Any, stream: Any) -> tuple[Any, ...]:
    """Pool arrays on one device into `out`, or into new arrays of the first one's library.

    Raises
    ------
    PoolValueError, PoolTypeError, PoolDeviceError
        For arrays that are not pooled, or on several devices, for an `out` that does not fit, and
        if the device cannot be used.
    """
    try:
        doctor.require()
    except PoolDeviceError as error:
        x = inputs[0]
        raise PoolDeviceError(
            f"a {type(x).__name__} lies on {place_of(x)}, but {error}; or pass {to_host(x)}"
        ) from None
    from numbapool.cuda import arrays, memory

    asked = None if stream is None else memory.handle_of(stream)
    first = arrays.adopt(inputs[0], asked)
    doctor.require(first.device)
    work = asked or first.stream or memory.LEGACY
    with memory.current(first.device):
        held = [first, *[adopted(x, asked, work) for x in inputs[1:]]]
        refuse_other_devices(held, first.device)
        call = decide(*[part for each in held for part in (each.shape, each.dtype)])
        if out is None:
            made = [first.kind.empty(call.shape, dtype, first, work) for dtype in call.outs]
            fill(call, held, made, work)
            return tuple([first.kind.give_back(each, work) for each in made])
        given = out if isinstance(out, tuple) else (out,)
        targets = checked(given, call, held, asked)
        straight = [
            each if each.contiguous else first.kind.empty(each.shape, each.dtype, first, work)
            for each in targets
        ]
        fill(call, held, straight, work, targets)
        for target, result in zip(targets, straight, strict=True):
            if result is not target:  # its library copies, on its own stream
                other = target.stream or memory.LEGACY
                memory.wait(other, work)
                target.owner[:] = result.owner
                memory.wait(work, other)
    return given


def adopted(x: Any, stream: int | None, work: int) -> Adopted:
    """Return the memory of an array on a device; one of the host is sent to the current device."""
    from numbapool.cuda import arrays, memory

    if place_of(x) is not None:
        return arrays.adopt(x, stream)
    return arrays.INTERFACE.adopt(memory.sent(as_array(x), work), work)


def refuse_other_devices(held: Sequence[Adopted], device: int) -> None:
    """Raise if an array lies on another device than the first."""
    for each in held:
        if each.device != device:
            raise PoolValueError(
                f"the arrays lie on GPU {device} and GPU {each.device}: move them to one"
            )


def checked(
    given: Sequence[Any], call: DeviceCall, held: Sequence[Adopted], stream: int | None
) -> list[Adopted]:
    """Return the memory of the arrays of `out` if the results can be written there.

    Raises
    ------
    PoolTypeError, PoolValueError
        As on the CPU, and for arrays that do not lie on the device.
    """
    from numbapool.cuda import arrays

    targets = []
    for target in given:
        if place_of(target) is None:
            raise PoolTypeError(
                f"out must lie on the GPU, as x does: a {type(target).__name__} does not"
            )
        targets.append(arrays.adopt(target, stream))
    refuse_other_devices([*held, *targets], held[0].device)
    shadows = tuple([each.shadow() for each in targets])
    for each in held:
        checked_outs(shadows, call.shape, call.outs, each.shadow())
    return targets


def fill(
    call: DeviceCall,
    held: Sequence[Adopted],
    made: Sequence[Adopted],
    work: int,
    targets: Sequence[Adopted] = (),
) -> None:
    """Let a stream pool arrays into contiguous memory, after what other streams do with both."""
    from numbapool.cuda import memory

    for other in {each.stream or work for each in (*held, *made, *targets)} - {work}:
        memory.wait(work, other)
    if not prod(call.shape):
        return
    sources = [
        each if each.contiguous else each.kind.adopt(each.kind.contiguous(each.owner, work), work)
        for each in held
    ]
    flats = [memory.flat(each) for each in sources]
    outs = tuple([memory.flat(each) for each in made])

    owned = []

    def allocate(count: int, dtype: Any) -> Any:
        owned.append(held[0].kind.empty((count,), dtype, held[0], work))
        return memory.flat(owned[-1])

    call.into(flats[0] if len(flats) == 1 else tuple(flats), outs, work, allocate)
