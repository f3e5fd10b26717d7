"""A task gives back bytes, or a failure that whatever needs it passes on; it never raises."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr

from pipeline.errors import SourceError
from pipeline.model.clock import Clock
from pipeline.model.record import Hparams, Scalars
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.folds.envelope import EnvelopeFold
from pipeline.rendering.registry import make_plot
from pipeline.running.tasks import (
    Failure,
    Outcome,
    draw_summary,
    first_pass,
    fold_block,
    guarded,
    merge,
    merge_partials,
    only_partials,
    second_pass,
    without_partials,
)
from pipeline.slicing.blocks import Block
from pipeline.slicing.read import Slice
from pipeline.testing import drawn_in_parts, signal_of
from pipeline.writing import encode
from tests.common import block_of, through_pickle

VALUES = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
MATRICES = np.random.default_rng(1).normal(size=(60, 3, 4)).astype(np.float32)


def part_of(values: np.ndarray, start: int = 0, stop: int = 60) -> Slice:
    dims = ("time", "unit", "source")[: values.ndim]
    variable = xr.Variable(dims, values).isel(time=slice(start, stop))
    return Slice(variable, 0, Block(start, stop), Clock(60, 0.0, 1.0, "ms"), None)


def drawing(values: np.ndarray, **settings: Any) -> Drawing:
    signal = signal_of(values)
    return Drawing(make_plot({"size": (2, 2), **settings}).fit(signal), signal)


def as_written(records: list[Any]) -> bytes:
    return b"".join(bytes(encode(record)) for record in records)


SCALAR = drawing(VALUES, kind="trace", format="scalar")
SPARSE = drawing(VALUES, kind="trace", format="scalar", step=25)
CURVE = drawing(VALUES, kind="trace")
FRAMES = drawing(MATRICES, kind="heatmap", step=20)
VALUE = drawing(VALUES, kind="hparam")


def test_a_block_is_read_once_for_all_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(
        Slice, "read", lambda self, _read=Slice.read, **cache: reads.append(self) or _read(self, **cache)
    )
    part = part_of(VALUES)
    outcome = first_pass(part, [CURVE, VALUE], [SCALAR, SPARSE])
    assert reads == [part]
    assert len(outcome.partials) == 2
    second_pass(part_of(MATRICES), [(FRAMES, 0)], Outcome(partials=((-1.0, 1.0),)))
    assert len(reads) == 2


def test_what_is_drawn_at_once_is_encoded_in_the_order_asked_for() -> None:
    outcome = first_pass(part_of(VALUES), [], [SPARSE, SCALAR])
    block = block_of(VALUES)
    expected = [r for d in (SPARSE, SCALAR) for r in drawn_in_parts(d.plot, d.signal, block)]
    assert [(name, bytes(data)) for name, data in outcome.events] == [("scalars", as_written(expected))]
    assert all(isinstance(record, Scalars) for record in expected)
    assert outcome.hparams == {}


def test_summarised_merged_and_drawn_it_is_the_plot() -> None:
    outcomes = [first_pass(part_of(VALUES, start, start + 20), [CURVE, VALUE], []) for start in (0, 20, 40)]
    both = [CURVE, VALUE]
    a, b, c = (through_pickle(only_partials(outcome)) for outcome in outcomes)
    for index, each in enumerate(both):
        merged = merge_partials(both, [index], merge_partials(both, [0, 1], a, b), c)
        assert merged.partials[1 - index] is None  # it was not asked for
        found = draw_summary(each, index, each.steps, merged)
        records = drawn_in_parts(each.plot, each.signal, block_of(VALUES))
        if each is VALUE:
            assert found.events == ()
            assert isinstance(records[0], Hparams)
            assert found.hparams == pytest.approx(records[0].values)
        else:
            assert [(name, bytes(data)) for name, data in found.events] == [("images", as_written(records))]


def test_the_second_pass_draws_each_plot_with_its_own_summary() -> None:
    outcome = second_pass(part_of(MATRICES), [(FRAMES, 0), (FRAMES, 1)], Outcome(partials=((-1.0, 1.0), (-9.0, 9.0))))
    expected = [
        record
        for limits in ((-1.0, 1.0), (-9.0, 9.0))
        for record in FRAMES.records(range(0, 60, 20), block_of(MATRICES).every(20), limits)
    ]
    assert [(name, bytes(data)) for name, data in outcome.events] == [("images", as_written(expected))]


def test_a_block_without_a_kept_step_gives_nothing() -> None:
    part = part_of(MATRICES, 21, 39)
    assert first_pass(part, [FRAMES], []).partials == (None,)
    assert second_pass(part, [(FRAMES, 0)], Outcome(partials=((-1.0, 1.0),))) == Outcome()
    found = first_pass(part_of(MATRICES), [FRAMES], []).partials[0]
    assert merge(FRAMES, None, found) == found
    assert merge(FRAMES, found, None) == found
    assert merge(FRAMES, None, None) is None


def test_events_and_partials_go_their_own_ways() -> None:
    outcome = first_pass(part_of(VALUES), [CURVE], [SCALAR])
    alone = without_partials(outcome)
    assert alone.events == outcome.events
    assert alone.partials == ()
    assert only_partials(outcome) == Outcome(partials=outcome.partials)
    for protocol in (4, 5):
        assert pickle.loads(pickle.dumps(outcome, protocol)).events == outcome.events


@pytest.mark.parametrize("strip", [1, 100, 1 << 30])
def test_a_block_is_folded_strip_by_strip(strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fold, strips = CURVE.fold, []
    assert isinstance(fold, EnvelopeFold)
    of = EnvelopeFold.of
    monkeypatch.setattr(EnvelopeFold, "of", lambda self, part: strips.append(len(part.steps)) or of(self, part))
    found = fold_block(CURVE, block_of(VALUES), strip)
    assert sum(strips) == 60
    assert max(strips) == max(1, min(60, strip // 12))  # three values of four bytes a step
    for part, expected in zip(found, of(fold, block_of(VALUES)), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_event_bytes_are_not_copied_into_a_pickle() -> None:
    outcome = first_pass(part_of(VALUES), [], [SCALAR])
    apart: list[pickle.PickleBuffer] = []
    small = pickle.dumps(outcome, 5, buffer_callback=apart.append)
    ((_, data),) = outcome.events
    assert len(small) < 500 < len(data)
    assert [bytes(buffer) for buffer in apart] == [bytes(data)]
    assert pickle.loads(small, buffers=apart) == outcome


def fail(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SourceError("a.h5: x: cannot be read"), "a.h5: x: cannot be read"),
        (ValueError("wrong"), "ValueError: wrong"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (MemoryError("too large"), "MemoryError: too large"),
        (KeyError("x"), "KeyError: 'x'"),
        (OSError(5, "Input/output error"), "OSError: [Errno 5] Input/output error"),
        (AssertionError(), "AssertionError: "),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_becomes_a_failure_that_says_what_it_was(error: Exception, message: str) -> None:
    assert guarded(fail, error) == Failure(message, of_source=isinstance(error, SourceError))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_being_stopped_is_no_failure(stop: type[BaseException]) -> None:
    with pytest.raises(stop):
        guarded(fail, stop())


def test_a_failure_is_passed_on_and_nothing_is_tried() -> None:
    first, second = Failure("first"), Failure("second")
    assert guarded(lambda *_: pytest.fail("was tried"), 1, first, second) is first
    assert guarded(max, 3, 4) == 4
    assert through_pickle(first) == first


def test_what_is_wrong_with_the_data_is_a_failure_of_the_task() -> None:
    words = xr.Variable(("time", "unit"), np.full((4, 3), "text"))
    part = Slice(words, 0, Block(0, 4), Clock(4), None)
    assert isinstance(guarded(first_pass, part, [CURVE], []), Failure)
    assert isinstance(guarded(second_pass, part_of(MATRICES), [(FRAMES, 0)], Failure("no limits")), Failure)
