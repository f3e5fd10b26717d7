"""The command ``hdf2tb``. Only argparse is imported until a command runs, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

__all__ = ["main", "parser"]

_FORMATTER = argparse.RawDescriptionHelpFormatter


class _Parser(argparse.ArgumentParser):
    """Tells a wrong use in one line, as every other error is told."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hdf2tb: error: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    top = _Parser(
        prog="hdf2tb",
        description="HDF5 time series in TensorBoard, lazily.",
        epilog="example:\n  hdf2tb convert run/ --out tb && hdf2tb view tb",
        formatter_class=_FORMATTER,
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    commands: Any = top.add_subparsers(dest="command", metavar="COMMAND")
    for add in (_convert_arguments, _inspect_arguments, _serve_arguments, _view_arguments, _demo_arguments):
        add(commands)
    return top


def _command(commands: Any, name: str, about: str, example: str) -> Any:
    return commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example:\n{example}",
        formatter_class=_FORMATTER,
    )


def _convert_arguments(commands: Any) -> None:
    command = _command(
        commands,
        "convert",
        "convert HDF5 runs to TensorBoard event files",
        "  hdf2tb convert run/ --out tb --dt 0.1ms\n"
        "  hdf2tb convert run/ --out tb --config run.yaml\n"
        '  hdf2tb convert run/ --out tb --plot "voltage:kind=trace,format=scalar,step=10"',
    )
    command.add_argument("sources", nargs="+", metavar="SOURCE", help="an HDF5 file, a folder of them, or a run folder")
    command.add_argument("--out", required=True, metavar="LOGDIR", help="each run gets a directory of its name in here")
    _plots_arguments(command)
    _dt_argument(command)
    _opening_arguments(command)
    command.add_argument(
        "--workers", type=int, metavar="N", help="render in N local processes (default: one a core, where it pays)"
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="render on a running Dask cluster, such as tcp://host:8786"
    )
    command.add_argument(
        "--memory", metavar="SIZE", help="what all processes may hold, such as 2GB (default: 450 MB a process)"
    )
    command.add_argument(
        "--wait", default="10 min", metavar="TIME", help="for a worker of the cluster (default: %(default)s)"
    )
    command.add_argument("--restart", action="store_true", help="do all anew, also what is complete already")
    command.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")


def _inspect_arguments(commands: Any) -> None:
    command = _command(commands, "inspect", "show what HDF5 runs hold, without reading it", "  hdf2tb inspect run/")
    command.add_argument("sources", nargs="+", metavar="SOURCE", help="an HDF5 file, a folder of them, or a run folder")
    _dt_argument(command)
    _opening_arguments(command)
    command.add_argument("--json", action="store_true", help="print it for machines, as JSON")


def _plots_arguments(command: Any) -> None:
    command.add_argument("--config", metavar="YAML", help="plots from a run configuration (simulation.tensorboard)")
    command.add_argument(
        "--plot", action="append", default=[], metavar="SPEC", help="NAME:kind=KIND,setting=value,…; may be repeated"
    )
    command.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="TAG",
        help="a series to show in the HPARAMS table by its last point, or by TAG@max, @min or @mean; may be repeated",
    )


def _serve_arguments(commands: Any) -> None:
    command = _command(
        commands,
        "serve",
        "show HDF5 runs in TensorBoard without converting them",
        "  hdf2tb serve run/ --dt 0.1ms",
    )
    command.add_argument("sources", nargs="+", metavar="SOURCE", help="an HDF5 file, a folder of them, or a run folder")
    _plots_arguments(command)
    _dt_argument(command)
    _opening_arguments(command)
    command.add_argument("--points", type=int, default=1000, metavar="N", help="of a series (default: %(default)s)")
    command.add_argument("--frames", type=int, default=1000, metavar="N", help="of a slider (default: %(default)s)")
    _page_arguments(command)


def _dt_argument(command: Any) -> None:
    command.add_argument(
        "--dt",
        action="append",
        metavar="[NAME=]DT",
        help="duration of a time step, such as 0.1ms (a plain number is in milliseconds), of all variables or of one; "
        "may be repeated",
    )


def _opening_arguments(command: Any) -> None:
    command.add_argument(
        "--time-axis",
        action="append",
        metavar="[NAME=]AXIS",
        help="which axis is time, by its number or name, of all variables or of one; may be repeated",
    )
    command.add_argument(
        "--follow-links", action="store_true", help="also read files outside of the named folder that links lead to"
    )


def _view_arguments(commands: Any) -> None:
    command = _command(
        commands,
        "view",
        "start TensorBoard so that it shows every point and picture",
        "  hdf2tb view tb\n  hdf2tb view tb --port 7007",
    )
    command.add_argument("logdir", metavar="LOGDIR", help="what convert wrote")
    _page_arguments(command)


def _page_arguments(command: Any) -> None:
    command.add_argument("--port", type=int, help="port to serve at; 6006 otherwise, or a free one if that is taken")
    command.add_argument("--host", help="address to serve at; this machine only otherwise")
    command.add_argument("--no-browser", action="store_true", help="open no browser, also on a terminal")


def _demo_arguments(commands: Any) -> None:
    command = _command(
        commands, "demo", "simulate a small spiking network, convert its run, and say what to do next", "  hdf2tb demo"
    )
    command.add_argument("--out", default="hdf2tb-demo", metavar="DIR", help="where to put it (default: %(default)s)")
    command.add_argument("--steps", type=int, default=2000, help="time steps of 1 ms (default: %(default)s)")
    command.add_argument("--seed", type=int, default=1, help="of the random network (default: %(default)s)")
    command.add_argument(
        "--live",
        action="store_true",
        help="log it slowly and show it in TensorBoard while it grows; nothing is converted",
    )
    command.add_argument("--port", type=int, metavar="PORT", help="with --live (default: 6006, or the next free one)")
    command.add_argument("--no-browser", action="store_true", help="with --live: only print the address")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 something could not be converted, 2 wrong use."""
    if sys.stdout is None or sys.stderr is None:  # closed by the shell: what is said to nobody is no reason to stop
        nobody = open(os.devnull, "w")
        sys.stdout, sys.stderr = sys.stdout or nobody, sys.stderr or nobody
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # µV on a terminal of ASCII is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return _run(parser(), arguments)
        finally:
            sys.stdout.flush()  # here, where it is seen that nobody reads on
    except BrokenPipeError:
        _silence()
        return 0
    except OSError as error:  # a full disk behind ``>``
        _silence()
        print(f"hdf2tb: error: standard output cannot be written ({error.strerror})", file=sys.stderr)
        return 1


def _run(top: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    given = top.parse_args(arguments)
    if given.version:
        from pipeline import __version__

        print(f"hdf2tb {__version__}")
        return 0
    if given.command is None:
        top.print_help()
        return 2
    import signal

    if given.command in ("convert", "inspect", "serve", "demo"):  # while the rest is imported, it gets ready
        from pipeline.opening.hdf5 import guard

        guard.begin()
    from pipeline.cli import commands
    from pipeline.errors import ConversionError, PipelineError, SettingError
    from pipeline.tables import plain

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: at a whole record, with a word
    try:
        return int(getattr(commands, given.command)(given))
    except ConversionError as error:
        for line in error.report.problems:
            print(f"hdf2tb: error: {plain(line)}", file=sys.stderr)
        return 1
    except PipelineError as error:
        print(f"hdf2tb: error: {plain(error)}", file=sys.stderr)
        return 2 if isinstance(error, SettingError) else 1
    except KeyboardInterrupt:
        print("hdf2tb: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _silence() -> None:
    """Send what is left to be printed nowhere, because Python tries it again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
