"""The table and the plot of a run of all benchmarks, with ratios only of what was measured in that run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["BARS", "Bar", "Measured", "draw", "in_readme", "read", "table"]

PACKAGES = ("hdf2tb", "numpy", "h5py", "matplotlib", "isal", "dask", "tensorboard", "sapicore", "torch", "tensorboardX")


_BEGIN, _END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


@dataclass(frozen=True)
class Bar:
    """What is asked of one work: to be so many times as good as a peer.

    Attributes
    ----------
    work : str
    group, ours : str
        Of the benchmark, and who is ours in it.
    peer : str or float
        Who the peer is, as the beginning of its name; of several the quickest. Or a number that is asked for.
    bar, aim : float
    unit : str
        What `quality` is counted in: seconds a point, frame …, or bytes.
    quality : str
        ``seconds``, ``peak``, ``files``, ``bytes`` or ``picture_bytes``; the less the better.
    """

    work: str
    group: str
    peer: str | float
    bar: float
    aim: float | None = None
    unit: str = "frame"
    quality: str = "seconds"
    ours: str = "ours"


def _reading() -> Iterator[Bar]:
    for what in ("64 units", "1,000 units", "64 by 64"):
        for how, aim in (("whole", 2.5), ("step=100", None)):
            yield Bar(f"reading one-step LZF chunks, {what}, {how}", f"read {what}, {how}", "h5py", 1, aim, "read")


#: The rows of the issue that asks for them, in its order. "≤ 1.0× its time" is "≥ 1× as fast" here.
BARS: tuple[Bar, ...] = (
    Bar("scalar points, 64 units, memory → event file", "scalars of 64", "torch_scalars", 800, 2000, "point"),
    Bar("the same, against 10 M points/s", "scalars of 64", 1e-7, 1, None, "point"),
    Bar("scalar points, one unit, memory → event file", "scalars of 1", "torch_scalars", 100, None, "point"),
    Bar("scalar traces, 64 units, one-step LZF chunks → event file", "traces", "sapicore", 300, 800, "point"),
    Bar("heatmap frames, 64×64 at 1500×1000 px", "heatmap 64 by 64", "sapicore", 60, 120),
    Bar("heatmap frames, 1000×1000 at 1500×1000 px", "heatmap 1000 by 1000", "savefig", 15),
    Bar("trace images, 64 units", "trace images", "sapicore", 15, 30, "image"),
    Bar("raster, 1,000 units, 2 % spikes", "raster", "sapicore", 12, 30, "image"),
    Bar("the same, peak memory", "raster", "sapicore", 4, None, "process", "peak"),
    Bar("raster of 10⁷ listed spikes", "listed raster", "eventplot", 10, None, "spike"),
    Bar("histograms of 1,000×1,000 weights, ≤ 1.5× numpy's time", "histogram 1000 by 1000", "numpy", 0.67, 1, "step"),
    Bar("band of 10,000 units, memory → event file", "band", "torch_band", 20, None, "value"),
    Bar("the same, against 1,000 units", "band", "ours, 1,000", 0.8, None, "value"),
    Bar("epl run, all its plots, cold command to exit", "cold epl", "sapicore", 5, None, "run"),
    Bar("64 units + 64×64 weights, all plots, cold command", "cold run", "sapicore", 12, None, "run"),
    *_reading(),
    Bar("2 worker processes against 1, heatmap frames", "workers", "1 worker", 1.7, None, ours="2 workers"),
    Bar("event files' size, pictures", "cold run", "sapicore", 1, None, "run", "picture_bytes"),
    Bar("event files' size, all", "cold run", "sapicore", 1, None, "run", "bytes"),
    Bar("17 GB of values, 2 workers, peak memory of all", "long run", 1.5e9, 1, None, "run", "peak", "all steps"),
    Bar("the same, against a tenth of the steps", "long run", "a tenth", 0.85, None, "run", "peak", "all steps"),
    Bar("the same, time a step", "long run", "a tenth", 0.91, None, "step", ours="all steps"),
    Bar("one frame at the end of it, against an early one", "one frame", "early", 0.83, ours="late"),
    Bar("the same command again, nothing to do", "long run again", 2.0, 1, None, "run", ours="all steps"),
    Bar("killed at a random moment and begun again", "killed", "uninterrupted", 0.83, None, "run", ours="killed"),
    Bar("a run among 300 of the real one, against 100", "sweep", "few", 0.9, None, "run", ours="many runs"),
    Bar("the same, open files of a process", "sweep", 256.0, 1, None, "run", "files", "many runs"),
    Bar(
        "`inspect` of 10,000 datasets, a dataset, against 1,000",
        "datasets",
        "few",
        0.83,
        ours="many datasets",
        unit="dataset",
    ),
    Bar("opening a file of many datasets, against h5py's visit", "open many", "h5py_visit", 0.5, None, "file"),
    Bar("a frame of 200×200 over HTTP, against drawing it", "served frame", "alone", 0.5, ours="over HTTP"),
    Bar(
        "1,000 points of 8 units, against h5py's read of all", "served points", "h5py_read_direct", 0.33, None, "value"
    ),
    Bar("a view of our page, 8 units, against h5py's read", "page view", "h5py_read_direct", 10, ours="over HTTP"),
    Bar("time until TensorBoard shows all of it", "shown", "sapicore", 1, None, "run"),
)


@dataclass(frozen=True)
class Measured:
    """One work of one group; seconds are the median of its rounds, for `count` points or frames."""

    group: str
    who: str
    count: int
    seconds: float
    rounds: int
    peak: int | None = None
    files: int | None = None
    bytes: int | None = None
    picture_bytes: int | None = None

    def cost(self, quality: str) -> float | None:
        """Return the seconds a point or frame, or the bytes."""
        return self.seconds / self.count if quality == "seconds" else getattr(self, quality)


def read(found: dict[str, Any]) -> list[Measured]:
    """Return what is in pytest-benchmark's JSON."""
    return [
        Measured(item["group"], seconds=item["stats"]["median"], rounds=item["stats"]["rounds"], **item["extra_info"])
        for item in found["benchmarks"]
    ]


