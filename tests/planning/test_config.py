"""What is written in YAML and on the command line means the same as in Python, or is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingError
from pipeline.planning.config import parse_plot, read_config
from pipeline.rendering.registry import make_plot
from tests.common import EPL

#: The same settings in Python, in YAML, and as a word on the command line.
SPELT: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "trace"}, "{kind: trace}", "kind=trace"),
    ({"kind": "trace", "format": "scalar"}, "{kind: trace, format: scalar}", "kind=trace,format=scalar"),
    ({"kind": "trace", "step": 10}, "{kind: trace, step: 10}", "kind=trace,step=10"),
    ({"kind": "trace", "step": 8}, "{kind: trace, step: 08}", "kind=trace,step=08"),
    ({"kind": "trace", "step": 10}, "{kind: trace, step: 010}", "kind=trace,step=010"),
    ({"kind": "trace", "step": 1000}, "{kind: trace, step: 1e3}", "kind=trace,step=1e3"),
    ({"kind": "trace", "size": (6, 4.5)}, "{kind: trace, size: [6, 4.5]}", "kind=trace,size=6x4.5"),
    ({"kind": "trace", "size": (6, 4)}, "{kind: trace, size: 6x4}", "kind=trace,size=(6,4)"),
    ({"kind": "trace", "units": range(1, 10)}, "{kind: trace, units: 1:10}", "kind=trace,units=1:10"),
    ({"kind": "trace", "units": range(0, 60, 20)}, "{kind: trace, units: 0:60:20}", "kind=trace,units=0:60:20"),
    ({"kind": "trace", "units": [0, 5]}, "{kind: trace, units: [0, 5]}", "kind=trace,units=[0,5]"),
    ({"kind": "trace", "units": [12]}, "{kind: trace, units: 12}", "kind=trace, units=12"),
    ({"kind": "trace", "time_axis": -1}, "{kind: trace, time_axis: -1}", "kind=trace,time_axis=-1"),
    ({"kind": "trace", "time_axis": "unit"}, "{kind: trace, time_axis: unit}", "kind=trace,time_axis=unit"),
    ({"kind": "trace", "time_axis": None}, "{kind: trace, time_axis: null}", "kind=trace,time_axis=None"),
    ({"kind": "heatmap", "limits": (-1, 1)}, "{kind: heatmap, limits: [-1, 1]}", "kind=heatmap,limits=(-1,1)"),
    ({"kind": "heatmap", "limits": (-1, 1)}, "{kind: heatmap, limits: -1:1}", "kind=heatmap,limits=-1:1"),
    ({"kind": "heatmap", "limits": (0, 60)}, "{kind: heatmap, limits: 0:60}", "kind=heatmap,limits=[.0,6.e1]"),
    ({"kind": "heatmap", "limits": "all"}, "{kind: heatmap, limits: all}", "kind=heatmap,limits=all"),
    ({"kind": "heatmap", "symmetric": True}, "{kind: heatmap, symmetric: yes}", "kind=heatmap,symmetric=true"),
    ({"kind": "heatmap", "symmetric": False}, "{kind: heatmap, symmetric: false}", "kind=heatmap,symmetric=0"),
    ({"kind": "heatmap", "cmap": "magma"}, "{kind: heatmap, cmap: magma}", " kind = heatmap , cmap = magma "),
    ({"kind": "raster", "events": [1.5, 2]}, "{kind: raster, events: [1.5, 2]}", "kind=raster,events=[1.5,2]"),
    ({"kind": "raster", "events": [100]}, "{kind: raster, events: 100}", "kind=raster,events=100"),
    ({"kind": "raster", "window": "200 ms"}, "{kind: raster, window: 200 ms}", "kind=raster,window=200ms"),
    ({"kind": "raster", "window": 500}, "{kind: raster, window: 500}", "kind=raster,window=500"),
    (
        {"kind": "raster", "events": [1, 2], "event_colors": ["red", "tab:blue"]},
        "{kind: raster, events: [1, 2], event_colors: [red, 'tab:blue']}",
        "kind=raster,events=[1,2],event_colors=[red,tab:blue]",
    ),
    (
        {"kind": "raster", "event_colors": "#d62728"},
        "{kind: raster, event_colors: '#d62728'}",
        "kind=raster,event_colors=#d62728",
    ),
    (
        {"kind": "raster", "events": [1, 2], "event_colors": ["#d62728", "#000000"]},
        "{kind: raster, events: [1, 2], event_colors: ['#d62728', '#000000']}",
        "kind=raster,events=[1,2],event_colors=[#d62728,#000000]",
    ),
]


@pytest.mark.parametrize(("settings", "yaml", "word"), SPELT)
def test_python_yaml_and_the_command_line_mean_the_same(
    tmp_path: Path, settings: dict[str, Any], yaml: str, word: str
) -> None:
    expected = make_plot(settings)
    (tmp_path / "run.yaml").write_text(f"- voltage: {yaml}\n")
    [plot] = read_config(tmp_path / "run.yaml")
    assert list(plot) == ["voltage"]
    assert make_plot(plot["voltage"]) == expected
    assert make_plot(parse_plot(f"voltage:{word}")["voltage"]) == expected


def test_a_range_to_base_60_stays_a_range(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("- v: {kind: trace, units: 1:10}\n")
    assert make_plot(read_config(tmp_path / "run.yaml")[0]["v"]).units == tuple(range(1, 10))


# YAML -----------------------------------------------------------------------------------------------------------------

LIST = "- spiked: {kind: raster}\n- GC/voltage: {kind: trace, format: scalar}\n"
PLOTS = [{"spiked": {"kind": "raster"}}, {"GC/voltage": {"kind": "trace", "format": "scalar"}}]


@pytest.mark.parametrize(
    "text",
    [
        LIST,
        "simulation:\n  steps: 1000\n  tensorboard:\n" + "".join(f"    {line}\n" for line in LIST.splitlines()),
        "tensorboard:\n" + "".join(f"  {line}\n" for line in LIST.splitlines()),
        "\ufeff" + LIST,
        LIST.replace("\n", "\r\n"),
        "# plots\n---\n" + LIST,
        "x: &raster {kind: raster}\nsimulation:\n  tensorboard:\n  - spiked: *raster\n"
        "  - GC/voltage: {<<: *raster, kind: trace, format: scalar}\n",
    ],
    ids=["list", "run configuration", "tensorboard", "byte order mark", "crlf", "document", "anchors"],
)
def test_a_run_configuration_or_the_list_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(text.encode())
    assert read_config(path) == PLOTS
    assert read_config(os.fspath(path)) == PLOTS


def test_names_are_utf8_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: "latin-1")
    (tmp_path / "run.yaml").write_bytes("- Spannung_µV: {kind: trace}\n".encode())
    assert list(read_config(tmp_path / "run.yaml")[0]) == ["Spannung_µV"]


def test_no_plots_are_no_plots(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("simulation: {tensorboard: []}\n")
    assert read_config(tmp_path / "run.yaml") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no plots: accepted is a list"),
        (b"voltage\n", "holds no plots"),
        (b"simulation: {steps: 5}\n", "holds no plots"),
        (b"simulation: {tensorboard: null}\n", "holds no plots"),
        (b"simulation: [1]\n", "holds no plots"),
        (b"voltage: {kind: trace}\n", "holds no plots"),
        (b"- voltage\n", "holds no plots"),
        (b"- [voltage, trace]\n", "holds no plots"),
        (b"- voltage: {kind: trace\n", "not YAML"),
        (b"- \xff\xfe\xfa: 5\n", "not YAML"),
        (b"- x: !!python/object/apply:os.getcwd []\n", "not YAML"),
        (b"- voltage: {kind: trace}\n  voltage: {kind: heatmap}\n", "not YAML .*'voltage' stands here twice"),
        (b"- voltage: {step: 1, kind: trace, step: 2}\n", "not YAML .*'step' stands here twice"),
    ],
)
def test_what_holds_no_plots(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "run.yaml").write_bytes(content)
    with pytest.raises(SettingError, match=rf"{tmp_path}/run\.yaml: {message}") as caught:
        read_config(tmp_path / "run.yaml")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(SettingError, match=rf"{path}: cannot be read \("):
            read_config(path)


@pytest.mark.skipif(not EPL.exists(), reason="the run in ../shared/data/epl is not there")
def test_a_real_run_configuration() -> None:
    assert read_config(EPL / "run.yaml") == [
        {"spiked": {"kind": "raster", "format": "image"}},
        {"voltage": {"kind": "trace", "format": "scalar"}},
        {"output": {"kind": "trace", "format": "scalar"}},
        {"weights": {"kind": "heatmap", "format": "image", "step": 100}},
    ]


# The command line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-10", -10),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("all", "all"),
        ("None", "None"),
        ("null", None),
        ("1:10", "1:10"),
        ("2020-01-01", "2020-01-01"),
        ("0x10", "0x10"),
        ("08", "08"),
        ("1_000", "1_000"),
        ("200 ms", "200 ms"),
        ("a=b", "a=b"),
        ("*x", "*x"),
        ("!x", "!x"),
        ("#fff", "#fff"),
        ("[1, 2]", [1, 2]),
        ("(1, 2)", [1, 2]),
        ("[]", []),
        ("[a, 1]", ["a", 1]),
        ("[100", "[100"),
        ("(1", "(1"),
        ("tab:blue", "tab:blue"),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = parse_plot(f"v:kind={text}")["v"]["kind"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("name", ["voltage", "GC/voltage", "my variable", "on", "5", "x.y"])
def test_names(name: str) -> None:
    assert parse_plot(f" {name} :kind=trace") == {name: {"kind": "trace"}}


@pytest.mark.parametrize(
    "text",
    ["", "voltage", "voltage:", ":kind=trace", "voltage:trace", "voltage:kind", "voltage:kind=", "voltage:=trace"]
    + ["voltage:kind=trace,", "voltage:kind=trace,,step=1", "voltage:kind=trace,step", "v:kind=raster,events=[1,2"],
)
def test_what_is_no_plot(text: str) -> None:
    with pytest.raises(SettingError, match="--plot .*: accepted is NAME:kind=KIND,setting=value,…") as caught:
        parse_plot(text)
    assert repr(text) in str(caught.value)


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(SettingError, match="each setting once"):
        parse_plot("voltage:kind=trace,step=1,step=2")
