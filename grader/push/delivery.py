"""Decide what a push sends: the same for every platform.

A score is sent once: not if the log says that it was sent, and not if the platform has it already. Only redacted
reports are used here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.run_folder import RunFolder
from grader.model.errors import GraderError, UsageError
from grader.push.log import Log, open_log, read_settled
from grader.push.platform import Platform, PlatformReply, ScoreUpload
from grader.reporting.feedback import describe_report
from grader.reporting.published import (
    ExportOptions,
    PublishedClass,
    list_left_out,
    open_published_class,
)


@dataclass(frozen=True)
class PushOptions:
    """Settings of a push; with `again`, scores are sent even if the log says that they were."""

    export: ExportOptions = field(default_factory=ExportOptions)
    feedback: bool = True
    dry_run: bool = False
    again: bool = False


@dataclass
class PushResult:
    """The result of a push: `left_out` says which students are not in it and why, `refused` which it refused."""

    sent: int = 0
    kept: int = 0
    left_out: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def push_run(run: Path, platform: Platform, options: PushOptions, on_line: Callable[[str], None]) -> PushResult:
    """Send the scores of a run that the platform does not have yet; call `on_line` for each.

    Raises UsageError for problems that the user can solve, and PlatformFailed. The log keeps what was sent before.
    """
    if not options.export.roster.students:
        raise UsageError(
            f"a roster says who has which id in {platform.name}: pass --roster CSV with the columns `id` and "
            f"`{platform.system}`, or the list of the class that {platform.name} exports; without it nothing is sent"
        )
    published = open_published_class(RunFolder(run).read_reports(), options.export)
    uploads, unknown = _make_uploads(published, platform, feedback=options.feedback)
    result = PushResult(left_out=[*list_left_out(published), *unknown])
    if options.dry_run:
        pending = _list_pending(uploads, platform, {} if options.again else read_settled(run))
        for upload in pending:
            score = f"{upload.score:g} / {upload.max_score:g}"
            on_line(f"would send {upload.entry.student.label}: {score} to {upload.key!r} at {platform.to}")
            for line in upload.comment.splitlines():
                on_line(f"    {line}")
        result.kept = len(uploads) - len(pending)
        on_line(
            f"would send {len(pending)} scores to {platform.to}: {result.kept} were sent before, "
            f"{len(result.left_out)} students are left out"
        )
        return result
    with open_log(run) as log:
        pending = _list_pending(uploads, platform, {} if options.again else log.settled)
        result.kept = len(uploads) - len(pending)
        if pending:
            _Delivery(platform, log, result, on_line, left=len(pending)).deliver(pending, published)
    return result


@dataclass
class _Delivery:
    """One round to one platform; `left` counts the students whose score is still open."""

    platform: Platform
    log: Log
    result: PushResult
    on_line: Callable[[str], None]
    left: int

    def deliver(self, pending: Sequence[ScoreUpload], published: PublishedClass) -> None:
        """Send what the platform does not have, and record every reply as it comes."""
        try:
            self.result.left_out += self.platform.connect(published)
            for reply in self.platform.send(self._select_missing(pending)):
                self._record_reply(reply)
        except GraderError as error:
            self.log.add(system=self.platform.system, to=self.platform.to, outcome="stopped", reason=str(error))
            raise type(error)(f"{error} ({self.result.sent} sent, {self.left} left)") from error
        finally:
            self.platform.close()

    def _select_missing(self, pending: Sequence[ScoreUpload]) -> list[ScoreUpload]:
        missing = []
        grades = self.platform.read_grades()
        for upload in pending:
            grade = grades.get(upload.key)
            if grade and grade.excused:
                self.left -= 1
                self.result.left_out.append(f"{upload.student!r} is excused in {self.platform.name}: not changed")
            elif grade and grade.has_all(upload):
                self.left -= 1
                self.result.kept += 1
                self._log(upload, "there already")
            else:
                missing.append(upload)
        return missing

    def _record_reply(self, reply: PlatformReply) -> None:
        self.left -= 1
        upload = reply.upload
        self._log(upload, "sent" if reply.is_accepted else "refused", status=reply.status, reason=reply.reason)
        if reply.is_accepted:
            self.result.sent += 1
            self.on_line(f"sent {upload.entry.student.label}: {upload.score:g} / {upload.max_score:g}")
            return
        why = f"{reply.status} ({reply.reason})" if reply.reason else str(reply.status)
        self.result.refused.append(
            f"{self.platform.name} refused the score of {upload.student!r} (id there: {upload.key!r}): {why}; check "
            "the id in the roster, and that the student is in the course"
        )

    def _log(self, upload: ScoreUpload, outcome: str, **reply: object) -> None:
        self.log.add(
            system=self.platform.system,
            to=self.platform.to,
            student=upload.student,
            key=upload.key,
            score=upload.score,
            max_score=upload.max_score,
            digest=upload.digest,
            outcome=outcome,
            **reply,
        )


def _make_uploads(
    published: PublishedClass, platform: Platform, *, feedback: bool
) -> tuple[list[ScoreUpload], list[str]]:
    uploads: dict[str, ScoreUpload] = {}
    unknown = []
    for entry in published.final:
        key = platform.find_key(entry)
        if not key:
            unknown.append(
                f"{entry.student.id!r} is left out: no id for {platform.name}; fill in the roster's column "
                f"`{platform.system}` and pass it with --roster"
            )
            continue
        if key in uploads:
            raise UsageError(
                f"{uploads[key].student!r} and {entry.student.id!r} have the same id in the roster's column "
                f"`{platform.system}`, {key!r}: one would get the other's score; correct the roster"
            )
        comment = describe_report(entry.report, entry.language) if feedback else ""
        uploads[key] = ScoreUpload(entry, key, comment)
    return list(uploads.values()), unknown


def _list_pending(
    uploads: Sequence[ScoreUpload], platform: Platform, settled: Mapping[tuple[str, str], str]
) -> list[ScoreUpload]:
    return [upload for upload in uploads if settled.get((platform.to, upload.key)) != upload.digest]
