"""The writer's side of a conversion: results come in order, event files grow, and the journal says what is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from pipeline.planning.plan import Plan
from pipeline.running.executors import Executor, InProcess, in_order
from pipeline.running.passes import Mark, Piece, all_at_once, batches, pieces, step_sizes
from pipeline.running.progress import Progress, Tally
from pipeline.running.report import RunReport
from pipeline.running.tasks import Failure, Outcome, guarded
from pipeline.units import plural
from pipeline.writing.event_files import FIRST_RECORD, EventFiles, event_file
from pipeline.writing.journal import Checkpoint, Entry, Journal, Ranges, journal_path
from pipeline.writing.previous import Aside

__all__ = ["append_outcome", "write_computed", "write_runs"]

#: Seconds between checkpoints of a variable that is under way, and what part of the time they may take.
_CHECKPOINT_SECONDS, _CHECKPOINT_PART = 0.1, 0.05


@dataclass(frozen=True)
class _Label:
    """Which variable of which run a result belongs to, and what `Piece` says of it but for its handle."""

    run: int
    index: int
    piece: Piece


def write_runs(
    plans: Sequence[Plan],
    logdir: Path,
    where: Executor,
    progress: Callable[[Progress], None] | None = None,
    *,
    under_way: int = 0,
    restart: bool = False,
) -> list[RunReport]:
    """Do the work of plans and write their event files; a variable that fails writes nothing and stops no other.

    The work of one run begins while that of the one before is being finished, so that many small runs keep all workers
    busy; but only the files of one are open.

    Parameters
    ----------
    plans : sequence of Plan
    logdir : Path
        A run's directory has its name in here. What is complete in it, by its journal and for the same source, settings
        and version, is kept.
    where : Executor
    progress : callable, optional
        Called with a `Progress` after each block.
    under_way : int
        Bytes of values in the blocks that are under way, for each worker, above which no other is begun; 0 for any.
    restart : bool
        Do all of it anew.
    """
    tally = Tally([[step_sizes(job) for job in plan.jobs] for plan in plans])
    outputs: dict[int, _Output] = {}
    reports: list[RunReport] = []

    def begin() -> Iterator[tuple[_Label, Any]]:
        for number, plan in enumerate(plans):
            outputs[number] = _Output(plan, EventFiles(logdir / plan.name), where, restart=restart)
            for index, piece in outputs[number].handles():
                handle, piece = piece.handle, replace(piece, handle=None)
                yield _Label(number, index, piece), handle
                del handle

    def finish(past: int) -> None:
        for number in range(len(reports), past):
            reports.append(outputs.pop(number).finish())

    def tell(run: int, index: int, done: int) -> None:
        if progress:
            names = (plans[run].name, plans[run].jobs[index].name) if index < len(plans[run].jobs) else ("", "")
            progress(tally.reach(names, run, index, done))

    try:
        weigh, fetched = attrgetter("piece.size"), attrgetter("piece.writes")
        for label, result in in_order(where, begin(), most=under_way, weigh=weigh, fetched=fetched):
            finish(label.run)
            piece = label.piece
            outputs[label.run].take(label.index, piece, result)
            if piece.mark:
                tell(label.run, label.index + max(0, piece.variables - 1), piece.mark.done)
        finish(len(plans))
    finally:
        for output in outputs.values():
            output.files.close()
    last = max((n for n, plan in enumerate(plans) if plan.jobs), default=None)
    if last is not None:
        tell(last, len(plans[last].jobs) - 1, tally.whole)
    return reports


def write_computed(plan: Plan, run_dir: Path, results: Sequence[Sequence[Any]]) -> RunReport:
    """Write results that are there already, a sequence a job, afresh."""
    output = _Output(plan, EventFiles(run_dir), InProcess(), restart=True)
    with output.files:
        for index, outcomes in enumerate(results):
            for number, outcome in enumerate(outcomes, start=1):
                last = number == len(outcomes)
                output.take(index, Piece(None, Mark(output.counts[index]) if last else None), outcome)
        return output.finish()


def append_outcome(files: EventFiles, outcome: Outcome) -> None:
    """Append what a task gave back to its event files."""
    for kind, records in outcome.events:
        files.append(kind, records)


class _Output:
    """The state of a run that is being written.

    Entries of the journal are kept as far as they are those of the plan, in its order. Where others follow, their files
    are set aside, and what the plan can still use of them is copied.
    """

    def __init__(self, plan: Plan, files: EventFiles, where: Executor, *, restart: bool) -> None:
        self.plan, self.files, self.where = plan, files, where
        self.keys = [job.key() for job in plan.jobs]
        self.counts = [len(step_sizes(job)) for job in plan.jobs]
        self.failures: dict[int, str] = {}
        self.journal = Journal(journal_path(files.run_dir))
        self.aside = Aside(files.run_dir)
        self.kept, self.resume = self._match(restart)
        self.current = -1
        self.starts: dict[str, int] = {}
        self.hparams: dict[str, bool | float | str] = {}
        self.pause_until = time.monotonic() + _CHECKPOINT_SECONDS

    def _match(self, restart: bool) -> tuple[int, Checkpoint | None]:
        """Return how many jobs are complete, and where the next one goes on; the files are cut to that."""
        entries, ends = self.journal.entries, self.files.ends
        kept = 0
        if restart:
            self.aside.remove()
        else:
            while kept < min(len(entries), len(self.keys)) and entries[kept].key == self.keys[kept] != "":
                if any(end > ends.get(kind, 0) for kind, (_, end) in entries[kept].ranges.items()):
                    break
                kept += 1
            if kept < len(entries) and self.aside.take(self.files, self.journal):
                kept, ends = 0, {}
        checkpoint = self.journal.read_checkpoint() if kept < len(self.keys) and not restart else None
        if checkpoint and (
            checkpoint.key != self.keys[kept]
            or not checkpoint.key
            or any(end > ends.get(kind, 0) for kind, (_, end) in checkpoint.ranges.items())
        ):
            checkpoint = None
        cut = _ends(entry.ranges for entry in entries[:kept])
        self.files.cut(cut | ({} if checkpoint is None else _ends([checkpoint.ranges], cut)))
        self.journal.keep(kept)
        return kept, checkpoint

    def handles(self) -> Iterator[tuple[int, Piece]]:
        """Yield the number of a variable and a piece of its work that is to be done; one that is copied has no handle.

        Small variables that follow each other are one piece.
        """
        jobs = self.plan.jobs[self.kept :]
        keys = self.keys[self.kept :]
        copied = {at for at, key in enumerate(keys) if key in self.aside.entries}
        in_memory = {at for at, key in enumerate(keys) if not key}  # only its blocks should travel
        for stretch, small in batches(jobs, copied | in_memory | ({0} if self.resume else set())):
            index = self.kept + stretch.start
            if small:
                batch = jobs[stretch.start : stretch.stop]
                mark, size = Mark(self.counts[self.kept + stretch[-1]]), sum(sum(step_sizes(job)) for job in batch)
                yield index, Piece(self.where.submit(all_at_once, batch), mark, size, variables=len(batch))
            elif stretch.start in copied:
                yield index, Piece(None, Mark(self.counts[index]))
            else:
                for piece in self._pieces(index):
                    yield index, piece
                    del piece

    def _pieces(self, index: int) -> Iterator[Piece]:
        job = guarded(self.plan.jobs[index].read_times)
        if isinstance(job, Failure):
            yield Piece(self.where.submit(guarded, _same, job), None)
            return
        self.counts[index] = len(step_sizes(job))  # a window in seconds needs the times
        resume = self.resume.mark if self.resume and index == self.kept else None
        for piece in pieces(job, self.where, resume):
            if index in self.failures:
                break
            yield piece
            del piece

    def take(self, index: int, piece: Piece, result: Any) -> None:
        """Write the result of a piece; None is of a variable that is copied, or of a piece that writes nothing."""
        if not piece.variables:
            self._take(index, piece.mark, result)
        for number in range(index, index + piece.variables):
            outcome = self._by_itself(number) if isinstance(result, Failure) else result[number - index]
            self._take(number, Mark(self.counts[number]), outcome)

    def _by_itself(self, index: int) -> Any:
        """Do a variable of a batch that was given up: one of them may be what its workers died of."""
        result = self.where.result(self.where.submit(all_at_once, [self.plan.jobs[index]]))
        return result if isinstance(result, Failure) else result[0]

    def _take(self, index: int, mark: Mark | None, result: Any) -> None:
        if index != self.current:
            self._begin(index)
        if index in self.failures:
            return
        key = self.keys[index]
        if isinstance(result, Failure):
            self.failures[index] = f"{self.plan.jobs[index].name}: {result.message}"
            self.files.cut(self.starts)
            return
        if result is not None:
            append_outcome(self.files, result)
            self.hparams |= result.hparams
        elif key in self.aside.entries:
            self.aside.copy(key, self.files)
            self.hparams |= self.aside.entries[key].hparams
        if mark is not None:
            self._mark(index, mark)

    def _begin(self, index: int) -> None:
        self.current, self.hparams = index, {}
        self.starts = self.files.ends
        if self.resume and index == self.kept:
            self.hparams = dict(self.resume.hparams)
            self.starts |= {kind: start for kind, (start, _) in self.resume.ranges.items()}

    def _mark(self, index: int, mark: Mark) -> None:
        """Note how far a variable is."""
        ends = self.files.ends
        ranges: Ranges = {
            kind: (start, end) for kind, end in ends.items() if end > (start := self.starts.get(kind, FIRST_RECORD))
        }
        key, hparams = self.keys[index], dict(self.hparams)
        if mark.done >= self.counts[index]:
            self.journal.add(Entry(self.plan.jobs[index].name, key, ranges, hparams))
            self.journal.drop_checkpoint()
        elif key and (began := time.monotonic()) >= self.pause_until:
            levels = tuple(tuple((n, self.where.result(handle)) for n, handle in tree) for tree in mark.levels)
            if not any(isinstance(found, Failure) for tree in levels for _, found in tree):
                self.journal.write_checkpoint(Checkpoint(key, Mark(mark.done, levels), ranges, hparams))
            now = time.monotonic()
            self.pause_until = now + max(_CHECKPOINT_SECONDS, (now - began) / _CHECKPOINT_PART)

    def finish(self) -> RunReport:
        """Write the hyperparameters, one record a run, close the files, and say what was done."""
        self.files.close()
        hparams = dict(self.plan.hparams)
        for entry in self.journal.entries:
            hparams |= entry.hparams
        if hparams:
            self.files.write_hparams(hparams, self.plan.name)
        self.aside.remove()
        self.journal.drop_checkpoint()
        sizes = self.files.ends
        path = event_file(self.files.run_dir, "hparams")
        if hparams:
            sizes["hparams"] = path.stat().st_size
        elif path.exists():
            path.unlink()
        problems = (*self.plan.problems, *self.failures.values())
        return RunReport(
            name=self.plan.name,
            directory=str(self.files.run_dir),
            files=sizes,
            problems=problems,
            notes=tuple(self.plan.notes),
            variables=len(self.plan.jobs),
            reused=self.kept,
            written=tuple(self._written(len(hparams))),
        )

    def _written(self, hparams: int) -> Iterator[str]:
        """Yield a phrase for each kind of plot."""
        counts: dict[tuple[str, str], list[int]] = {}
        for index, job in enumerate(self.plan.jobs):
            for drawing in job.drawings if index not in self.failures else ():
                about = drawing.kind.estimate(drawing.subject)
                what = about.what if about.what.endswith("s") else f"{about.what}s"
                if what != "values":
                    counts.setdefault((drawing.kind.kind, what), []).append(about.count)
        for (kind, what), found in counts.items():
            yield f"{sum(found):,} {what if sum(found) > 1 else what[:-1]} of {plural(len(found), kind)}"
        if hparams:
            yield plural(hparams, "hyperparameter")


def _same(result: Any) -> Any:
    return result


def _ends(ranges: Any, least: dict[str, int] | None = None) -> dict[str, int]:
    """Return the last end of each event file."""
    ends = dict(least or {})
    for found in ranges:
        for kind, (_, end) in found.items():
            ends[kind] = max(end, ends.get(kind, 0))
    return ends
