"""Every kind of file that students hand in, one by each student of a class, as each system lays the class out."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.tests.support.class_downloads import NOTEBOOK, PACKED, PDF, RIGHT, lay_out
from grader.tests.support.intake_samples import make_archive, make_rar, make_zip


@dataclass(frozen=True)
class Trouble:
    """A file that a student hands in; `words` are in the reason if it is refused."""

    file: str
    content: str | bytes
    words: str = ""


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
COLAB = "https://colab.research.google.com/drive/1aB2c?usp=sharing\n"
# By the student's id, which is a family name as well.
TROUBLES: dict[str, Trouble] = {
    "alfa": Trouble("hw.zip", make_zip({"toy.py": RIGHT})),
    "bravo": Trouble("hw.7z", PACKED),
    "charlie": Trouble("hw.rar", make_rar({"toy.py": RIGHT})),
    "delta": Trouble("hw.tar.xz", make_archive({"toy.py": RIGHT}, "pax", "xz")),
    "echo": Trouble("hw.tar.bz2", make_archive({"toy.py": RIGHT}, "pax", "bzip2")),
    "foxtrot": Trouble("hw.tar.gz", make_archive({"toy.py": RIGHT}, "pax", "gzip")),
    "golf": Trouble("toy.py.txt", RIGHT),
    "hotel": Trouble("toy.ipynb.json", NOTEBOOK),
    "india": Trouble("toy", RIGHT),
    "juliett": Trouble("toy.pdf", PDF, "PDF"),
    "kilo": Trouble("toy.ipynb", POINTER, "Git LFS pointer"),
    "lima": Trouble("toy.txt", COLAB, "link"),
    "mike": Trouble("toy.py", "", "empty"),
    "november": Trouble("toy.py", "def double(:", "does not parse"),
}
NUMBERS = {student: 5201 + index for index, student in enumerate(TROUBLES)}
HEADER = "id,name,login,canvas,moodle,github\n"
ROSTER = HEADER + "".join(
    f"{student},Vera {student.title()},{student},{number},{number},gh-{student}\n"
    for student, number in NUMBERS.items()
)


def _lay_out_gradescope() -> dict[str, str | bytes]:
    people = "".join(
        f"submission_{number}:\n  :submitters:\n  - :name: Vera {student.title()}\n    :sid: {student}\n"
        for student, number in NUMBERS.items()
    )
    return {"submission_metadata.yml": people}


Name = Callable[[str, int, str], str]
# How each system names a student's file, and what else it writes.
SYSTEMS: dict[str, tuple[Name, Mapping[str, str | bytes]]] = {
    "canvas": (lambda student, number, file: f"{student}vera_{number}_{number + 4000}_{file}", {}),
    "moodle": (
        lambda student, number, file: f"Vera {student.title()}_{number}_assignsubmission_file/{file}",
        {},
    ),
    "moodle_flat": (
        lambda student, number, file: f"Vera {student.title()}_{number}_assignsubmission_file_{file}",
        {},
    ),
    "blackboard": (lambda student, number, file: f"HW_4_{student}_attempt_2025-10-10-09-00-00_{file}", {}),
    "brightspace": (
        lambda student, number, file: f"{number}-900 - Vera {student.title()} - Oct 10, 2025 1022 PM/{file}",
        {"index.html": "<html>"},
    ),
    "gradescope": (lambda student, number, file: f"submission_{number}/{file}", _lay_out_gradescope()),
    "submitted": (lambda student, number, file: f"{student}/toy/{file}", {}),
    "github": (lambda student, number, file: f"hw-gh-{student}/{file}", {}),
    "plain": (lambda student, number, file: f"{student}/{file}", {}),
}


def write_download(folder: Path, system: str) -> dict[str, str]:
    """Lay out the class as that system does. Return the student of each entry; empty for the system's own files."""
    name, beside = SYSTEMS[system]
    entries = dict.fromkeys(beside, "")
    lay_out(folder, beside)
    for student, trouble in TROUBLES.items():
        path = name(student, NUMBERS[student], trouble.file)
        lay_out(folder, {path: trouble.content})
        entry = path.partition("/")[0]
        entries[entry] = student
        if system == "github":
            subprocess.run(["git", "init", "-q"], cwd=folder / entry, check=True)
    return entries
