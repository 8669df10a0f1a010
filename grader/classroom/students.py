"""Find the student that staff mean by an id or a name."""

from collections.abc import Mapping
from difflib import get_close_matches

from grader.intake.roster import Roster, Student
from grader.model.errors import UsageError

MOST_NEAR = 5


def find_student(text: str, names: Mapping[str, str]) -> str:
    """Return the id of the student that `text` means: an id, a whole name, or parts of a name that fit one student.

    `names` maps each id to a name. Raises UsageError where the text fits several students or none.
    """
    if text in names:
        return text
    people = Roster(tuple(Student(id=student, name=name) for student, name in names.items()))
    words = [{student.id for student in people.find_by_word(word)} for word in text.replace(",", " ").split()]
    by_parts = set.intersection(*words) if words else set()
    fitting = tuple(student for student in people.students if student.id in by_parts)
    found = people.find_by_id(text) or people.find_by_name(text) or fitting
    if len(found) == 1:
        return found[0].id
    if found:
        raise UsageError(f"{text!r} fits {', '.join(student.label for student in found)}: pass the id")
    labels = {student.label for student in people.students}
    near = get_close_matches(text, sorted({*names, *labels}), n=MOST_NEAR) or sorted(labels)[:MOST_NEAR]
    raise UsageError(f"no student {text!r} in this class: there is {', '.join(near)}")
