"""The red team's table and files agree, and the judgement of a run finds what is wrong."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from grader.model.assignment import Limits, read_description
from grader.model.errors import BrokenSuite, UsageError
from grader.model.verdict import Verdict
from grader.redteam import corpus
from grader.redteam.__main__ import COURSE
from grader.redteam.corpus import Attack, AttackExpectation, load_attacks
from grader.redteam.host import MARK, DescriptorWatch, list_descendants, list_files
from grader.redteam.pages import find_live_text
from grader.redteam.run import HONEST, AttackRun, Neighbour, _find_changed, _judge_attacks, choose_attacks
from grader.reporting.rendering import render_template
from grader.tests.support.fake_worker import make_report
from grader.tests.support.toy import open_project

DESCRIPTION = read_description(COURSE / "assignments" / "target" / "assignment.toml")
TODOS = {todo.id for todo in DESCRIPTION.todo}
FEWEST = 80
FILES = sorted(path for path in corpus.ATTACKS.rglob("*.py") if path.parent.parent == corpus.ATTACKS)


def make_attack(*, ends: Verdict = Verdict.FAILED, solves: tuple[str, ...] = ()) -> Attack:
    """An attack on the first TODO of a fake worker's reports."""
    return Attack("forging", "one", AttackExpectation(aims="first", ends=(ends,), solves=solves))


def open_attack_run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AttackRun:
    """Return a run in which nothing was graded yet."""
    return AttackRun(open_project(monkeypatch, folder))


def test_attacks_name_files_of_the_jail_that_exist() -> None:
    """Otherwise an attack fails because a file was renamed, and proves nothing."""
    package = Path(corpus.__file__).parents[1]
    named = {name for path in FILES for name in re.findall(r"/jail/grader/(\S+?\.py)", path.read_text())}
    assert "jail/server.py" in named
    assert {name for name in named if not (package / name).is_file()} == set()


def test_there_are_many_attacks_and_the_table_names_them_all() -> None:
    """The table and the files agree, and there are enough of them."""
    assert len(load_attacks()) >= FEWEST


def test_a_file_without_its_line_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that the table does not name, or the other way round, stops the run."""
    (tmp_path / "forging").mkdir()
    (tmp_path / "forging" / "forgotten.py").write_text("")
    (tmp_path / "expected.toml").write_text("")
    monkeypatch.setattr(corpus, "ATTACKS", tmp_path)
    with pytest.raises(BrokenSuite, match=r"forging\.forgotten"):
        load_attacks()


@pytest.mark.parametrize("attack", load_attacks(), ids=lambda attack: attack.id)
def test_an_expectation_makes_sense(attack: Attack) -> None:
    """It names TODOs of the course, and `passed` only where the attack solves what it aims at."""
    expected = attack.expected
    assert {expected.aims, *expected.solves} <= TODOS
    assert (Verdict.PASSED in expected.ends) == (expected.aims in expected.solves)
    assert expected.ends and Verdict.GRADER_FAULT not in expected.ends


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_an_attack_says_what_it_tries(path: Path) -> None:
    """Its first line is a sentence."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_what_is_generated_can_be_laid_down(tmp_path: Path) -> None:
    """Every attack that is no file, but for the one of half a gigabyte, gives an entry."""
    for attack in load_attacks():
        if attack.kind in corpus.GENERATED and attack.name != "bomb":
            folder = tmp_path / attack.id
            folder.mkdir()
            attack.write(folder)
            assert any(folder.iterdir()), attack.id


def test_the_honest_solve_what_is_said() -> None:
    """Each kind of neighbour has its file, and its TODOs are the course's."""
    assert {path.stem for path in (corpus.HERE / "honest").glob("*.py")} == set(HONEST)
    assert all(solves <= TODOS for solves in HONEST.values())


def test_the_limits_are_tight() -> None:
    """Tighter than an ordinary assignment's: a run exceeds them hundreds of times."""
    assert DESCRIPTION.limits.cpu_seconds < Limits().cpu_seconds
    assert DESCRIPTION.limits.asleep_seconds < Limits().asleep_seconds


def test_a_class_of_attacks_can_be_chosen() -> None:
    """Its name is enough; another name is an error that lists those there are."""
    assert {attack.kind for attack in choose_attacks(["escapes"])} == {"escapes"}
    with pytest.raises(UsageError, match="there are forging"):
        choose_attacks(["nonsense"])


