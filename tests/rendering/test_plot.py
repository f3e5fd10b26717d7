"""What every kind of plot must do, whichever it is: a new one is tested here by being in `PLOTS`."""

from __future__ import annotations

import importlib
import inspect
import math
import pickle
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pipeline.rendering
from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.picture import axes
from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import PLOTS, make_plot
from pipeline.testing import columns_of, drawn_in_parts, points_by_tag, signal_of, summary_of
from tests.common import block_of, through_pickle

pytestmark = pytest.mark.slow

#: Settings that change how a kind folds over time, by kind and format, beside those that every kind is tried with.
VARIANTS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("heatmap", "image"): [
        {"limits": "all", "step": 4},
        {"limits": "frame", "step": 10},
        {"limits": (-1, 2), "step": 5},
        {"symmetric": True, "cmap": "magma"},
        {"limits": ("10 %", "90 %"), "step": 2},
    ],
    ("histogram", "histogram"): [
        {"limits": "all", "step": 4},
        {"limits": "frame", "step": 10},
        {"limits": (-1, 2), "step": 5, "bins": 7},
        {"limits": ("5 %", "95 %"), "step": 1},
    ],
    ("band", "scalar"): [{"points": 8}, {"points": 9, "step": 3, "between": ("10 %", "90 %")}, {"between": "25%,75%"}],
    ("band", "image"): [{"between": ("10 %", "90 %"), "step": 2}],
    ("histogram", "image"): [{"limits": "frame", "bins": 1000}],
    ("raster", "image"): [{"window": 10}, {"window": "7 ms", "events": [3, 30]}, {"line_size": 0.3}],
    ("rate", "scalar"): [{"bin": 7}, {"bin": "3 ms", "by_unit": True}],
    ("trace", "image"): [{"units": [2, 0], "step": 2}, {"together": True}],
    ("trace", "scalar"): [{"points": 8}, {"points": 9, "step": 3}, {"units": [2, 0]}, {"points": 2, "units": [1]}],
}

SHAPES: list[tuple[tuple[int, ...], bool]] = [
    ((), False),
    ((1,), True),
    ((31,), True),
    ((41,), False),
    ((41, 3), True),
    ((1, 3), True),
    ((23, 1), True),
    ((7, 5), False),
    ((300, 3), True),  # more steps than a small picture has columns
    ((8, 130), True),  # more units than it has lines
    ((31, 4, 3), True),
    ((1, 4, 3), True),
    ((3, 4, 5), False),
    ((2, 3, 4, 5), False),
    ((12, 3, 4, 3), True),
    ((5, 3, 3, 4), True),
    ((30, 4, 3, 3), True),
]

DTYPES = ["?", "u2", "i8", "f2", "f8"]


