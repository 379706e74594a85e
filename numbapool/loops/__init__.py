"""Loops over raw memory, which Numba compiles. They read a plan's numbers and pool by a reducer.

The terms that they use:

- a *tap* is one element that a window looks at;
- an *accumulator* holds the result so far: one number in each of one to three lanes;
- a *lane* is an array in the scratch that holds one number of each accumulator;
- a *row* is the elements of the last pooled axis, with all their channels;
- a *strip* is several rows of accumulators that are worked on together;
- a *tile* is a part of a row of results, small enough for its work to stay in a cache;
- a *run* is elements that lie side by side in memory and are pooled alike;
- a *piece* is the smallest share of work that a thread gets: a tile of a row of results, a run,
  or a tile of a block of rows, as the plan says;
- a *block* is the pieces that one thread does one after the other, with scratch of its own; in
  `running` a block is also as many rows as a window is high;
- a *place* is an element's number within its plane, which max pooling may return;
- a *border* is a window with a size of its own, at an end of an axis; the others are *inner*;
- the *weight* of a window is the divisor of its mean; the weight of a tap or of a row is its
  factor in a weighted sum.

Sequences add these terms:

- a *span* is all rows of one sequence, which are folded into one row of results; it consists of
  runs, and here a run is rows that follow one another at a fixed step;
- a *unit* is a tile of the channels of one sequence; it counts as one piece per row of the
  sequence and one more;
- a *head* is a group of neighbouring channels that have the same weights;
- a *peak* is the largest score of a head, which its softmax subtracts from each score;
- a *shift* is the number that a channel's deviations are measured from.

`windowed` defines, in the plainest way, the results of all other loops. `rows` and `columns` serve
small windows, `running` large windows that overlap, `moments` variances of windows that slide,
`folded` wide windows that hardly overlap, and `direct` and `thinned` windows of a few elements.
`select` serves reducers that need all elements of a window at once, `ranks` with `networks` medians
and percentiles of small windows, `histograms` medians, percentiles and modes of large windows of
one byte, `tiles` and `tile_modes` those of wider numbers, `weighted` windows whose taps have
weights, `footprints` windows that take some elements of a rectangle, and `placed` windows that
begin at other places in each plane. `spans` and its neighbours serve sequences, `boxes` the bins of
boxes, `gates` recurrent layers. `plain` holds the kernels that users import.
"""
