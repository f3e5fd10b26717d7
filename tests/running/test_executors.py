"""The same bytes wherever the work is done, and one process that writes them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client, LocalCluster

import pipeline
import pipeline.planning.job
from pipeline.planning.config import parse_plots
from pipeline.planning.match import plan_run
from pipeline.running.executors.choose import executor
from pipeline.running.executors.cluster import OnCluster
from pipeline.running.executors.graph import GraphBuilder
from pipeline.running.executors.in_process import InProcess
from pipeline.running.executors.local import LocalProcesses
from pipeline.running.executors.window import in_order
from pipeline.running.output import write_runs
from pipeline.running.tasks import Failure, Outcome, guarded
from pipeline.slicing.budget import Budget
from tests.conftest import PLOTS, untouched
from tests.processes import written

pytestmark = pytest.mark.slow

#: Every way in which a plot is folded over blocks: in one pass, merged, in windows, in two passes.
FOLDS = [
    *PLOTS,
    {"voltage": {"kind": "hparam"}},
    {"voltage": {"kind": "trace", "units": [0, 1], "size": [6, 3]}},
    {"GC/spiked": {"kind": "heatmap", "size": [6, 4]}},
    {"GC--MC/weights": {"kind": "histogram", "step": 50, "limits": "(1 %, 99 %)"}},
    {"voltage": {"kind": "band", "points": 100}},
    {"voltage": {"kind": "trace", "format": "scalar", "units": [0, 2], "together": True}},
    {"GC--MC/weights": {"kind": "trace"}},  # cannot be drawn, wherever it is tried
]

#: Run at the start of every Python: notes which process touches an event file, and which has the worker's code.
_AUDIT = """
import os, sys
_note = os.open(os.path.join(os.environ["AUDIT_FOLDER"], str(os.getpid())), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def _watch(event, args):
    if event == "import" and args[0] == "pipeline.running.tasks":
        os.write(_note, b"works\\n")
    elif args and isinstance(args[0], (str, os.PathLike)) and "tfevents" in os.fspath(args[0]):
        os.write(_note, f"{event} {os.path.basename(args[0])}\\n".encode())
sys.addaudithook(_watch)
"""


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a note of every Python process that is started meanwhile."""
    code, notes = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("notes")
    (code / "sitecustomize.py").write_text(_AUDIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{code}{os.pathsep}{Path(pipeline.__file__).parents[1]}")
        patch.setenv("AUDIT_FOLDER", str(notes))
        yield notes


@pytest.fixture(scope="module")
def cluster(audit: Path) -> Iterator[LocalCluster]:
    """A Dask cluster of two worker processes on this machine."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as running:
        yield running


#: So little that a small run takes many blocks.
SMALL_BLOCKS = Budget(block=2000)


def by_graph(scheduler: str) -> Callable[..., Any]:
    """Convert through a Dask graph."""

    def convert(*args: Any, **options: Any) -> Any:
        report = pipeline.convert(*args, **options, compute=False).compute(scheduler=scheduler)
        if report.problems:
            raise pipeline.ConversionError(report)
        return report

    return convert


def with_active_client(cluster: LocalCluster, *args: Any, **options: Any) -> Any:
    """Convert while a client is active, and see that its cluster did the work."""
    with Client(cluster.scheduler_address) as client:
        before = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
        try:
            return pipeline.convert(*args, **options)
        finally:
            assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter) > before


EXECUTORS: dict[str, Callable[..., Any]] = {
    "again in process": lambda cluster, *a, **o: pipeline.convert(*a, **o),
    "graph, synchronous": lambda cluster, *a, **o: by_graph("synchronous")(*a, **o),
    "graph, threads": lambda cluster, *a, **o: by_graph("threads")(*a, **o),
    "graph, processes": lambda cluster, *a, **o: by_graph("processes")(*a, **o),
    "local processes": lambda cluster, *a, **o: pipeline.convert(*a, **o, workers=2),
    "cluster by address": lambda cluster, *a, **o: pipeline.convert(*a, **o, scheduler=cluster.scheduler_address),
    "active client": with_active_client,
}


@pytest.mark.parametrize("name", EXECUTORS)
def test_every_executor_gives_the_same_log_directory(
    name: str, cluster: LocalCluster, network: Path, damaged: Path, tmp_path: Path
) -> None:
    with untouched(damaged):
        reports = []
        for convert, out in ((pipeline.convert, "reference"), (lambda *a, **o: EXECUTORS[name](cluster, *a, **o), "x")):
            with pytest.raises(pipeline.ConversionError) as caught:
                convert([network, damaged], tmp_path / out, FOLDS, dt="2 ms", memory=SMALL_BLOCKS)
            reports.append(caught.value.report)

    reference = written(tmp_path / "reference")
    assert len(reference) > 8
    assert written(tmp_path / "x") == reference
    assert reports[1].problems == reports[0].problems
    assert [run.files for run in reports[1].runs] == [run.files for run in reports[0].runs]


@pytest.mark.parametrize("name", ["graph, synchronous", "cluster by address"])
def test_arrays_in_memory_may_go_to_workers(name: str, cluster: LocalCluster, network: Path, tmp_path: Path) -> None:
    run = pipeline.open_run(network, dt="2 ms")
    for source, out in ((run.load(), "numpy"), (run.chunk({"time": 100}), "dask")):
        pipeline.convert(source, tmp_path / "reference" / out, PLOTS, memory=SMALL_BLOCKS)
        EXECUTORS[name](cluster, source, tmp_path / "x" / out, PLOTS, memory=SMALL_BLOCKS)

    assert written(tmp_path / "x") == written(tmp_path / "reference")


@pytest.mark.parametrize("where", ["--workers", "--scheduler"])
def test_one_process_touches_event_files(
    where: str, audit: Path, cluster: LocalCluster, network: Path, tmp_path: Path
) -> None:
    for note in audit.iterdir():
        os.truncate(note, 0)
    value = "2" if where == "--workers" else cluster.scheduler_address
    plots = ["--plot=voltage:kind=trace", "--plot=weights:kind=heatmap,step=20", "--plot=seed:kind=hparam"]
    command = [sys.executable, "-m", "pipeline", "convert", network, "--out", tmp_path, *plots, where, value]
    with subprocess.Popen([str(word) for word in command]) as process:
        assert process.wait() == 0

    notes = {int(note.name): note.read_text().splitlines() for note in audit.iterdir()}
    writers = {pid for pid, lines in notes.items() if any("tfevents" in line for line in lines)}
    assert writers == {process.pid}
    assert sum(line.startswith("open") for line in notes[process.pid]) >= 3
    if where == "--workers":
        assert len([pid for pid, lines in notes.items() if "works" in lines]) == 2  # a worker and the writer


def test_what_was_started_is_ended(network: Path, tmp_path: Path) -> None:
    before = _children()
    pipeline.convert(network / "data" / "MC.h5", tmp_path, [{"spiked": {"kind": "raster"}}], workers=2)

    assert _children() == before


def _children() -> set[int]:
    """Return the processes below this one, without the one that multiprocessing keeps for itself."""
    found = psutil.Process().children(recursive=True)
    return {child.pid for child in found if "resource_tracker" not in " ".join(child.cmdline())}


def test_small_work_imports_no_cluster(network: Path, tmp_path: Path) -> None:
    code = (
        "import sys, pipeline\n"
        "pipeline.convert(sys.argv[1], sys.argv[2])\n"
        "assert 'distributed' not in sys.modules, 'distributed was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code, network, tmp_path], check=True)


class Counting(InProcess):
    """Does the work at once, and counts how many results with event bytes are alive."""

    class Handle:
        def __init__(self, value: Any) -> None:
            self.value = value

    def __init__(self, window: int) -> None:
        self.window = window
        self.alive: weakref.WeakSet[Counting.Handle] = weakref.WeakSet()
        self.most = self.submitted = 0

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        handle = self.Handle(function(*(arg.value if isinstance(arg, self.Handle) else arg for arg in args)))
        self.submitted += 1
        if isinstance(handle.value, Outcome) and handle.value.events:
            self.alive.add(handle)
            self.most = max(self.most, len(self.alive))
        return handle

    def result(self, handle: Any) -> Any:
        return handle.value


@pytest.mark.parametrize("window", [1, 3, 8])
def test_finished_results_are_bounded_by_the_window(window: int, network: Path, tmp_path: Path) -> None:
    where = Counting(window)
    plots = [
        {"voltage": {"kind": "trace", "format": "scalar"}},
        {"spiked": {"kind": "raster", "window": 60}},
        {"weights": {"kind": "heatmap", "step": 20, "size": [3, 2]}},
    ]
    plan = plan_run(pipeline.open_run(network), parse_plots(plots))
    plan.jobs = [job.within(SMALL_BLOCKS) for job in plan.jobs]
    write_runs([plan], tmp_path, where)

    assert where.submitted > 100
    assert window <= where.most <= window + 2  # and what is being made of the one before
    assert not where.alive


@pytest.mark.parametrize(("workers", "most"), [(1, 10), (3, 10), (3, 5)])
def test_no_more_are_begun_than_may_weigh(workers: int, most: int) -> None:
    begun: list[int] = []
    where = InProcess()
    where.workers, where.window = workers, 100
    handles = ((number, begun.append(number)) for number in range(100))
    under_way = []
    for number, _ in in_order(where, handles, most=most, weigh=lambda label: 2):
        under_way.append(len(begun) - number)
    assert under_way[0] == max(under_way) == workers * most // 2 + 1  # the last is what made it more


@pytest.mark.parametrize("window", [1, 2, 5])
def test_results_come_in_order_and_no_more_are_begun_than_the_window_holds(window: int) -> None:
    begun: list[int] = []
    where = InProcess()
    where.window = window

    def handles() -> Iterator[tuple[str, int | None]]:
        for number in range(20):
            begun.append(number)
            yield f"label {number}", None if number == 7 else number

    found = []
    for label, result in in_order(where, handles()):
        found.append(result)
        assert label == f"label {len(found) - 1}"
        assert len(begun) - len(found) < window
    assert found == [None if number == 7 else number for number in range(20)]


class Task:
    """What is known of a task: its status, and the exception that is returned when it is asked for."""

    def __init__(self, status: str, error: Exception | None) -> None:
        self.status, self.error = status, error

    def exception(self, timeout: float) -> Exception | None:
        assert timeout > 0
        return self.error


class Ailing:
    """A client whose tasks end in one way, and whose results cannot be fetched."""

    status = "running"

    def __init__(self, status: str, error: Exception | None) -> None:
        self.task = Task(status, error)

    def nthreads(self) -> dict[str, int]:
        return {"tcp://127.0.0.1:1": 2, "tcp://127.0.0.1:2": 2}

    def submit(self, *args: Any, **options: Any) -> Task:
        return self.task

    def gather(self, task: Task, direct: bool) -> Any:
        assert not direct  # no worker answers there
        raise RuntimeError("worker died three times")


@pytest.mark.parametrize("error", [RuntimeError("worker died three times"), None], ids=["computed", "fetched"])
def test_what_a_cluster_gives_up_on_is_a_failure_not_a_crash(error: Exception | None) -> None:
    where = OnCluster(Ailing("error", error))
    found = where.result(where.submit(print))
    assert where.window == 16
    assert isinstance(found, Failure)
    assert "worker died three times" in found.message


@pytest.mark.parametrize("task", [("cancelled", RuntimeError("cancelled")), ("finished", None), ("lost", None)])
def test_a_lost_scheduler_is_no_failure_of_a_variable(task: tuple[str, Exception | None]) -> None:
    where = OnCluster(Ailing(*task))
    for ask in (where.result, *([where.settle] if task[1] else [])):
        with pytest.raises(pipeline.PipelineError, match="scheduler was lost; the same command goes on"):
            ask(where.submit(print))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("given_up", [1, 2])
def test_workers_that_dask_gave_up_on_are_replaced(given_up: int) -> None:
    with executor(workers=2) as where:
        assert isinstance(where, LocalProcesses)
        assert where.result(where.submit(abs, -1)) == 1
        client = where._cluster.client
        for nanny in list(client.cluster.workers.values())[:given_up]:
            client.sync(nanny.close)  # which it does itself if its worker dies while it starts
        assert where.result(where.submit(abs, -2)) == 2
        client.wait_for_workers(2)


def test_workers_that_come_later_have_work_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.running.executors.cluster._LOOK_SECONDS", 0.0)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", processes=False) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        where = OnCluster(client)
        assert (where.workers, where.window) == (1, 4)
        cluster.scale(3)
        client.wait_for_workers(3)
        assert (where.workers, where.window) == (3, 12)


def test_tasks_are_named_by_what_they_do(cluster: LocalCluster) -> None:
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        where = OnCluster(client)
        where.submit(guarded, min, 1, 2)
        handles = [where.submit(guarded, abs, number) for number in range(20)]
        assert [where.result(handle) for handle in handles] == list(range(20))
        assert all(handle.key.startswith("abs-") for handle in handles)  # so a dashboard names it


_TURNS, _GO_ON = itertools.count(), threading.Event()


def _hold_up() -> bool:
    return _GO_ON.wait(60)


def _turn() -> int:
    return next(_TURNS)


def test_what_is_sent_first_is_begun_first() -> None:
    """One thread that is held up has all tasks to choose from when it goes on."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", processes=False) as one,
        Client(one, set_as_default=False) as client,
    ):
        where = OnCluster(client)
        held_up = where.submit(_hold_up)
        handles = [where.submit(_turn) for _ in range(30)]
        _GO_ON.set()
        assert where.result(held_up)
        turns = [where.result(handle) for handle in handles]
    assert turns == sorted(turns)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers=0: accepted is"),
        ({"workers": 2, "scheduler": "tcp://127.0.0.1:1"}, "accepted is one of them"),
        ({"scheduler": "nonsense"}, "scheduler='nonsense': no Dask scheduler answers there"),
    ],
)
def test_an_executor_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(pipeline.SettingError, match=said), executor(**options):
        pass


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("timed out")

    monkeypatch.setattr("distributed.Client", refuse)
    with pytest.raises(pipeline.SettingError, match="no Dask scheduler answers there"), executor(scheduler="tcp://h:1"):
        pass


def test_a_graph_has_no_results() -> None:
    graph = GraphBuilder()
    with pytest.raises(TypeError, match="until it is computed"):
        graph.result(graph.submit(max, 1, 2))