@pytest.fixture(scope="module", autouse=True)
def all_frames_are_kept() -> Iterator[None]:
    """Draw no frame twice: the same small ones are asked for again and again here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(axes, "_frame", lru_cache(maxsize=None)(axes._frame.__wrapped__))
        yield


def given(cls: Any) -> list[dict[str, Any]]:
    """Return the settings that a kind is tried with; pictures are small."""
    names = {field.name for field in fields(cls)}
    common: dict[str, Any] = {"size": (2, 1.5)} if "size" in names else {}
    steps: list[dict[str, Any]] = [{"step": 1}, {"step": 3}] if "step" in names else [{}]
    return [common | variant for variant in steps + VARIANTS.get((cls.kind, cls.format), [])]


TRIED = [pytest.param(cls, settings, id=f"{cls.__name__}-{settings}") for cls in PLOTS for settings in given(cls)]

every_kind = pytest.mark.parametrize("cls", PLOTS, ids=lambda cls: cls.__name__)
every_variant = pytest.mark.parametrize(("cls", "settings"), TRIED)


def sample(shape: tuple[int, ...], dtype: str = "f4", seed: int = 0, *, gaps: bool = True) -> np.ndarray:
    """Return values whose sums are exact, so that only a wrong program depends on the order of adding them."""
    rng = np.random.default_rng(seed)
    values = np.asarray(rng.integers(-30, 30, shape) / 4)
    if np.dtype(dtype).kind in "u?":
        values = np.abs(values)
    values = np.asarray(values > 4 if dtype == "?" else values.astype(dtype))
    if gaps and values.dtype.kind == "f" and values.size > 8:
        flat = values.reshape(-1)
        flat[rng.choice(flat.size, flat.size // 8, replace=False)] = np.nan
        flat[rng.choice(flat.size, flat.size // 20 + 1, replace=False)] = np.inf
        flat[rng.choice(flat.size, flat.size // 20 + 1, replace=False)] = -np.inf
    values.setflags(write=False)
    return values


def type_of(cls: Any) -> str:
    """Return the type of what a kind is tried with."""
    return {"frames": "u1"}.get(cls.kind, "f4")


def suited(plot: Plot, values: np.ndarray) -> np.ndarray:
    """Return values as a kind draws them: spikes are 0 and 1, and colours bytes."""
    if plot.kind in ("raster", "rate") and values.dtype.kind == "f":
        return (values > 4).astype(values.dtype)
    if plot.kind == "frames":
        return np.nan_to_num(np.abs(values.astype("f8")), posinf=200, neginf=0).clip(0, 255).astype("u1")
    return values


def described(values: np.ndarray, time: bool) -> tuple[Signal, DenseBlock]:
    """Return an array as a variable, and as a block that was read."""
    return signal_of(values, time=time), block_of(values if values.ndim else values[None])


def accepted(
    cls: Any, settings: dict[str, Any], *, least: int = 0, most: int = 10**9
) -> list[tuple[Plot, tuple[int, ...], bool]]:
    """Return for each shape that a kind accepts the kind as checked, the shape, and whether it runs in time."""
    found = []
    for shape, time in SHAPES:
        try:
            plot = cls(**settings).fit(signal_of(np.zeros(shape, type_of(cls)), time=time))
        except SettingError:
            continue
        if least <= math.prod(shape) <= most:
            found.append((plot, shape, time))
    assert found
    return found


def in_order(records: list[Any]) -> None:
    """Assert that steps of a tag rise."""
    for points in points_by_tag(records).values():
        steps = [step for step, *_ in points]
        assert steps == sorted(set(steps))


def same(found: list[Any], expected: list[Any]) -> None:
    """Assert that the same was drawn: pictures and points to the byte, statistics but for rounding."""
    assert points_by_tag(found) == points_by_tag(expected)
    columns = columns_of(expected)
    rounding = 1e-12 * max((abs(float(value)) for value in columns.values() if math.isfinite(value)), default=0)
    assert columns_of(found) == pytest.approx(columns, rel=1e-12, abs=rounding, nan_ok=True)


# The class ------------------------------------------------------------------------------------------------------------


@every_variant
def test_it_is_frozen_hashable_and_small_to_pickle(cls: Any, settings: dict[str, Any]) -> None:
    one, other = cls(**settings), cls(**settings)
    assert is_dataclass(one)
    assert one == other
    assert hash(one) == hash(other)
    for field in fields(one):
        with pytest.raises(FrozenInstanceError):
            setattr(one, field.name, None)
    assert through_pickle(one) == one
    assert len(pickle.dumps(one)) < 1000


@every_kind
def test_its_fields_are_its_settings_with_check_and_words(cls: Any) -> None:
    for field in fields(cls):
        assert set(field.metadata) == {"check", "accepted"}
        assert field.metadata["accepted"]
        assert field.metadata["check"](field.default) == field.default
        hash(field.default)
        with pytest.raises(SettingError) as caught:
            cls(**{field.name: object()})
        assert f"{cls.kind}: {field.name}=<object" in str(caught.value)
        assert str(caught.value).endswith(f"accepted is {field.metadata['accepted']}")


@every_kind
def test_it_is_made_by_its_kind_and_format(cls: Any) -> None:
    assert make_plot({"kind": cls.kind, "format": cls.format}) == cls()
    assert make_plot(cls(time_axis=1).chosen()) == cls(time_axis=1)
    assert make_plot({"kind": cls.kind}).kind == cls.kind


def test_no_two_share_kind_and_format() -> None:
    assert len({(cls.kind, cls.format) for cls in PLOTS}) == len(PLOTS)


def unregistered(modules: Iterable[ModuleType], registered: Iterable[Any]) -> list[str]:
    """Return the kinds of plots of modules that no settings lead to.

    One that can draw is registered; or it is a form of a registered one, of the same name and format, which that one's
    `fit` or `sampled` returns.
    """
    registered = list(registered)
    forms = {
        type(form)
        for cls in registered
        for plot, shape, time in accepted(cls, {})
        for form in (plot, plot.sampled(signal_of(np.zeros(shape, type_of(cls)), time=time), 0))
        if isinstance(plot, cls) and (plot.kind, plot.format) == (cls.kind, cls.format)
    }
    return sorted(
        name
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and issubclass(found, Plot) and not inspect.isabstract(found)
        if found not in {*registered, *forms}
    )


def rendering_modules() -> list[ModuleType]:
    found = pkgutil.iter_modules(pipeline.rendering.__path__, "pipeline.rendering.")
    return [importlib.import_module(module.name) for module in found]


def test_every_kind_is_registered() -> None:
    assert unregistered(rendering_modules(), PLOTS) == []


@every_kind
def test_one_that_is_not_registered_would_be_seen(cls: Any) -> None:
    assert cls.__name__ in unregistered(rendering_modules(), [other for other in PLOTS if other is not cls])


# Shapes ---------------------------------------------------------------------------------------------------------------


@every_variant
def test_a_shape_is_accepted_or_refused_by_name_with_what_is_needed(cls: Any, settings: dict[str, Any]) -> None:
    for shape, time in SHAPES:
        signal = signal_of(np.zeros(shape, np.float32), time=time)
        try:
            plot = cls(**settings).fit(signal)
        except SettingError as error:
            text = str(error)
            assert text.startswith("GC/voltage: ")
            if "accepted is" not in text:
                assert f"{cls.kind} needs " in text
                sizes = ", ".join(f"{dim}={size}" for dim, size in zip(signal.dims, shape, strict=True))
                assert text.endswith(f"this is ({sizes or 'a single value'})")
        else:
            assert plot.fit(signal) == plot
            assert hash(plot) == hash(through_pickle(plot))
            assert plot.time_axis == cls(**settings).time_axis


# What is drawn --------------------------------------------------------------------------------------------------------


def addresses(drawing: Drawing) -> list[tuple[Series, int]]:
    return [(one, step) for step in drawing.steps for one in drawing.series]


@every_variant
def test_series_are_told_before_anything_is_read(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings, most=1000):
        signal, block = described(suited(plot, sample(shape, gaps=False)), time)
        records = drawn_in_parts(plot, signal, block)
        in_order(records)
        series = plot.series(signal)
        assert len({one.tag for one in series}) == len(series)
        assert len({one.steps for one in series}) == 1
        found = {tag: [step for step, *_ in points] for tag, points in points_by_tag(records).items()}
        found |= {name: [0] for name in columns_of(records)}
        assert {one.tag for one in series} == set(found)
        for one in series:
            assert one.tag.startswith("GC/")
            assert set(found[one.tag]) <= set(one.steps)
            if one.count == len(one.steps):
                assert found[one.tag] == list(one.steps)
            assert len(found[one.tag]) <= one.count
        payload = sum(len(data) for points in points_by_tag(records).values() for *_, data in points)
        assert payload / 8 < sum(one.size for one in series) < 200 * payload + 1000


@every_variant
def test_each_address_is_drawn_as_it_is_in_bulk(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings, most=500):
        signal, block = described(suited(plot, sample(shape)), time)
        drawing = Drawing(plot, signal)
        bulk = drawn_in_parts(plot, signal, block, [len(block.steps) // 2] if len(block.steps) > 1 else [])
        points, columns = points_by_tag(bulk), columns_of(bulk)
        expected = {(tag, step): (wall, data) for tag, found in points.items() for step, wall, data in found}
        for one, step in addresses(drawing):
            needs = plot.needs(signal, one.steps[one.steps.index(step) :][:1])
            rows = None if needs.rows is None else block.part(list(needs.rows))
            folded = [] if needs.summary is None else [block.part(list(needs.summary))]
            try:
                record = plot.draw(signal, one, step, rows, summary_of(plot, signal, folded) if folded else None)
            except KeyError:  # a thinned series has no point there
                assert one.count < len(one.steps)
                assert (one.tag, step) not in expected
                continue
            if one.plugin == "hparams":
                assert columns_of([record]) == pytest.approx({one.tag: columns[one.tag]}, nan_ok=True)
            else:
                assert points_by_tag([record]) == {one.tag: [(step, *expected.pop((one.tag, step)))]}
        assert not expected


@every_variant
def test_a_suffix_ends_every_tag(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings, most=200):
        plain = Drawing(plot, signal_of(np.zeros(shape, type_of(cls)), time=time))
        suffixed = replace(plain, suffix=" (2)")
        if plain.series[0].plugin == "hparams":
            assert suffixed.series == plain.series
            continue
        assert [one.tag for one in suffixed.series] == [f"{one.tag} (2)" for one in plain.series]
        block = block_of(np.zeros(shape or (1,), type_of(cls)))
        tags = {one.tag for one in suffixed.series}
        summary = summary_of(plot, plain.signal, [block])
        rows = plain.needs.rows
        steps = plain.steps if rows is None else rows
        records = list(suffixed.records(steps, None if rows is None else block.every(rows.step), summary))
        assert set(points_by_tag(records)) == tags


@every_variant
@pytest.mark.parametrize("seed", range(2))
def test_it_does_not_matter_where_time_is_cut(cls: Any, settings: dict[str, Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for plot, shape, time in accepted(cls, settings):
        signal, block = described(suited(plot, sample(shape, seed=seed)), time)
        length = len(block.steps)
        whole = drawn_in_parts(plot, signal, block)
        for count in {min(length - 1, pieces) for pieces in (2, 11)} - {0}:
            cuts = sorted((rng.choice(length - 1, count, replace=False) + 1).tolist())
            for picks in ((), [10**6 + count - at - 1 for at in range(count)], rng.integers(0, 10**6, count).tolist()):
                same(drawn_in_parts(plot, signal, block, cuts, picks), whole)


@every_kind
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_type_of_number_is_drawn_the_same_however_cut(cls: Any, dtype: str) -> None:
    settings = {"size": (2, 1.5), "step": 1}
    for plot, shape, time in accepted(cls, settings, least=20, most=500):
        signal, block = described(suited(plot, sample(shape, dtype)), time)
        whole = drawn_in_parts(plot, signal, block)
        assert whole
        same(drawn_in_parts(plot, signal, block, list(range(1, len(block.steps)))), whole)


ODD: dict[str, list[float]] = {
    "not a number": [math.nan],
    "infinite": [math.inf, -math.inf],
    "one number among none": [math.nan] * 40 + [3.0],
    "constant": [0.1],
    "zero": [0.0, -0.0],
    "large": [1e300, -1e300],
    "large float32": [3.4e38, -3.4e38, 0.0],
    "small": [5e-324, 0.0],
    "close together": [1.0, 1.0 + 1e-15],
}


@every_kind
@pytest.mark.parametrize("odd", ODD)
def test_odd_numbers_are_drawn_the_same_however_cut(cls: Any, odd: str) -> None:
    settings = {"size": (2, 1.5), "step": 1}
    for plot, shape, time in accepted(cls, settings, least=300, most=1000):
        values = np.resize(np.array(ODD[odd]), shape)
        if odd == "large float32":
            values = values.astype(np.float32)
        signal, block = described(suited(plot, values), time)
        whole = drawn_in_parts(plot, signal, block)
        assert set(points_by_tag(whole)) == {one.tag for one in plot.series(signal) if one.plugin != "hparams"}
        for cuts in ([len(block.steps) // 2], [1, len(block.steps) - 1]):
            same(drawn_in_parts(plot, signal, block, cuts), whole)


@every_variant
def test_steps_between_the_multiples_of_step_are_not_drawn(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings, most=500):
        step = getattr(plot, "step", 1)
        needs = Drawing(plot, signal_of(np.zeros(shape, type_of(cls)), time=time)).needs
        if {rows.step for rows in (needs.summary, needs.rows) if rows is not None} != {step} or not time:
            continue  # every step counts: a raster, and limits of all steps
        values = suited(plot, sample(shape, gaps=False))
        signal, block = described(values, time)
        spoilt = values.copy()
        spoilt[np.arange(len(values)) % step != 0] = 99
        records = drawn_in_parts(plot, signal, DenseBlock(spoilt, block.steps, block.wall_times))
        same(records, drawn_in_parts(plot, signal, block))
        assert all(at % step == 0 for points in points_by_tag(records).values() for at, *_ in points)


@every_variant
def test_points_in_time_carry_the_time_of_their_step(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings, most=500):
        if not time:
            continue
        signal, block = described(suited(plot, sample(shape)), time)
        assert isinstance(signal.time, Clock)
        for points in points_by_tag(drawn_in_parts(plot, signal, block)).values():
            assert [wall for _, wall, _ in points] == pytest.approx([step * 1e-3 for step, *_ in points])


@every_variant
def test_a_summary_does_not_grow_with_time(cls: Any, settings: dict[str, Any]) -> None:
    if {"window", "bin"} & settings.keys():  # windows are drawn, and their summary begun anew, on the way
        return
    for shape, time in (((4000, 3), True), ((4000,), True), ((4000, 3, 2), True)):
        sizes = []
        for length in (shape[0], 4 * shape[0]):
            values = np.zeros((length, *shape[1:]), np.float32)
            signal, _ = described(values, time)
            try:
                plot = cls(**settings).fit(signal)
            except SettingError:
                break
            halves = [block_of(values, *ends) for ends in ((0, length // 2), (length // 2, length))]
            sizes.append(len(pickle.dumps(summary_of(plot, signal, halves))))
        assert not sizes or sizes[1] < 1.1 * sizes[0] + 100


@every_variant
def test_windows_can_be_drawn_as_they_end(cls: Any, settings: dict[str, Any]) -> None:
    for plot, shape, time in accepted(cls, settings):
        signal, block = described(suited(plot, sample(shape)), time)
        window = Drawing(plot, signal).window
        if window is None:
            continue
        records = []
        for start in range(0, len(block.steps), 2 * window):
            records += drawn_in_parts(plot, signal, block_of(block.values, start, start + 2 * window), [window // 2])
        same(records, drawn_in_parts(plot, signal, block))