def compare(bar: Bar, measured: Sequence[Measured]) -> tuple[Measured | None, Measured | None, float | None]:
    """Return ours, the peer (at the largest size of each), and the ratio of their costs."""
    largest: dict[str, Measured] = {}
    for item in measured:
        if item.group == bar.group and item.count >= getattr(largest.get(item.who), "count", 0):
            largest[item.who] = item
    ours, asked = largest.get(bar.ours), None
    if isinstance(bar.peer, str):
        peers = [item for who, item in largest.items() if who.startswith(bar.peer) and item.cost(bar.quality)]
        asked = min(peers, key=lambda item: item.cost(bar.quality) or 0, default=None)
    theirs = bar.peer if isinstance(bar.peer, float) else asked and asked.cost(bar.quality)
    cost = ours and ours.cost(bar.quality)
    return ours, asked, theirs / cost if theirs and cost else None


def table(found: dict[str, Any], size: str) -> str:
    """Return the Markdown page."""
    measured = read(found)
    lines = [
        "# Benchmarks\n",
        f"Written by `python -m benchmarks{' --quick' if size == 'quick' else ''}`.",
        f"{_machine(found)}\n",
        "One core unless said. Times are medians, without imports but for cold commands. Slow peers do less of the",
        "same and are compared a point or a frame. A ratio is the peer's cost over ours, both of this run. Peak",
        "memory is that of a process that does the work once, with its libraries and its data.\n",
        "![Ratios, peak memory and growth](results.png)\n",
        "| work | ours | peer | ratio | bar | reached | peak memory, ours / peer |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for bar in BARS:
        ours, peer, ratio = compare(bar, measured)
        theirs = f"{_cost(bar, peer)} ({peer.who})" if peer else _amount(bar.peer, bar) if bar.peer else "–"
        asked = f"≥ {bar.bar:g}×" + (f" (aim {bar.aim:g}×)" if bar.aim else "")
        reached = "not measured" if ratio is None else "**no**" if ratio < bar.bar else "yes"
        if ratio is not None and bar.aim and ratio >= bar.aim:
            reached = "yes, and the aim"
        peaks = " / ".join(_bytes(item.peak) if item and item.peak else "–" for item in (ours, peer))
        shown = "–" if ratio is None else f"{ratio:.3g}×" if ratio < 100 else f"{ratio:,.0f}×"
        lines.append(
            f"| {bar.work} | {_cost(bar, ours)} | {theirs} | {shown} | {asked} | {reached} | "
            f"{peaks if peaks != '– / –' else '–'} |"
        )
    lines += ["\n## All that was measured\n", "Limits (memcpy, deflate …) handle as many bytes as ours does.\n"]
    lines += ["| group | who | count | seconds | each | peak memory |", "| --- | --- | --- | --- | --- | --- |"]
    for item in sorted(measured, key=lambda item: (item.group, item.seconds / item.count)):
        peak = _bytes(item.peak) if item.peak else "–"
        each = _seconds(item.seconds / item.count)
        lines.append(f"| {item.group} | {item.who} | {item.count:,} | {item.seconds:.4g} | {each} | {peak} |")
    return "\n".join(lines) + "\n"


def in_readme(readme: str, found: dict[str, Any]) -> str:
    """Return the README with a table of what every bar asks, between its two marks."""
    measured = read(found)
    lines = [_BEGIN, "| work | ours | peer | times as good | asked |", "| --- | --- | --- | --- | --- |"]
    for bar in BARS:
        ours, peer, ratio = compare(bar, measured)
        if ratio is not None:
            theirs = f"{peer.who.split('_')[0]}, {_cost(bar, peer)}" if peer else _amount(bar.peer, bar)
            shown = f"{ratio:.3g}×" if ratio < 100 else f"{ratio:,.0f}×"
            asked = f"{bar.bar:g}×" + ("" if ratio >= bar.bar else ", **not reached**")
            lines.append(f"| {bar.work} | {_cost(bar, ours)} | {theirs} | {shown} | {asked} |")
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + "\n".join([*lines, "", _machine(found), _END]) + after


def _machine(found: dict[str, Any]) -> str:
    cpu = found["machine_info"].get("cpu", {})
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    processor = cpu.get("brand_raw", platform.processor())
    return (
        f"{processor}, {os.cpu_count()} cores, {_bytes(memory)}; {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; {', '.join(versions)}."
    )


def _cost(bar: Bar, item: Measured | None) -> str:
    cost = item and item.cost(bar.quality)
    return "–" if not cost else _amount(cost, bar)


def _amount(cost: Any, bar: Bar) -> str:
    if not isinstance(cost, int | float):
        return "–"
    if bar.quality == "files":
        return f"{cost:.0f} files"
    return f"{_seconds(cost)} a {bar.unit}" if bar.quality == "seconds" else _bytes(cost)


def _seconds(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _bytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw ratios with their bars, peak memory, and growth with size."""
    from matplotlib.figure import Figure

    measured = read(found)
    figure = Figure(figsize=(15, 9), dpi=100, layout="constrained")
    parts = figure.subplot_mosaic([["ratio", "peak"], ["ratio", "time"], ["ratio", "growth"]], width_ratios=[1.5, 1])
    _draw_ratios(parts["ratio"], measured)
    _draw_peaks(parts["peak"], measured)
    for who, colour in (("ours", "tab:blue"), ("sapicore_traces", "tab:grey")):
        series = sorted((m for m in measured if m.group == "traces" and m.who == who), key=lambda m: m.count)
        if not series:
            continue
        counts = [m.count for m in series]
        parts["time"].plot(counts, [m.seconds for m in series], "o-", color=colour, label=who)
    long = sorted((m for m in measured if m.group == "long run"), key=lambda m: m.count)
    if long:
        label = ", ".join(f"{m.count:,} steps in {m.seconds:.0f} s" for m in long)
        parts["growth"].plot([m.count for m in long], [(m.peak or 0) / 1e6 for m in long], "o-", label=label)
    parts["time"].set(
        xscale="log", yscale="log", ylabel="seconds", xlabel="points", title="scalar traces from HDF5: time"
    )
    title = "a long run: memory of all processes"
    parts["growth"].set(xscale="log", ylabel="MB", xlabel="steps", ylim=(0, None), title=title)
    for name in ("time", "growth"):
        parts[name].grid(alpha=0.3)
        if parts[name].lines:
            parts[name].legend(fontsize=8)
        else:  # with -k not all is measured
            parts[name].set(xscale="linear", yscale="linear")
    figure.savefig(path)


def _draw_ratios(axes: Any, measured: Sequence[Measured]) -> None:
    for at, bar in enumerate(BARS):
        ratio = compare(bar, measured)[2]
        if ratio is not None:
            axes.barh(at, ratio, left=0, color="tab:blue" if ratio >= bar.bar else "tab:orange", height=0.6)
            axes.text(max(ratio, bar.bar, bar.aim or 0) * 1.15, at, f"{ratio:,.3g}×", va="center", fontsize=9)
        axes.plot([bar.bar] * 2, [at - 0.42, at + 0.42], color="black", lw=2.5, label=None if at else "bar")
        if bar.aim:
            axes.plot([bar.aim] * 2, [at - 0.42, at + 0.42], color="black", lw=1, ls=":", label=None if at else "aim")
    axes.set(xscale="log", xlim=(0.3, 3e4), ylim=(len(BARS) - 0.4, -0.6), title="the peer's cost over ours")
    axes.set_yticks(range(len(BARS)), [bar.work for bar in BARS], fontsize=9)
    axes.legend(loc="lower right")
    axes.grid(axis="x", alpha=0.3)


def _draw_peaks(axes: Any, measured: Sequence[Measured]) -> None:
    seen: dict[str, tuple[str, int, int]] = {}
    for bar in BARS:
        ours, peer, _ = compare(bar, measured)
        if ours and peer and ours.peak and peer.peak:
            seen.setdefault(bar.group, (peer.who, ours.peak, peer.peak))
    for at, (_, ours_peak, peer_peak) in enumerate(seen.values()):
        axes.barh(at - 0.2, ours_peak / 1e6, height=0.38, color="tab:blue", label=None if at else "ours")
        axes.barh(at + 0.2, peer_peak / 1e6, height=0.38, color="tab:grey", label=None if at else "peer")
    axes.set(xlabel="MB", title="peak memory", ylim=(len(seen) - 0.4, -0.6))
    axes.set_yticks(range(len(seen)), [f"{group} ({who})" for group, (who, *_) in seen.items()], fontsize=8)
    if seen:
        axes.legend()
    axes.grid(axis="x", alpha=0.3)
