"""The errors that the grader raises on purpose, as one tree.

GraderError
├── UsageError              the command cannot be carried out as given: exit code 2
│   ├── UnknownAssignment
│   ├── SubmissionNotFound
│   └── IsolationUnavailable
├── PlatformFailed          a learning-management system did not do its part: exit code 1
├── SubmissionRefused       what was handed in cannot be read: a report with that reason, never a traceback
├── DamagedRecording        what was recorded cannot be read: the submission is graded again, with a note
└── GraderFault             the grader itself is at fault: never scored as a zero
    ├── BrokenSuite         a hidden test, an assignment.toml or a solution is wrong
    └── BrokenJail          the sandbox did not start or its zygote died
"""


class GraderError(Exception):
    """Base of all. The message names the thing, then the cause, then what to do."""


class UsageError(GraderError):
    """The command cannot be carried out as it was given."""


class UnknownAssignment(UsageError):
    """No assignment has that name."""


class SubmissionNotFound(UsageError):
    """Nothing was handed in at that path."""


class IsolationUnavailable(UsageError):
    """The isolation asked for cannot be had on this machine."""


class PlatformFailed(GraderError):
    """A learning-management system did not answer, or is in trouble itself; what it took before, it keeps."""


class SubmissionRefused(GraderError):
    """The submission cannot be read; the message is fit for the student."""


class DamagedRecording(GraderError):
    """A recording is missing or is not what was written; the message says only why."""


class GraderFault(GraderError):
    """The grader, not the student, is at fault."""


class BrokenSuite(GraderFault):
    """A hidden test, an assignment.toml or a solution is wrong."""


class BrokenJail(GraderFault):
    """The sandbox did not start, or its zygote died."""
