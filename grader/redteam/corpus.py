"""Load the attacks and what is expected of each: `attacks/expected.toml` and the files beside it.

The attacks are copied, never imported.
"""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from grader.model.assignment import Frozen
from grader.model.errors import BrokenSuite
from grader.model.verdict import Verdict
from grader.redteam.generated import MODULE, NAMES, SOURCES, Writer, write_wrong
from grader.redteam.generated_code import LOOKING, NAMING, REPORTS, WAITING
from grader.redteam.generated_files import BOMBS, FILES

HERE = Path(__file__).parent
ATTACKS = HERE / "attacks"
GENERATED: dict[str, dict[str, Writer]] = {
    "source": SOURCES,
    "names": dict.fromkeys(NAMES, write_wrong),
    "bombs": BOMBS,
    "files": FILES,
    "naming": NAMING,
    "waiting": WAITING,
    "reports": REPORTS,
    "looking": LOOKING,
}


class AttackExpectation(Frozen):
    """The expected result of one attack; `grader/redteam/README.md` explains the fields."""

    aims: str = "double"
    ends: tuple[Verdict, ...]
    solves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attack:
    """One hostile submission."""

    kind: str
    name: str
    expected: AttackExpectation

    @property
    def id(self) -> str:
        """Return its name in `expected.toml`."""
        return f"{self.kind}.{self.name}"

    def write(self, folder: Path) -> None:
        """Write it into a student's folder."""
        if self.kind in GENERATED:
            GENERATED[self.kind][self.name](folder)
            return
        path = ATTACKS / self.kind / self.name
        if path.is_dir():
            shutil.copytree(path, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path.with_suffix(".py"), folder / MODULE)


def load_attacks() -> list[Attack]:
    """Return every attack of the table. Raises BrokenSuite if the table and the files differ."""
    text = (ATTACKS / "expected.toml").read_text(encoding="utf-8")
    table = TypeAdapter(dict[str, dict[str, AttackExpectation]]).validate_python(tomllib.loads(text))
    attacks = [Attack(kind, name, expected) for kind, names in table.items() for name, expected in names.items()]
    files = {f"{path.parent.name}.{path.stem}" for path in ATTACKS.glob("*/*") if path.name != "__pycache__"}
    generated = {f"{kind}.{name}" for kind, names in GENERATED.items() for name in names}
    differing = {attack.id for attack in attacks} ^ (files | generated)
    if differing:
        raise BrokenSuite(f"{ATTACKS}: expected.toml and the attacks differ in {sorted(differing)}")
    return attacks
