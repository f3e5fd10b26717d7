"""A client without workers is waited for with a word, not for ever, and an interrupt ends the wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

import pipeline
from pipeline.errors import Interrupted, PipelineError
from pipeline.running.executors import patience
from pipeline.running.executors.cluster import OnCluster
from tests.conftest import PLOTS, events

pytestmark = pytest.mark.slow


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The active client of a cluster that has no worker yet, which is looked at often."""
    monkeypatch.setattr(patience, "TELL_SECONDS", 0.05)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster, Client(cluster) as client:
        yield client


def test_the_wait_is_told_and_ends_when_a_worker_comes(client: Client, network: Path, tmp_path: Path) -> None:
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            client.cluster.scale(1)

    pipeline.convert(network, tmp_path / "there", PLOTS, began=tell)
    assert len(said) >= 3
    address = client.scheduler.address
    assert said[0].startswith(f"no worker is there yet; this starts one: dask worker {address} ")
    assert client.dashboard_link in said[0]
    pipeline.convert(network, tmp_path / "here", PLOTS, workers=1)
    assert events(tmp_path / "there") == events(tmp_path / "here")


def test_it_is_printed_where_nobody_listens(
    client: Client, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PipelineError, match=r"had no worker for .* when it has one, the same call goes on from here"):
        pipeline.convert(network, tmp_path, PLOTS, wait="300 ms")
    out, err = capsys.readouterr()
    assert out.count("no worker is there yet") >= 2
    assert err == ""


def test_an_interrupt_ends_the_wait(client: Client, network: Path, tmp_path: Path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="stopped before it began"):
        pipeline.convert(network, tmp_path, PLOTS, began=stop)


def test_workers_that_go_meanwhile_are_told_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.running.executors.cluster.TELL_SECONDS", 0.05)
    client.cluster.scale(1)
    said: list[str] = []
    where = OnCluster(client, said.append, wait=0.3)
    client.cluster.scale(0)
    while client.nthreads():
        client.cluster.sync(client.cluster._correct_state)
    with pytest.raises(PipelineError, match="had no worker"):
        where.result(where.submit(abs, -1))
    assert said


@pytest.mark.parametrize("wait", ["soon", "-1 s", "5"])
def test_a_wait_that_is_no_duration_is_an_error(wait: Any, network: Path, tmp_path: Path) -> None:
    with pytest.raises(pipeline.SettingError, match=r"wait='.*': accepted is a duration such as '10 min'"):
        pipeline.convert(network, tmp_path, PLOTS, wait=wait)