def test_a_gained_point_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Points in a TODO that the attack does not solve are a gain."""
    attack_run = open_attack_run(monkeypatch, tmp_path)
    attack_run.attacks["eve"], attack_run.reports["eve"] = make_attack(), make_report("eve", score=60)
    assert attack_run.count_gained() == 60
    assert any("gained 60 points for 'first'" in text for text in _judge_attacks(attack_run))


def test_what_was_solved_is_no_gain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Points in a TODO that the attack solves are its own."""
    attack_run = open_attack_run(monkeypatch, tmp_path)
    attack_run.attacks["eve"] = make_attack(ends=Verdict.PASSED, solves=("first",))
    attack_run.reports["eve"] = make_report("eve", score=60)
    assert (attack_run.count_gained(), list(_judge_attacks(attack_run))) == (0, [])


def test_another_verdict_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An attack that ends otherwise than the table says is named, though it gained nothing."""
    attack_run = open_attack_run(monkeypatch, tmp_path)
    attack_run.attacks["eve"], attack_run.reports["eve"] = (
        make_attack(ends=Verdict.CRASHED),
        make_report("eve", score=0),
    )
    assert [text for text in _judge_attacks(attack_run) if "otherwise than expected" in text]


def test_a_changed_neighbour_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two honest submissions of one kind have one result."""
    attack_run = open_attack_run(monkeypatch, tmp_path)
    for student, score in (("ada", 60.0), ("ben", 0.0)):
        attack_run.neighbours[student] = Neighbour("half", {"first"})
        attack_run.reports[student] = make_report(student, score=score)
    assert [text.split(":")[0] for text in _find_changed(attack_run)] == ["honest ben"]


def test_descriptors_that_stay_open_are_counted() -> None:
    """Descriptors open at the best moment late are more than early on; a busy moment is not, nor the start."""
    watch = DescriptorWatch()
    watch.counts[1] = [1, 1, 1, 1, 1, 9, 7, 12, 7, 8, 9, 7, 12, 8, 7]
    assert watch.count_grown() == 0
    watch.counts[1] = [1, 1, 1, 1, 1, 9, 7, 12, 7, 8, 13, 10, 15, 11, 10]
    assert watch.count_grown() == 3


def test_processes_that_stay_are_listed() -> None:
    """A living process below this one is listed, a zombie is not."""
    with subprocess.Popen(["sleep", "60"]) as child:
        listed = list_descendants()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert (child.pid in listed, child.pid in list_descendants()) == (True, False)


def test_files_that_stay_are_listed(tmp_path: Path) -> None:
    """Everything left in a folder of our own counts, under any name."""
    assert not [path for path in list_files([tmp_path]) if path.startswith(str(tmp_path))]
    (tmp_path / MARK).touch()
    assert str(tmp_path / MARK) in list_files([tmp_path])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", "<p><script>alert(1)</script></p>"),
        ("page.html", "<p onclick=alert(1)>x</p>"),
        ("page.html", "<a href='javascript:alert(1)'>x</a>"),
        ("page.html", "<p>\u202eadmin</p>"),
        ("grades.csv", "student,score\r\n=1+1,5\r\n"),
        ("grades.csv", 'student,score\r\n"\rada",5\r\n'),
        ("junit.xml", "<x>\x1b[2J</x>"),
    ],
)
def test_live_text_is_found(tmp_path: Path, name: str, text: str) -> None:
    """Live text is text that a browser, a spreadsheet or a terminal would carry out."""
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert list(find_live_text(tmp_path.iterdir()))


def test_only_our_own_script_runs_on_a_staff_page(tmp_path: Path) -> None:
    """The page's policy names it by its digest. Beside it, or without the policy, a script is live text."""
    page = render_template("staff_base.html", title="<script>alert(1)</script>")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert list(find_live_text(tmp_path.iterdir())) == []
    for changed in (page.replace("<main>", "<main><script>alert(1)</script>"), page.replace("sha256-", "sha256-A")):
        (tmp_path / "page.html").write_text(changed, encoding="utf-8")
        assert list(find_live_text(tmp_path.iterdir())) == ["page.html: <script>"]


def test_dead_text_is_left_alone(tmp_path: Path) -> None:
    """Escaped markup, and numbers that begin with a minus."""
    (tmp_path / "page.html").write_text("<p>&lt;script&gt; -1 \\u202e</p>", encoding="utf-8")
    (tmp_path / "grades.csv").write_text("student,score\r\n'=1+1,-5\r\n", encoding="utf-8")
    assert list(find_live_text(tmp_path.iterdir())) == []
