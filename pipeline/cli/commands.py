"""The commands; `pipeline.cli.parser` reads their arguments."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConversionError, LayoutWarning, SettingError, SourceError, TimeAxisWarning
from pipeline.planning.config import parse_plot, read_config
from pipeline.tables import columns, plain, show, text_of
from pipeline.units import size_text

if TYPE_CHECKING:
    from pipeline.planning.plan import Plan

__all__ = ["convert", "demo", "inspect", "serve", "view"]

#: Seconds between two parts of a live demonstration.
_PAUSE = 0.5


def convert(given: argparse.Namespace) -> int:
    """Convert runs; with ``--dry-run`` print the plan alone."""
    from pipeline.planning.config import parse_plots
    from pipeline.running.convert import convert as convert_runs
    from pipeline.running.display import shown
    from pipeline.running.report import Report

    plots = _plots(given)
    with _warnings_as_lines():
        if given.dry_run:
            return _dry_run(given, None if plots is None else parse_plots(plots))
        failure = None
        try:
            with shown() as progress:
                report: Report = convert_runs(
                    given.sources,
                    given.out,
                    plots,
                    dt=given.dt,
                    time_axis=given.time_axis,
                    follow_links=given.follow_links,
                    workers="auto" if given.workers is None and given.scheduler is None else given.workers,
                    scheduler=given.scheduler,
                    memory=given.memory,
                    metrics=given.metric,
                    restart=given.restart,
                    wait=given.wait,
                    progress=progress,
                    began=lambda line: print(line, file=sys.stderr, flush=True),
                )
        except ConversionError as error:
            report, failure = error.report, error
    _print_report(report)
    if failure is not None:
        raise failure
    return 0


def _plots(given: argparse.Namespace) -> list[dict[str, Any]] | None:
    """Return the plots that were asked for; None if none were."""
    if not (given.config or given.plot):
        return None
    return (read_config(given.config) if given.config else []) + [parse_plot(text) for text in given.plot]


def _print_report(report: Any) -> None:
    from pipeline.running.report import HEAD

    for run in report.runs:
        for note in run.notes:
            print(f"note: {plain(note)}")
    rows = [run.row for run in report.runs]
    failed = dict.fromkeys(line.partition(":")[0] for line in report.failed)
    rows += [(name, "failed", "", "") for name in failed if name not in {run.name for run in report.runs}]
    show(columns(HEAD, rows))
    if any(run.files for run in report.runs):
        print(f"Look at it with:\n  hdf2tb view {_quoted(report.logdir)}")


def _dry_run(given: argparse.Namespace, plots: Any) -> int:
    from pipeline.planning.metrics import add_metrics
    from pipeline.planning.plan import HEAD
    from pipeline.planning.sources import plan_sources

    plans, failed = plan_sources(given.sources, plots, given.dt, given.time_axis, given.follow_links)
    add_metrics(given.metric, plans)
    for plan in plans:
        rows = [(name, shape, kind, what, size_text(size)) for name, shape, kind, what, size in plan.rows()]
        print(f"run {plan.name}")
        show(columns(HEAD, rows))
        for note in (*plan.notes, *plan.slow()):
            print(f"note: {plain(note)}")
        print(f"in all about {size_text(sum(row[4] for row in plan.rows()))}\n")
    return 1 if _told_problems(plans, failed, plots) else 0


def _told_problems(plans: Sequence[Plan], failed: Sequence[str], plots: Any) -> bool:
    """Print a line for each thing that cannot be shown as it was asked for; return whether there is one."""
    from pipeline.planning.plan import unmatched

    problems = [*failed, *(line for plan in plans for line in plan.problems)]
    problems += unmatched(plans, plots) if plots and plans else []
    for line in problems:
        print(f"hdf2tb: error: {plain(line)}", file=sys.stderr)
    return bool(problems)


def inspect(given: argparse.Namespace) -> int:
    """Print what runs hold."""
    import json

    from pipeline.cli.describe import tree
    from pipeline.cli.facts import as_json, facts

    failed: list[str] = []
    with _warnings_as_lines():
        found = []
        for source in given.sources:
            run = facts(source, given.dt, failed, time_axis=given.time_axis, follow_links=given.follow_links)
            if run is not None:
                found.append(run)
    if given.json:
        print(json.dumps(as_json(found, failed), indent=2, allow_nan=False))
    else:
        print("\n\n".join(text_of(tree(run), sys.stdout) for run in found), end="\n" if found else "")
    for line in failed:
        print(f"hdf2tb: error: {plain(line)}", file=sys.stderr)
    return 1 if failed else 0


def serve(given: argparse.Namespace) -> int:
    """Show runs in TensorBoard as they are, until Ctrl-C ends it."""
    from pipeline.planning.config import parse_plots
    from pipeline.planning.metrics import add_metrics
    from pipeline.planning.sources import plan_sources
    from pipeline.serving.app import serving
    from pipeline.serving.process import OUTLIERS, open_page

    for name, number in (("points", given.points), ("frames", given.frames)):
        if number < 2:
            raise SettingError(f"--{name} {number}: accepted is a whole number of at least 2")
    asked = _plots(given)
    plots = None if asked is None else parse_plots(asked)
    opening = given.dt, given.time_axis, given.follow_links
    with _warnings_as_lines():
        plans, failed = plan_sources(given.sources, plots, *opening)
    _told_problems(plans, failed, plots)
    if not any(plan.jobs or plan.hparams for plan in plans):
        raise SourceError("there is nothing to show")
    add_metrics(given.metric, plans)

    def planned() -> Sequence[Plan]:
        again = plan_sources(given.sources, plots, *opening)[0]
        add_metrics(given.metric, again)
        return again

    app = serving(
        plans,
        planned,
        ", ".join(map(str, given.sources)),
        points=given.points,
        frames=given.frames,
        metrics=given.metric,
        port=given.port,
        host=given.host,
    )
    print(f"TensorBoard is at {app.link}  (Ctrl-C ends it)\n{OUTLIERS}", flush=True)
    if not given.no_browser:
        open_page(app.link)
    try:
        app.serve()
    except KeyboardInterrupt:
        pass
    return 0


def view(given: argparse.Namespace) -> int:
    """Start TensorBoard, print its address, and wait until Ctrl-C ends it."""
    from pipeline.serving.process import OUTLIERS, Server, best_link, open_page

    logdir = Path(given.logdir)
    if not logdir.is_dir():
        raise SourceError(f"{given.logdir}: no such directory")
    try:
        server = Server(logdir, port=given.port, host=given.host)
        try:
            print("$ " + " ".join(_quoted(word) for word in ("tensorboard", *server.flags)), flush=True)
            server.wait()
            link = best_link(server.url, logdir)
            print(f"TensorBoard is at {link}  (Ctrl-C ends it)\n{OUTLIERS}", flush=True)
            if not given.no_browser:
                open_page(link)
            return server.join()
        finally:
            server.stop()
    except KeyboardInterrupt:
        return 0


def demo(given: argparse.Namespace) -> int:
    """Simulate a network, convert its run, and say what to do next."""
    from pipeline.demo import simulate
    from pipeline.running.convert import convert as convert_runs
    from pipeline.running.display import shown

    if given.steps < 1:
        raise SettingError(f"--steps {given.steps}: accepted is a whole number of at least 1")
    out = Path(given.out)
    if given.live:
        return _live_demo(given, out / "network")
    print(f"simulating 100 neurons for {given.steps} ms …", flush=True)
    run = simulate(out / "network", steps=given.steps, seed=given.seed)
    with shown() as progress:
        report = convert_runs(run, out / "tb", read_config(run / "run.yaml"), dt="1ms", progress=progress)
    _print_report(report)
    quoted = _quoted(str(run))
    print(f"What the run holds:\n  hdf2tb inspect {quoted}")
    print(f"Other plots of it:\n  hdf2tb convert {quoted} --out {_quoted(str(out / 'tb'))} --dt 1ms")
    return 0


def _live_demo(given: argparse.Namespace, folder: Path) -> int:
    """Log the demonstration's run slowly, and serve it until Ctrl-C ends it."""
    from pipeline.demo import grow
    from pipeline.planning.config import parse_plots
    from pipeline.planning.sources import plan_sources
    from pipeline.serving.app import serving
    from pipeline.serving.process import open_page

    growing = grow(folder, steps=given.steps, seed=given.seed)
    run = next(growing)
    plots = parse_plots(read_config(run / "run.yaml"))

    def planned() -> Sequence[Plan]:
        return plan_sources(run, plots, "1ms")[0]

    app = serving(planned(), planned, str(run), port=given.port)
    print(
        f"TensorBoard is at {app.url}#hdf2tb  (Ctrl-C ends it); {given.steps:,} steps are logged, 40 a second",
        flush=True,
    )
    if not given.no_browser:
        open_page(f"{app.url}#hdf2tb")
    answering = app.start()
    try:
        for _ in growing:
            answering.join(_PAUSE)
        print("all steps are logged", flush=True)
        answering.join()
    except KeyboardInterrupt:
        app.stop()
    return 0


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        for category in (TimeAxisWarning, LayoutWarning):
            warnings.simplefilter("always", category)
        yield
    for warning in caught:
        if issubclass(warning.category, TimeAxisWarning | LayoutWarning):
            print(f"note: {plain(warning.message)}", file=sys.stderr)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
