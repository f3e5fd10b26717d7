"""The time axis of datasets that no layout explains, by what the file tells, in order of trust.

1. a dimension label or scale that is named like time or has units of time; attributes that say when a dataset starts
   and how fast it was sampled;
2. the one unlimited axis;
3. a 1-D dataset in the same group that is named like time and has the length of one axis;
4. the length of a clock in a group around it, which the longest axis has, or of time axes that were told of other
   datasets, which the caller is warned of;
5. axis 0, which the caller is warned of. A square array of which nothing tells has no time.

A clock belongs to a dataset by a scale, or because it lies in the same group or one around it and has its length. The
same length alone is no evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import h5py

from pipeline.opening.hdf5.lazy_array import field_type
from pipeline.opening.layouts.clocks import Clocks, is_clock, is_empty_scale, means_time, own_clocks, unit_in_name
from pipeline.opening.layouts.columns import NO_TIMES, columns, is_table
from pipeline.opening.layouts.contents import COMPOUND, TEXT, readable
from pipeline.opening.layouts.names import event_lists, is_index, labels_beside, long_forms, texts
from pipeline.opening.layouts.protocol import EventList, Stored, Times
from pipeline.opening.layouts.sampling import sampling

__all__ = ["Arranged", "arranged", "is_square", "known_only", "square_note"]

#: The dimension scales of each axis, with their full names.
Scales = list[list[tuple[str, h5py.Dataset]]]
_OTHER_DIMS = {0: (), 1: ("unit",), 2: ("row", "column")}


@dataclass(frozen=True)
class Arranged:
    """Datasets with their time axes; what is no series, with the reason; and what a user should know."""

    stored: list[Stored]
    left_out: dict[str, str]
    notes: list[str]
    events: list[EventList] = field(default_factory=list)


@dataclass(frozen=True)
class _Axis:
    """The time axis of a dataset, how it is known; whether so weakly that one warns, so surely that ids have it too."""

    axis: int | None = None
    why: str = ""
    guessed: bool = False
    times: Times | None = None
    sure: bool = False


def arranged(
    file: h5py.File, numbers: Mapping[str, h5py.Dataset], left_out: Mapping[str, str], *, guess: bool = True
) -> Arranged:
    """Find the time axis and the clock of each dataset, and what is a list of events, an index or a label.

    Parameters
    ----------
    file : h5py.File
    numbers : mapping of str to h5py.Dataset
        Numeric datasets by their full names.
    left_out : mapping of str to str
        Why others are left out; tables and texts that are of use are no longer so in what is returned.
    guess : bool
        Whether an axis is taken for time by lengths or by position; if not, such a dataset has no time.
    """
    notes: list[str] = []
    left_out = dict(left_out)
    events = event_lists(numbers)
    long, of_records = long_forms(numbers, {name for told in events for name in (*told.times, told.units)})
    of_events = of_records | {f"{name}_index" for told in events if told.ends for name in told.times}
    of_events |= {name for told in events for name in (*told.times, told.units) if name}
    found = {name: item for name, item in numbers.items() if name not in of_events}
    known = {name: file[name] for name, why in left_out.items() if why == TEXT and name in file}
    own = own_clocks(found)
    sizes = {name: max(item.shape) for name, item in found.items() if is_clock(name, item) or name in own.values()}
    clocks = Clocks(sizes, own)
    left_out |= {name: "labels of a dimension" for name, item in found.items() if _is_labels(name, item, clocks)}
    drawn = {name: item for name, item in found.items() if name not in clocks.sizes and name not in left_out}
    named = {_address(item): name for name, item in (*numbers.items(), *known.items())}
    scales = {name: _scales(item, named) for name, item in drawn.items()}
    told = {name: _told_axis(name, item, scales[name], clocks) for name, item in drawn.items()}
    for name in [
        name for name, one in told.items() if not one.sure and is_index(name, drawn[name].shape, drawn[name].dtype)
    ]:
        left_out[name] = _IDS
        del drawn[name], told[name]
    lengths = {drawn[name].shape[one.axis] for name, one in told.items() if one.axis is not None}
    stored = [*long]
    for name, item in drawn.items():
        one = told[name]
        if one.guessed and not guess:
            one = _Axis()
        if one.axis is None and item.ndim > 0 and guess:
            one = _likely_axis(name, item, scales[name], clocks, lengths)
        times = one.times or _clock_of(name, item, one.axis, scales[name], clocks, notes)
        label = next((text for axis in scales[name] for text in _texts_of(axis)), None)
        label = label or labels_beside(name, item, one.axis, known)
        labels = texts(file[label]) if label else ()
        if label and labels:
            left_out.pop(label, None)
        stored.append(
            Stored(name, _dims(item, one.axis, scales[name]), times, one.guessed, labels=labels, why=_words(one, times))
        )
    tables, more = _tables(file, left_out)
    stored, events = [*stored, *tables], [*events, *more]
    used = {item.times.dataset for item in stored if item.times}
    stored += [Stored(name, _clock_dims(found[name])) for name in clocks.sizes if name not in used]
    return Arranged(stored, left_out, notes, events)


def _tables(file: h5py.File, left_out: dict[str, str]) -> tuple[list[Stored], list[EventList]]:
    """Return the columns of tables, or a list of events where they are times and ids; both are no longer left out."""
    stored: list[Stored] = []
    events: list[EventList] = []
    for name in [name for name, why in left_out.items() if why == COMPOUND and name in file]:
        if not is_table(file[name]):
            continue
        taken = columns(name, file[name])
        types = {item.path: field_type(file[name], item.field) for item in taken}
        ids = {path: _IDS for path, (dtype, shape) in types.items() if is_index(path, shape, dtype)}
        series = [item for item in taken if item.path not in ids]
        clock = taken[0].times if taken else None
        if not taken:
            left_out[name] = NO_TIMES
            continue
        del left_out[name]
        if ids and not series and clock is not None:  # times, and whose
            whose = taken[0].field
            events.append(EventList(name, (name,), clock.unit, name, field=clock.field, units_field=whose))
        else:
            stored += series
            left_out |= ids
    return stored, events


def known_only(file: h5py.File, numbers: Mapping[str, h5py.Dataset], left_out: Mapping[str, str]) -> Arranged:
    """Return what `arranged` does, but leave out what it would guess: in a known layout, what runs in time says so."""
    with_guesses = arranged(file, numbers, left_out)
    guessed = {item.path: "nothing tells that it runs in time" for item in with_guesses.stored if item.guessed}
    stored = [item for item in with_guesses.stored if not item.guessed]
    return replace(with_guesses, stored=stored, left_out=with_guesses.left_out | guessed)


_IDS = "ids or an index"
_SQUARE = "a square array of which nothing tells which axis is time"


def is_square(item: Stored) -> bool:
    """Whether a dataset has no time because nothing tells which of its axes it is."""
    return item.why == _SQUARE


def square_note(item: Stored) -> str:
    """Return what a user should know of such a dataset."""
    return f"{item.path[1:]}: {_SQUARE}; --time-axis {item.path.rpartition('/')[2]}=0 says that it is the first"


def _likely_axis(name: str, item: h5py.Dataset, scales: Scales, clocks: Clocks, lengths: set[int]) -> _Axis:
    """Return the time axis by lengths alone, or by position; an axis that the file names otherwise is none."""
    unnamed = [axis for axis in range(item.ndim) if not scales[axis] and not item.dims[axis].label]
    around = clocks.around(name) & {max(item.shape)}
    alike = [axis for axis in unnamed if item.shape[axis] in around | lengths]
    if not alike and (lengths or not unnamed):
        return _Axis()
    if len(alike) == 1:
        sure = item.shape[alike[0]] in around
        words = "times in a group around it have its length" if sure else "a guess: other variables have this length"
        return _Axis(alike[0], words, not sure)
    if item.ndim == 2 and item.shape[0] == item.shape[1] > 1 and not alike:
        return _Axis(None, _SQUARE)
    return _Axis((alike or unnamed)[0], "a guess: the first axis that it may be", True)


def _clock_of(
    name: str,
    item: h5py.Dataset,
    axis: int | None,
    scales: Scales,
    clocks: Clocks,
    notes: list[str],
) -> Times | None:
    if axis is None:
        return None
    attached = [named for named, _ in scales[axis] if named in clocks.sizes]
    clock = next(iter(attached), None) or clocks.own.get(name) or clocks.nearest(name, item.shape[axis])
    if clock is None and (near := clocks.almost(name, item.shape[axis])):
        size, steps = clocks.sizes[near], item.shape[axis]
        notes.append(f"{name[1:]}: {near[1:]} has {size:,} times for {steps:,} steps; steps are counted instead")
    return None if clock is None else _times(clock)


def _times(clock: str) -> Times:
    return Times(clock, unit=unit_in_name(clock))


def _words(one: _Axis, times: Times | None) -> str:
    """Return how it is known where time is, and where the times are from."""
    if one.axis is None or times is None or times.dataset is None or times.dataset[1:] in one.why:
        return one.why
    return f"{one.why}; times in {times.dataset[1:]}"


def _is_labels(name: str, item: h5py.Dataset, clocks: Clocks) -> bool:
    return name not in clocks.sizes and item.ndim == 1 and bool(h5py.h5ds.is_scale(item.id))


def _address(dataset: h5py.Dataset) -> tuple[int, int]:
    info = h5py.h5o.get_info(dataset.id)
    return int(info.fileno), int(info.addr)


def _scales(dataset: h5py.Dataset, named: Mapping[tuple[int, int], str]) -> Scales:
    """Return the dimension scales of each axis with their names; of one that was not listed HDF5 searches for it."""
    found = [dataset.dims[axis].values() for axis in range(dataset.ndim)]
    return [[(named.get(_address(scale)) or readable(scale.name or ""), scale) for scale in axis] for axis in found]


def _texts_of(scales: Sequence[tuple[str, h5py.Dataset]]) -> list[str]:
    """Return the scales of an axis that are texts."""
    return [name for name, scale in scales if name and h5py.check_string_dtype(scale.dtype) is not None]


def _told_axis(name: str, dataset: h5py.Dataset, scales: Scales, clocks: Clocks) -> _Axis:
    """Return the axis that the file itself says is time, if it does."""
    for axis in range(dataset.ndim):
        label = dataset.dims[axis].label
        if label and means_time(label):
            return _Axis(axis, f"axis {axis} is labelled {label}", sure=True)
        for named, scale in scales[axis]:
            if is_clock(named, scale) or is_empty_scale(scale) and means_time(named):
                return _Axis(axis, f"axis {axis} has the scale {named[1:]}", sure=True)
    unlimited = [axis for axis, size in enumerate(dataset.maxshape) if size is None]
    if dataset.ndim and (sampled := sampling(dataset)):
        axis = unlimited[0] if len(unlimited) == 1 else max(range(dataset.ndim), key=dataset.shape.__getitem__)
        return _Axis(axis, f"its attributes {sampled[1]}", dataset.ndim > 1 and len(unlimited) != 1, sampled[0])
    if len(unlimited) == 1:
        return _Axis(unlimited[0], f"axis {unlimited[0]} grows")
    if name in clocks.own:
        axis = dataset.shape.index(clocks.sizes[clocks.own[name]])
        return _Axis(axis, f"{clocks.own[name][1:]} is named after it", times=_times(clocks.own[name]))
    alike = [axis for axis, size in enumerate(dataset.shape) if size in clocks.beside(name)]
    if len(alike) != 1:
        return _Axis()
    axis = alike[0]
    beside = clocks.beside(name)[dataset.shape[axis]]
    # as many times as there are units, perhaps
    return _Axis(axis, f"{beside[1:]} beside it has its length", axis > 0 and dataset.shape[axis] < max(dataset.shape))


def _dims(dataset: h5py.Dataset, time: int | None, scales: Scales) -> tuple[str, ...]:
    """Return the names of the dimensions: ``time``, those that the file tells, else ours."""
    ours = iter(_other_dims(dataset.ndim, time))
    told = [_told_name(dataset, axis, scales) for axis in range(dataset.ndim)]
    names = ["time" if axis == time else name or next(ours) for axis, name in enumerate(told)]
    return tuple(names) if len(set(names)) == len(names) else _plain_dims(dataset.ndim, time)


def _told_name(dataset: h5py.Dataset, axis: int, scales: Scales) -> str:
    scale = next((named.rsplit("/", 1)[-1] for named, _ in scales[axis] if named), "")
    name = str(dataset.dims[axis].label or scale)
    return "" if means_time(name) or "/" in name else name


def _other_dims(ndim: int, time: int | None) -> tuple[str, ...]:
    """Return our names for the dimensions that are not time."""
    rest = ndim - (time is not None)
    return _OTHER_DIMS.get(rest) or tuple(f"axis_{axis}" for axis in range(rest))


def _plain_dims(ndim: int, time: int | None) -> tuple[str, ...]:
    others = list(_other_dims(ndim, time))
    if time is not None:
        others.insert(time, "time")
    return tuple(others)


def _clock_dims(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Return the dimensions of a clock that no dataset goes by."""
    return ("time",) if dataset.ndim == 1 else _plain_dims(2, int(dataset.shape[1] > 1))
