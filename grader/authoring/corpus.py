"""Read the corpus of a hidden suite: right and wrong variants of the solution, and the score that each must get.

`tests_hidden/README.md` describes the format.
"""

import tomllib
from collections import Counter

from pydantic import TypeAdapter, ValidationError, model_validator

from grader.model.assignment import Assignment, Frozen
from grader.model.errors import BrokenSuite

LEAST_VARIANTS = 2
Share = tuple[float, float]


class VariantExpectation(Frozen):
    """The score that one variant must get: the TODOs that lose points, all others full."""

    loses: tuple[str, ...] = ()
    # Between which shares of its points each TODO that loses some must keep; for all of them where it is a pair.
    keeps: dict[str, Share] = {}
    mistake: str = ""
    note: str = ""
    # A text of the solution, and what stands there in the variant: in place of a file of the corpus.
    replace: tuple[str, str] | None = None
    standalone: bool = False
    confined: bool = False  # hangs, crashes or attacks: graded in the jail, as cheats always are

    @model_validator(mode="before")
    @classmethod
    def _spread_keeps(cls, data: dict[str, object]) -> dict[str, object]:
        keeps, loses = data.get("keeps"), data.get("loses", ())
        if isinstance(keeps, list) and isinstance(loses, list):
            return data | {"keeps": dict.fromkeys(loses, keeps)}
        return data

    @model_validator(mode="after")
    def _check_keeps(self) -> "VariantExpectation":
        strangers = sorted(self.keeps.keys() - set(self.loses))
        if strangers:
            raise ValueError(f"`keeps` names {', '.join(strangers)}, which is not among what it loses")
        if any(not 0 <= low <= high < 1 for low, high in self.keeps.values()):
            raise ValueError("`keeps` is two shares from 0 to below 1, the lower one first")
        return self

    @model_validator(mode="after")
    def _check_replace(self) -> "VariantExpectation":
        if self.replace and self.standalone:
            raise ValueError("`replace` changes the solution, and `standalone` leaves it out: use one of them")
        return self


def load_expectations(assignment: Assignment) -> dict[str, VariantExpectation]:
    """Return the entries of expected.toml: one for every file of the corpus, and those that replace a text instead.

    Raises BrokenSuite where files and entries differ, an entry cannot be, or a right variant only replaces a text.
    """
    folder = assignment.hidden_tests / "corpus"
    tables = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    tables.pop("survivors", None)  # of mutants, which are no files: `mutants.verification` reads them
    try:
        expectations = TypeAdapter(dict[str, VariantExpectation]).validate_python(tables)
    except ValidationError as error:
        first = error.errors()[0]
        place, reason = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        raise BrokenSuite(f"{folder / 'expected.toml'}: {place}: {reason}") from error
    files = {path.stem for path in folder.glob("*.py")}
    filed = {name for name, expectation in expectations.items() if expectation.replace is None}
    if files != filed:
        raise BrokenSuite(f"{folder}: expected.toml and the files differ in {sorted(files ^ filed)}")
    for name in sorted(expectations.keys() - filed):
        if name.startswith("right_"):
            raise BrokenSuite(f"{folder / 'expected.toml'}: {name} uses `replace`; write a right variant as a file")
    return expectations


def choose_few(expectations: dict[str, VariantExpectation]) -> dict[str, VariantExpectation]:
    """Return every right variant, and for each TODO the first wrong ones, as many as it must have."""
    counts: Counter[str] = Counter()
    chosen = {}
    for name, expectation in expectations.items():
        if name.startswith("right_") or any(counts[todo] < LEAST_VARIANTS for todo in expectation.loses):
            chosen[name] = expectation
            counts.update(expectation.loses)
    return chosen


def build_source(assignment: Assignment, name: str, expectation: VariantExpectation) -> str:
    """Return the module of a variant. Raises BrokenSuite where the text to replace is not in the solution once."""
    corpus = assignment.hidden_tests / "corpus"
    solution = assignment.solution.read_text(encoding="utf-8")
    if expectation.replace is None:
        text = (corpus / f"{name}.py").read_text(encoding="utf-8")
        return text if expectation.standalone else f"{solution}\n\n{text}"
    old, new = expectation.replace
    count = solution.count(old) if old else 0
    if count != 1:
        raise BrokenSuite(
            f"{corpus / 'expected.toml'}: {name} replaces {old!r}, which must be in {assignment.solution.name} "
            f"exactly once and is there {count} times: copy more lines around it"
        )
    return solution.replace(old, new)
