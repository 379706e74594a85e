"""From a call with arrays on a GPU to its results there: the engine of CUDA devices.

Device arrays are pooled where they lie, on their library's stream, and come back as that library's
arrays; nothing waits for the result. Arrays of the host go there and back in chunks
(:mod:`numbapool.cuda.host`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from numbapool.arrays import Adopted, Device, place_of, to_host
from numbapool.cuda import doctor, host
from numbapool.cuda.host import Decider, decider
from numbapool.errors import PoolDeviceError, PoolTypeError, PoolValueError
from numbapool.run.call import checked_outs

if TYPE_CHECKING:
    from numbapool.cuda.call import DeviceCall


def pool(
    form: str, x: Any, key: tuple[Any, ...], out: Any, device: Device, stream: Any
) -> tuple[Any, ...] | None:
    """Pool an array by windows of a form; return None if the CPU is to do it after all.

    Raises
    ------
    PoolError
        As on the CPU, and if no GPU can be used.
    """
    if place_of(x) is None:
        if stream is not None:
            raise PoolTypeError("stream goes with arrays on a GPU, and x is in the CPU's memory")
        return host.pool(form, x, key, out, device)
    return run(decider(form, key), (x,), out, stream)


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
    held = [arrays.adopt(x, asked) for x in inputs]
    first = held[0]
    doctor.require(first.device)
    refuse_other_devices(held, first.device)
    work = asked or first.stream or memory.LEGACY
    with memory.current(first.device):
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
                target.owner[...] = result.owner
                memory.wait(work, other)
    return given


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

    for other in {each.stream for each in (*held, *made, *targets)}:
        if other is not None and other != work:
            memory.wait(work, other)
    if not prod(call.shape):
        return
    sources = [
        each if each.contiguous else each.kind.adopt(each.kind.contiguous(each.owner, work), work)
        for each in held
    ]
    flats = [memory.flat(each) for each in sources]
    outs = tuple([memory.flat(each) for each in made])
    call.into(flats[0] if len(flats) == 1 else tuple(flats), outs, work)
