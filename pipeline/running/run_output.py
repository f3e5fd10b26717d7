"""One run that is being written: its event files, what its journal says is complete, and where it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipeline.model.chart import united
from pipeline.planning.cost import batches
from pipeline.planning.job import Job
from pipeline.planning.notes import notes_page
from pipeline.planning.plan import Plan
from pipeline.rendering.drawing import Drawing
from pipeline.running.clocks import with_clock
from pipeline.running.executors.protocol import Executor
from pipeline.running.passes import Piece, ResumePoint, all_at_once, pieces
from pipeline.running.report import RunReport, phrases
from pipeline.running.resume import plain_levels, resume_point
from pipeline.running.tasks import Failure, Outcome, guarded
from pipeline.writing.checkpoint import Checkpoint, CheckpointFile
from pipeline.writing.eventfiles import FIRST_RECORD, EventFiles
from pipeline.writing.journal import Entry, Journal, Ranges, beyond, journal_path
from pipeline.writing.previous import PreviousFiles
from pipeline.writing.texts import NOTES_TAG

__all__ = ["RunOutput", "append_outcome"]

#: Seconds between checkpoints of a variable that is under way, and what part of the time they may take.
_CHECKPOINT_SECONDS, _CHECKPOINT_PART = 0.1, 0.05


def append_outcome(files: EventFiles, outcome: Outcome) -> None:
    """Append what a task gave back to its event files."""
    for kind, records in outcome.events:
        files.append(kind, records)


class RunOutput:
    """The state of a run that is being written.

    Entries of the journal are reused as far as they are those of the plan, in its order. Where others follow, their
    files are set aside, and what the plan can still use of them is copied.

    Attributes
    ----------
    keys : list of str
        What the records of each variable depend on (`Job.key`).
    counts : list of int
        The steps of each variable's schedule.
    failures : dict
        Why a variable failed, by its number.
    reused : int
        How many variables, from the first, were complete already.
    """

    def __init__(self, plan: Plan, files: EventFiles, where: Executor, *, restart: bool) -> None:
        self.plan, self.files, self.where = plan, files, where
        self.keys = [job.key() for job in plan.jobs]
        self.counts = [len(job.sizes) for job in plan.jobs]
        self.failures: dict[int, str] = {}
        self.journal = Journal(journal_path(files.run_dir))
        self.journal.source = plan.source
        self.checkpoints = CheckpointFile(files.run_dir)
        self.previous = PreviousFiles(files.run_dir)
        self.notes = [*plan.notes, *plan.placed, *plan.slow()]
        self.reused, self.checkpoint = self._match(restart)
        self.current = -1
        self.starts: dict[str, int] = {}
        self.hparams: dict[str, bool | float | str] = {}
        self.hparams_apart: dict[str, bool | float | str] = {}  # of variables of which another plot failed
        self.drawn_alone: list[Drawing] = []
        self.pause_until = time.monotonic() + _CHECKPOINT_SECONDS
        self.unmarked: tuple[str, ResumePoint, Ranges, dict[str, bool | float | str]] | None = None
        self.blocks_reused = sum(self.counts[: self.reused]) + (self.checkpoint.done if self.checkpoint else 0)

    def _match(self, restart: bool) -> tuple[int, Checkpoint | None]:
        """Return how many jobs are complete, and where the next one goes on; the files are truncated to that."""
        entries, ends = self.journal.entries, self.files.ends
        reused = 0
        if restart:
            self.previous.remove()
        else:
            while reused < min(len(entries), len(self.keys)) and entries[reused].key == self.keys[reused] != "":
                if beyond(entries[reused].ranges, ends):
                    break
                reused += 1
            if reused < len(entries) and self.previous.take(self.files, self.journal):
                reused, ends = 0, {}
        checkpoint = None if restart else self._usable_checkpoint(reused, ends)
        complete = _ends(entry.ranges for entry in entries[:reused])
        self.files.cut(complete | ({} if checkpoint is None else _ends([checkpoint.ranges], complete)))
        self.journal.keep(reused)
        return reused, checkpoint

    def _usable_checkpoint(self, index: int, ends: Mapping[str, int]) -> Checkpoint | None:
        """Return the checkpoint if it is of a variable as it is planned now."""
        if index >= len(self.keys) or not self.keys[index]:
            return None
        checkpoint = self.checkpoints.read()
        if self.checkpoints.problem:
            self.notes.append(self.checkpoints.problem)
        if checkpoint is None or checkpoint.key != self.keys[index] or beyond(checkpoint.ranges, ends):
            return None
        try:
            resume_point(checkpoint, self.plan.jobs[index])
        except (TypeError, ValueError) as error:
            self.notes.append(f"{self.checkpoints.path}: {error}; the variable is begun anew")
            return None
        return checkpoint

    def handles(self) -> Iterator[tuple[int, Piece]]:
        """Yield the number of a variable and a piece of its work that is to be done; one that is copied has no handle.

        Small variables that follow each other are one piece.
        """
        jobs = self.plan.jobs[self.reused :]
        keys = self.keys[self.reused :]
        copied = {at for at, key in enumerate(keys) if key in self.previous.entries}
        in_memory = {at for at, key in enumerate(keys) if not key}  # only its blocks should travel
        for stretch, small in batches(jobs, copied | in_memory | ({0} if self.checkpoint else set())):
            index = self.reused + stretch.start
            if small:
                batch = jobs[stretch.start : stretch.stop]
                reached = ResumePoint(self.counts[self.reused + stretch[-1]])
                size = sum(sum(job.sizes) for job in batch)
                yield index, Piece(self.where.submit(all_at_once, batch), reached, size, variables=len(batch))
            elif stretch.start in copied:
                yield index, Piece(None, ResumePoint(self.counts[index]))
            else:
                for piece in self._pieces(index):
                    yield index, piece
                    del piece

    def _pieces(self, index: int) -> Iterator[Piece]:
        job = guarded(with_clock, self.plan.jobs[index])
        if isinstance(job, Failure):
            yield Piece(self.where.submit(guarded, _same, job), None)
            return
        self.counts[index] = len(job.sizes)  # a window in seconds needs the times
        self.notes += job.notes
        resume = None
        if self.checkpoint and index == self.reused:
            resume = resume_point(self.checkpoint, job)
        for piece in pieces(job, self.where, resume):
            if index in self.failures:
                break
            yield piece
            del piece

    def take(self, index: int, piece: Piece, result: Any) -> None:
        """Write the result of a piece; None is of a variable that is copied, or of a piece that writes nothing."""
        if not piece.variables:
            self._take(index, piece.reached, result)
        for number in range(index, index + piece.variables):
            outcome = self._by_itself(number) if isinstance(result, Failure) else result[number - index]
            self._take(number, ResumePoint(self.counts[number]), outcome)

    def _by_itself(self, index: int) -> Any:
        """Run one variable of a failed batch alone, to find the one that kills workers."""
        result = self.where.result(self.where.submit(all_at_once, [self.plan.jobs[index]]))
        return result if isinstance(result, Failure) else result[0]

    def _take(self, index: int, reached: ResumePoint | None, result: Any) -> None:
        if index != self.current:
            self._begin(index)
        if index in self.failures:
            return
        key = self.keys[index]
        if isinstance(result, Failure):
            self.files.cut(self.starts)
            self.unmarked = None
            self.failures[index] = f"{self.plan.jobs[index].name}: {self._apart(index, result)}"
            return
        if result is not None:
            append_outcome(self.files, result)
            self.hparams |= result.hparams
            self.notes += result.notes
        elif key in self.previous.entries:
            self.previous.copy(key, self.files)
            self.blocks_reused += self.counts[index]
            self.hparams |= self.previous.entries[key].hparams
        if reached is not None:
            self._note(index, reached)

    def _apart(self, index: int, failure: Failure) -> str:
        """Draw each plot of a failed variable by itself, and return why some cannot be drawn."""
        drawings = self.plan.jobs[index].drawings
        if failure.of_source or len(drawings) == 1:
            return failure.message
        problems = []
        for drawing in drawings:
            before, hparams = self.files.ends, dict(self.hparams)
            problem = self._alone(replace(self.plan.jobs[index], drawings=(drawing,)))
            if problem is None:
                self.drawn_alone.append(drawing)
            else:
                self.files.cut(before)
                self.hparams = hparams
                problems.append(f"{drawing.title}: {problem.message}")
        self.hparams_apart |= self.hparams
        return "; ".join(problems) or failure.message

    def _alone(self, job: Job) -> Failure | None:
        """Write all of a job; return its failure, if it fails."""
        timed = guarded(with_clock, job)
        found = [timed] if isinstance(timed, Failure) else (one.handle for one in pieces(timed, self.where))
        for handle in found:
            result = handle if isinstance(handle, Failure) else self.where.result(handle)
            if isinstance(result, Failure):
                return result
            append_outcome(self.files, result)
            self.hparams |= result.hparams
        return None

    def _begin(self, index: int) -> None:
        self.current, self.hparams, self.unmarked = index, {}, None
        self.starts = self.files.ends
        if self.checkpoint and index == self.reused:
            self.hparams = dict(self.checkpoint.hparams)
            self.starts |= {kind: start for kind, (start, _) in self.checkpoint.ranges.items()}

    def _note(self, index: int, reached: ResumePoint) -> None:
        """Note in the journal that a variable is complete, or now and then in a checkpoint how far it is."""
        ends = self.files.ends
        ranges: Ranges = {
            kind: (start, end) for kind, end in ends.items() if end > (start := self.starts.get(kind, FIRST_RECORD))
        }
        key, hparams = self.keys[index], dict(self.hparams)
        if reached.done >= self.counts[index]:
            self.journal.add(Entry(self.plan.jobs[index].name, key, ranges, hparams))
            self.checkpoints.drop()
            self.unmarked = None
        elif key:
            self.unmarked = key, reached, ranges, hparams
            if (began := time.monotonic()) >= self.pause_until:
                self.mark()
                now = time.monotonic()
                self.pause_until = now + max(_CHECKPOINT_SECONDS, (now - began) / _CHECKPOINT_PART)

    def mark(self) -> None:
        """Write a checkpoint of the variable that is under way, if it is further than the last one says."""
        if self.unmarked is not None:
            key, reached, ranges, hparams = self.unmarked
            state = plain_levels(reached, self.where)
            if state is not None:
                self.checkpoints.write(Checkpoint(key, reached.done, state, ranges, hparams))
            self.unmarked = None

    def finish(self) -> RunReport:
        """Write hyperparameters, layout and notes, a record each, close the files, and say what was done."""
        self.files.close()
        hparams = self.plan.hparams | self.hparams_apart
        for entry in self.journal.entries:
            hparams |= entry.hparams
        whole = [job for index, job in enumerate(self.plan.jobs) if index not in self.failures]
        drawings = [*(drawing for job in whole for drawing in job.drawings), *self.drawn_alone]
        self.files.write_hparams(hparams, self.plan.name)
        self.files.write_layout(united(chart for drawing in drawings for chart in drawing.charts))
        self.files.write_text(NOTES_TAG, notes_page(self.plan, hparams, tuple(self.failures.values())))
        self.previous.remove()
        self.checkpoints.drop()
        return RunReport(
            name=self.plan.name,
            directory=str(self.files.run_dir),
            files=self.files.sizes,
            problems=(*self.plan.problems, *self.failures.values()),
            notes=tuple(self.notes),
            blocks=sum(self.counts),
            reused=self.blocks_reused,
            written=tuple(phrases(drawings, len(hparams))),
        )


def _same(result: Any) -> Any:
    return result


def _ends(ranges: Iterable[Ranges], least: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return the last end of each event file."""
    ends = dict(least or {})
    for found in ranges:
        for kind, (_, end) in found.items():
            ends[kind] = max(end, ends.get(kind, 0))
    return ends
