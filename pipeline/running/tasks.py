"""Tasks of workers: read a block once, fold or draw it, and give back finished bytes.

Nothing here raises for what is wrong with the data: a task gives back a `Failure`, and whatever needs its result does
too, so that one broken variable does not stop the others.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from pickle import PickleBuffer
from typing import Any, SupportsIndex

from pipeline.errors import PipelineError, SourceError
from pipeline.model.block import DenseBlock, EventBlock
from pipeline.model.record import Hparams, Record
from pipeline.rendering.drawing import Drawing
from pipeline.slicing.budget import STRIP_BYTES
from pipeline.slicing.events import EventSlice
from pipeline.slicing.read import Slice
from pipeline.writing import encode, file_kind

__all__ = [
    "Failure",
    "Outcome",
    "draw_summary",
    "first_pass",
    "fold_block",
    "guarded",
    "joined",
    "merge",
    "merge_partials",
    "only_partials",
    "second_pass",
    "without_partials",
]


@dataclass(frozen=True)
class Outcome:
    """The result of a task.

    Attributes
    ----------
    events : tuple of (str, bytes)
        Framed, by event file.
    hparams : dict
    partials : tuple
        Still to be merged, one a summarised plot; None where there is nothing.
    notes : tuple of str
        What a user should know.
    """

    events: tuple[tuple[str, bytes | bytearray | memoryview], ...] = ()
    hparams: dict[str, bool | float | str] = field(default_factory=dict)
    partials: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Pickle it so that its event bytes need not be copied (PEP 574)."""
        events = (
            self.events
            if operator.index(protocol) < 5
            else tuple((kind, PickleBuffer(data)) for kind, data in self.events)
        )
        return Outcome, (events, self.hparams, self.partials, self.notes)


@dataclass(frozen=True)
class Failure:
    """The result of a task that cannot do its work; the tasks that depend on it give it back too.

    Attributes
    ----------
    message : str
    of_source : bool
        Whether the values cannot be read, so that no plot of them can be drawn.
    """

    message: str
    of_source: bool = False


def guarded(function: Callable[..., Any], *args: Any) -> Any:
    """Run `function`, turning an error in the data into a `Failure`, and passing one on."""
    for arg in args:
        if isinstance(arg, Failure):
            return arg
    try:
        return function(*args)
    except PipelineError as error:
        return Failure(str(error), isinstance(error, SourceError))
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}")


def first_pass(part: Slice | EventSlice, summarised: Sequence[Drawing], drawn: Sequence[Drawing]) -> Outcome:
    """Read a block once; fold it for some plots, draw it for others, which need a value at a step."""
    block = part.read(cache=True)
    partials = tuple(fold_block(drawing, block) for drawing in summarised)
    if isinstance(block, EventBlock):
        return Outcome(partials=partials)
    return replace(_encoded(record for drawing in drawn for record in _drawn(drawing, block, None)), partials=partials)


def fold_block(drawing: Drawing, block: DenseBlock | EventBlock, strip: int = STRIP_BYTES) -> Any:
    """Return a drawing's partial of a block; None where it needs no step of it.

    Parameters
    ----------
    strip : int
        Bytes of values that are folded at a time.
    """
    fold, rows = drawing.fold, drawing.needs.summary
    assert fold is not None
    assert rows is not None
    block = block.every(rows.step)
    return reduce(fold.merge, map(fold.of, block.strips(strip))) if len(block) else None


def second_pass(part: Slice, drawings: Sequence[tuple[Drawing, int]], merged: Outcome) -> Outcome:
    """Read a block again and draw it, now that all was summarised; a drawing comes with the number of its summary."""
    block = part.read()
    return _encoded(record for drawing, at in drawings for record in _drawn(drawing, block, merged.partials[at]))


def _drawn(drawing: Drawing, block: DenseBlock, summary: Any) -> Iterator[Record]:
    rows = drawing.needs.rows
    assert rows is not None
    block = block.every(rows.step)
    if not len(block.steps):
        return iter(())
    steps = range(int(block.steps[0]), int(block.steps[-1]) + 1, rows.step)
    return drawing.records(steps, block, summary)


def draw_summary(drawing: Drawing, number: int, steps: range, merged: Outcome) -> Outcome:
    """Draw steps of a plot from their summary, whose number is given."""
    return _encoded(drawing.records(steps, None, merged.partials[number]))


def _encoded(records: Iterable[Record]) -> Outcome:
    events: list[tuple[str, bytes | bytearray]] = []
    hparams: dict[str, bool | float | str] = {}
    for record in records:
        if isinstance(record, Hparams):
            hparams |= record.values
        else:
            events.append((file_kind(record), encode(record)))
    return joined([Outcome(tuple(events), hparams)])


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the events, each file's in their order, and the hyperparameters of several outcomes as those of one."""
    events: dict[str, list[Any]] = {}
    hparams: dict[str, bool | float | str] = {}
    for outcome in outcomes:
        hparams |= outcome.hparams
        for kind, part in outcome.events:
            events.setdefault(kind, []).append(part)
    each = ((kind, parts[0] if len(parts) == 1 else b"".join(parts)) for kind, parts in events.items())
    return Outcome(tuple(each), hparams)


def merge(drawing: Drawing, a: Any, b: Any) -> Any:
    """Join the partials of two neighbouring stretches of time; None where there was nothing."""
    if a is None or b is None:
        return b if a is None else a
    fold = drawing.fold
    assert fold is not None
    return fold.merge(a, b)


def merge_partials(drawings: Sequence[Drawing], wanted: Sequence[int], *outcomes: Outcome) -> Outcome:
    """Join the partials of neighbouring stretches of time, of those plots that are wanted, by their number."""
    columns = zip(*(outcome.partials for outcome in outcomes), strict=True)
    joined = (
        reduce(partial(merge, drawing), found) if number in wanted else None
        for number, (drawing, found) in enumerate(zip(drawings, columns, strict=True))
    )
    return Outcome(partials=tuple(joined))


def only_partials(outcome: Outcome, wanted: Sequence[int] | None = None) -> Outcome:
    """Return the partials, so that what merges them does not fetch the events too; only those wanted, if any are named.

    Parameters
    ----------
    wanted : sequence of int, optional
        Numbers of partials; the others become None.
    """
    kept = (found if wanted is None or at in wanted else None for at, found in enumerate(outcome.partials))
    return Outcome(partials=tuple(kept))


def without_partials(outcome: Outcome) -> Outcome:
    """Return the events, so that the writer does not fetch the partials too."""
    return replace(outcome, partials=())
