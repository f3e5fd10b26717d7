"""Run all benchmarks: ``python -m benchmarks [--quick] [-k EXPRESSION]``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import draw, in_readme, table

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run pytest-benchmark in a fresh process, and write the table and the plot of what it measured."""
    about = "Compare with peers; writes RESULTS.md and the README's table."
    command = argparse.ArgumentParser(prog="python -m benchmarks", description=about)
    command.add_argument("--quick", action="store_true", help="less data; the results go to .benchmarks/")
    command.add_argument("-k", default="", metavar="EXPRESSION", help="only these, as pytest selects them")
    given = command.parse_args()
    size = "quick" if given.quick else "full"
    out = HERE if size == "full" and not given.k else HERE.parent / ".benchmarks"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "benchmarks.json"
        pytest = [sys.executable, "-m", "pytest", str(HERE), "-q", "-W", "ignore"]
        pytest += ["-o", "addopts=", "-p", "no:cacheprovider"]
        pytest += ["-o", "tmp_path_retention_policy=none", "--timeout=1800", f"--benchmark-json={found}", "-k", given.k]
        pytest += ["--benchmark-group-by=group", "--benchmark-columns=median,rounds", "--benchmark-sort=name"]
        code = subprocess.run(pytest, cwd=HERE.parent, env={**os.environ, "HDF2TB_BENCHMARK": size}).returncode
        if not found.exists() or not found.stat().st_size:
            return code or 1
        results = json.loads(found.read_text())
    page = table(results, size)
    (out / "RESULTS.md").write_text(page)
    draw(results, out / "results.png")
    if out == HERE:
        readme = HERE.parent / "README.md"
        readme.write_text(in_readme(readme.read_text(), results))
    print(page)
    print(f"Written to {out / 'RESULTS.md'} and {out / 'results.png'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
