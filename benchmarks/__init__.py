"""Benchmarks against what people use now: ``python -m benchmarks`` runs all of them.

``ours`` and ``peers`` hold the works, each a function ``(source, out)``. A test file a stage times them with
pytest-benchmark; works of one group do the same and stand in one table. ``report`` turns a run into `RESULTS.md` and
`results.png`. With no size asked for, everything is tiny, and ``pytest`` runs it as ordinary tests.
"""
