"""Loops over raw memory, which Numba compiles: they read a plan's numbers and pool by a reducer.

The terms that they use:

- a *tap* is one element that a window looks at;
- a *lane* is an array of accumulators in the scratch; an accumulator is a number from each of one
  to three lanes;
- a *row* is the elements of the last pooled axis, with all their channels;
- a *strip* is several rows of accumulators that are worked on together;
- a *tile* is a part of a row of results, small enough for its work to stay in a cache;
- a *run* is elements that lie side by side in memory and are pooled alike;
- a *piece* is the least work that a thread is given: a tile of a row of results, a run, or a tile
  of a block of rows, as the plan has it;
- a *block* is the pieces that one thread does one after the other, with scratch of its own; in
  `running` it is also as many rows as a window is high;
- a *place* is an element's number within its plane, which max pooling may return;
- a *border* is a window with a size of its own, at an end of an axis; the others are *inner*;
- the *weight* of a window is what a mean divides by.

`windowed` says in the plainest way what all give. `rows` and `columns` serve small windows,
`running` large ones that overlap, `folded` wide ones that hardly overlap, `direct` and `thinned`
windows of a few elements, `select` what needs a window's elements together,
`weighted` windows whose taps have weights,
`placed` windows that begin at other places in each plane. `plain` holds the
kernels that users import.
"""
