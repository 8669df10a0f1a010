"""Grade the mutants of an assignment: which does its hidden suite kill?"""

import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grader.authoring.mutants.equivalence import Comparison, DigestingChannel
from grader.authoring.mutants.model import Mutant
from grader.authoring.mutants.operators import write_mutants
from grader.authoring.mutants.regions import find_regions
from grader.authoring.mutants.survey import begin_survey, write_surveyed
from grader.authoring.time_limit import limit_time
from grader.examiner.suite import HiddenTest, Suite
from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.errors import BrokenSuite
from grader.model.submission import Submission
from grader.sandbox.in_process import InProcessChannel

# The inputs are the same on every machine, or a survivor's reason would be stale on another one.
SECRET = b"tests"
# Computing time of one mutant, in seconds: an endless loop is killed by it.
MOST_SECONDS = 10.0
# The test's own inputs, and others: a mutant that is taken for the reference must reply alike to both.
ROUNDS = (0, 101)


@dataclass(frozen=True)
class Fate:
    """The fate of a mutant. `tests` killed it; `difference` says where a survivor differs from the reference."""

    mutant: Mutant
    status: Literal["killed", "equivalent", "survived"]
    tests: tuple[str, ...] = ()
    difference: str = ""


@dataclass
class Bench:
    """A suite in this process, ready to judge the mutants of one assignment."""

    assignment: Assignment
    _kills: Counter[str] = field(default_factory=Counter, init=False)
    _digests: dict[tuple[str, int], set[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        # The suite is judged whole, whatever the course does where there is no GPU.
        description = self.assignment.description.model_copy(update={"gpu_policy": "virtual"})
        assignment = self.assignment.model_copy(update={"description": description})
        self.suite = Suite(assignment, SECRET)
        self.reference = read_submission(assignment.solution, module=assignment.module)
        source = self.reference.source
        self.regions = find_regions(source)
        self.survey = begin_survey()
        surveyed = replace(self.reference, source=write_surveyed(source, self.regions))
        for failed in self._list_failures(surveyed, self.suite.tests):
            raise BrokenSuite(f"{assignment.name}: the reference fails in {failed}")
        self.comparison = Comparison(source, assignment.module.removesuffix(".py"), self.survey)

    def judge(self, todo: str, *, by_all: bool = False) -> Iterator[Fate]:
        """Judge every mutant of one TODO: until a test fails, or `by_all` of them."""
        tests = [test for test in self.suite.tests if test.todo == todo]
        for made in write_mutants(self.reference.source, self.survey, todo):
            mutant = replace(made, line=self.reference.locate(made.line).line)
            submission = replace(self.reference, source=mutant.source)
            # torch has a lot to say of wrong code, and that is what it is.
            with limit_time(MOST_SECONDS), warnings.catch_warnings(action="ignore"):
                fate = self._judge(mutant, submission, tests, by_all=by_all)
            yield fate

    def _judge(self, mutant: Mutant, submission: Submission, tests: Sequence[HiddenTest], *, by_all: bool) -> Fate:
        # The test that has killed most comes first: many mutants of a TODO die by the same one.
        ordered = sorted(tests, key=lambda test: -self._kills[test.id])
        killers = tuple(self._list_failures(submission, ordered, by_all=by_all))
        if killers:
            self._kills[killers[0]] += 1
            return Fate(mutant, "killed", killers)
        difference = self._find_difference(mutant, submission, tests)
        return Fate(mutant, "survived" if difference else "equivalent", difference=difference)

    def _find_difference(self, mutant: Mutant, submission: Submission, tests: Sequence[HiddenTest]) -> str:
        places = {region.place for region in self.regions if region.todo == mutant.todo}
        difference = self.comparison.find_difference(mutant, places)
        if difference:
            return difference
        for number in ROUNDS:
            for test, digest in self._read_digests(tests, number, submission):
                if not self._is_expected(test, number, digest):
                    return f"the replies to {test.id}" + (" with other inputs" if number else "")
        return ""

    def _is_expected(self, test: HiddenTest, number: int, digest: str) -> bool:
        """Return whether the reference replies like that. One that names temporary files never replies the same."""
        if (test.id, number) not in self._digests:
            own = [other for other in self.suite.tests if other.todo == test.todo]
            for _ in range(2):
                for other, reply in self._read_digests(own, number, self.reference):
                    self._digests.setdefault((other.id, number), set()).add(reply)
        known = self._digests[test.id, number]
        return digest in known or len(known) > 1

    def _read_digests(
        self, tests: Sequence[HiddenTest], number: int, submission: Submission
    ) -> Iterator[tuple[HiddenTest, str]]:
        channel = DigestingChannel()
        session = self.suite.open_session(submission, channel)
        for test in tests:
            channel.restart()
            self.suite.find_failure(session, [test], round_number=number)
            yield test, channel.read_digest()

    def _list_failures(
        self, submission: Submission, tests: Sequence[HiddenTest], *, by_all: bool = False
    ) -> Iterator[str]:
        session = self.suite.open_session(submission, InProcessChannel())
        begin = time.process_time()
        for test in tests:
            if self.suite.find_failure(session, [test]):
                yield test.id
                # One that was stopped would have to be stopped in every test.
                if not by_all or time.process_time() - begin > MOST_SECONDS:
                    return
