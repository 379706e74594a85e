"""Where an image's levels are put: beside level 0, or in a new group with a copy of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from numbapool.errors import PoolValueError, shown
from numbapool.stores import groups
from numbapool.stores.climb import Floor, Sizes
from numbapool.stores.groups import HALF_MADE, Found
from numbapool.stores.ngff import VERSIONS, Dict, attributes_of, image_of, with_levels
from numbapool.stores.opened import Layout, Marks, Source, Target, is_zarr


class Home:
    """The group that levels are put into."""

    def __init__(
        self, found: Found, target: Any, version: str | None, overwrite: bool, resume: bool
    ) -> None:
        self.found, self.place = found, target
        self.overwrite, self.resume = overwrite, resume
        self.is_new = target is not None
        self.version = version or found.image.version
        self.group: Any = None
        self.gathered = False
        if self.version not in VERSIONS:
            raise PoolValueError(f"ngff must be {' or '.join(VERSIONS)}, not {shown(version)}")
        if self.is_new:
            self._refuse_same()
            return
        if found.group is None:
            raise PoolValueError(
                "the array lies in no group, so its levels have no place beside it: give a target"
            )
        if self.version != found.image.version:
            raise PoolValueError(
                f"the image is of OME-NGFF {found.image.version}, and its levels go beside it: "
                f"for {self.version} give a target"
            )

    def _refuse_same(self) -> None:
        """Raise if the new group would lie where the image lies."""
        array = self.found.base.array
        root = getattr(array.store, "root", None) if is_zarr(array) else None
        if isinstance(root, Path) and isinstance(self.place, str | Path):
            new, old = Path(self.place).resolve(), root.resolve()
            if new in (old, *old.parents) or old in new.parents:
                raise PoolValueError(f"the target {self.place} is the source, or lies in it")

    def paths(self, count: int) -> list[str]:
        """Return the paths of level 0 and of `count` more."""
        base = self.found.image.path
        head, number = re.fullmatch(r"(.*?)(\d*)", base, re.DOTALL).groups()  # type: ignore[union-attr]
        if not number:
            head, number = f"{base}-", "0"
        return [base, *(f"{head}{int(number) + n}" for n in range(1, count + 1))]

    def look(self, floors: list[Floor]) -> None:
        """Raise if there are levels already that are to stay."""
        if self.is_new or self.resume or self.overwrite:
            return
        there = self._there(floors)
        if there:
            raise PoolValueError(
                f"there is a level {', '.join(there)} already: give overwrite=True to make the "
                "levels anew, or resume=True if they are half made"
            )

    def _there(self, floors: list[Floor]) -> list[str]:
        """Return the levels that are there already."""
        listed = [str(each["path"]) for each in self.found.image.multiscale["datasets"][1:]]
        own = [floor.path for floor in floors[1:] if floor.path not in listed]
        return [*listed, *(path for path in own if path in self.found.group)]

    def open(self, floors: list[Floor]) -> None:
        """Open the group, or make it; remove what is to be made anew."""
        if self.is_new:
            self.group = groups.made_group(self.place, self.version, self.overwrite, self.resume)
            return
        self.group = groups.writable(self.found.group)
        self.gathered = groups.is_gathered(self.group)
        image = self.found.image
        bare = {**image.multiscale, "datasets": image.multiscale["datasets"][:1]}
        if image_of(self.group.attrs) is None:  # a run that goes on has to find level 0
            self._put([bare])
        if self.resume:
            return
        groups.removed(self.group, HALF_MADE)
        there = self._there(floors)
        if len(image.multiscale["datasets"]) > 1:
            self._put([bare, *image.others])
        for path in there:
            groups.removed(self.group, path)

    @property
    def marks(self) -> Marks:
        """The marks of what is finished."""
        return Marks(self.group)

    def make(self, floors: list[Floor], block: Sizes) -> None:
        """Make the arrays of all levels, and those where parts of chunks wait."""
        for number, floor in enumerate(floors):
            if floor.written:
                floor.target = self._target(floor.path, floor, floor.layout)
            if floor.waits(block):
                parts = Layout(floor.part(block))
                floor.stage = self._target(f"{HALF_MADE}/{number}", floor, parts)

    def _target(self, path: str, floor: Floor, layout: Layout) -> Target:
        """Return a new array of a level's shape, or that of an earlier run."""
        base = self.found.base
        array = self.group[path] if self.resume and path in self.group else None
        if array is None:
            more = {"fill_value": fill_of(floor, base), "dimension_names": self.found.image.names}
            array = groups.made_level(self.group, path, floor, base.array, layout, more)
        return Target(array, floor.shape, floor.dtype, base.array, layout, True)

    def finish(self, floors: list[Floor], op: str, method: Dict) -> None:
        """Write the metadata, and then remove the marks."""
        groups.removed(self.group, HALF_MADE)
        image = self.found.image
        paths, totals = [each.path for each in floors[1:]], [each.total for each in floors[1:]]
        others = [] if self.is_new else image.others
        self._put([with_levels(image, paths, totals, op, method), *others])
        self.marks.clear()

    def _put(self, multiscales: list[Dict]) -> None:
        source = self.found.group if self.is_new else self.group
        held = {} if source is None else dict(source.attrs)
        attributes = attributes_of(held, self.version, multiscales)
        groups.put_attributes(self.group, attributes, self.gathered)


def fill_of(floor: Floor, base: Source) -> Any:
    """Return what a level has where no chunk is stored: what level 0 has there, if it can."""
    fill = getattr(base.array, "fill_value", None)
    return 0 if fill is None or floor.dtype != base.dtype else fill
