"""An examination: the assignment, the submission being judged, and how its tests find both.

The plugin is loaded in every run of pytest on a machine with the grader, so torch is imported only when a test begins.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from traceback import extract_tb
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from grader.model.errors import BrokenSuite
from grader.model.marks import Mark, read_todo

if TYPE_CHECKING:
    import inspect

    from grader.examiner.session import SubmissionSession
    from grader.model.assignment import Assignment
    from grader.model.devices import Device


@dataclass
class Examination:
    """The state that the fixtures of a suite use; `examine` changes the submission from one run to the next."""

    assignment: Assignment
    secret: bytes
    device: str = "cpu"
    _session: SubmissionSession | None = None
    _round: int = 0
    _seeded_as: str = ""
    _modules: dict[str, ModuleType] = field(default_factory=dict)

    def examine(self, session: SubmissionSession, *, round_number: int = 0, seeded_as: str = "") -> None:
        """Let the tests that follow judge this submission, with the inputs of the submission `seeded_as` if given.

        Each round of a gate has other inputs.
        """
        self._session, self._round = session, round_number
        self._seeded_as = seeded_as or session.submission.id

    @property
    def session(self) -> SubmissionSession:
        """Return the submission under examination. Raises pytest.UsageError if there is none."""
        if self._session is None:
            raise pytest.UsageError("no submission to examine: pass --submission PATH")
        return self._session

    def begin(self, item: pytest.Item) -> SubmissionSession:
        """Start one test of the submission under examination, with every generator seeded."""
        session = self.session
        torch = sys.modules.get("torch")
        if torch is not None:
            # Not torch.manual_seed: it also keeps a stack trace for each device that is not there.
            torch.default_generator.manual_seed(self.derive_seed(item, "examiner"))
        # A submission can read its own generator's seed: no hidden input may come from the same one.
        session.begin(read_todo(list_marks(item), where=item.nodeid), self.derive_seed(item, "submission"))
        return session

    def derive_seed(self, item: pytest.Item, purpose: str) -> int:
        """Return the seed of a test for the submission under examination."""
        from grader.model.seeds import derive_seed

        if self._round:
            purpose = f"{purpose}, round {self._round}"
        return derive_seed(self.secret, self.choose_draw(), make_test_id(item), purpose=purpose)

    def choose_draw(self) -> int:
        """Return the number of the draw that the submission under examination gets its inputs from."""
        from grader.model.seeds import choose_draw

        return choose_draw(self.secret, self._seeded_as, self.assignment.description.draws)

    def load_reference(self) -> ModuleType:
        """Return the solution as a module, imported once."""
        if "reference" not in self._modules:
            self._modules["reference"] = import_solution(self.assignment)
        return self._modules["reference"]

    def load_signatures(self) -> dict[str, inspect.Signature]:
        """Return how the reference's functions, classes and methods are called."""
        from grader.examiner.explain import read_signatures

        return read_signatures(self.load_reference())


# Where the fixtures look for it.
EXAMINATION = pytest.StashKey[Examination]()


def list_marks(item: pytest.Item) -> list[Mark]:
    """Return the marks of a test, the nearest first."""
    return [Mark(mark.name, mark.args, mark.kwargs) for mark in item.iter_markers()]


def make_test_id(item: pytest.Item) -> str:
    """Return a test's name within its suite: `test_parity.py::test_x[case]`."""
    return f"{item.path.name}::{item.name}"


def read_sentence(item: pytest.Item, default: str) -> str:
    """Return a test's docstring in one line: a sentence that a student may read."""
    function = getattr(item, "function", None)
    return " ".join((getattr(function, "__doc__", None) or default).split())


def import_solution(assignment: Assignment) -> ModuleType:
    """Return the solution's definitions as a module. Raises BrokenSuite if they cannot be imported.

    Cells for the notebook only are left out: they read data and use what the notebook's set-up defines.
    """
    from grader.intake import read_submission

    solution = read_submission(assignment.solution, module=assignment.module)
    if solution.refused:
        raise BrokenSuite(f"{assignment.solution}: {solution.refused}")
    module = ModuleType(f"reference_{assignment.name}")
    sys.modules[module.__name__] = module
    try:
        source = _blank_demos(solution.source, assignment.solution.read_text(encoding="utf-8"))
        exec(compile(source, str(assignment.solution), "exec", dont_inherit=True), module.__dict__)
    except Exception as error:  # noqa: BLE001 - whatever a solution raises makes the suite unusable, and nothing else
        lines = [
            frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(assignment.solution)
        ]
        place = f"{assignment.solution}:{lines[-1]}" if lines else str(assignment.solution)
        raise BrokenSuite(f"{place}: {type(error).__name__}: {error}") from error
    return module


def _blank_demos(source: str, text: str) -> str:
    """Return `source` with the lines blank that belong to cells tagged `notebook` in `text`, the same file as it is."""
    kept, is_demo = source.split("\n"), False
    for index, line in enumerate(text.split("\n")[: len(kept)]):
        if line.startswith("# %%"):
            is_demo = '"notebook"' in line
        if is_demo:
            kept[index] = ""
    return "\n".join(kept)


def prepare_torch(device: Device) -> None:
    """Set torch up as the zygote does, so that both sides compute the same."""
    import torch

    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(False)
    prepare_device(device)


def prepare_device(device: Device) -> None:
    """Make the virtual device known to this process, used or not: it is too late after the first backward."""
    from grader.wire.virtual_device import set_up_virtual_device

    if not device.is_cuda:
        set_up_virtual_device()
