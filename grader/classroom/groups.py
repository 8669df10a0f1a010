"""Work that one member of a group hands in for all of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from grader.intake.downloads import HandedIn
from grader.intake.entries import compute_checksum
from grader.intake.folder import list_folder, open_file
from grader.intake.roster import Roster, Student
from grader.model.errors import SubmissionRefused


def share_group_work(attempts: Sequence[HandedIn], roster: Roster) -> tuple[list[HandedIn], list[str]]:
    """Return the attempts with those of each group given to every member, and warnings.

    Where two members handed in different work, each keeps their own, and the others of the group get none: which of
    the two is the group's is for the staff to say.
    """
    by_student: dict[str, list[HandedIn]] = defaultdict(list)
    for item in attempts:
        by_student[item.student].append(item)
    groups: dict[str, list[Student]] = defaultdict(list)
    for student in roster.students:
        if student.group and not student.is_test:
            groups[student.group].append(student)
    shared = list(attempts)
    warnings = []
    for group, members in groups.items():
        active = [student for student in members if student.id in by_student]
        rest = [student for student in members if student.id not in by_student]
        # Equal for two members who handed in the same files.
        works = {tuple(_digest(item) for item in by_student[student.id]) for student in active}
        if len(works) > 1:
            uploads = " and ".join(f"{student.label} ({by_student[student.id][-1].entry})" for student in active)
            without = f"; {', '.join(student.label for student in rest)} got none" if rest else ""
            warnings.append(
                f"group {group!r}: different work of {uploads}: each keeps their own{without}; leave one entry of the "
                "group in the folder, or take them apart in the roster"
            )
        elif active:
            note = f"handed in by {active[0].name or active[0].id} for the group {group!r}"
            shared += [
                replace(item, student=student.id, name=student.name, note=note)
                for student in rest
                for item in by_student[active[0].id]
            ]
    return shared, warnings


def _digest(item: HandedIn) -> object:
    if item.path.is_file():
        return compute_checksum(open_file(item.path, item.path.name))
    try:
        entries = list_folder(item.path).entries
    except SubmissionRefused:
        return item.path
    return tuple(sorted((entry.path, compute_checksum(entry)) for entry in entries))
