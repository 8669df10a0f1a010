"""`grader check`: a student's own public tests, in this process, without anything that is hidden."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.authoring.release import render_notebook, render_skeleton
from grader.authoring.student_kit import CONFTEST
from grader.cli.app import main
from grader.reporting.safe_text import escape_control_characters
from grader.tests.support.toy import SOLUTION, TOML, open_project

PUBLIC = '''
import pytest

from grader.examiner import assert_parity


@pytest.mark.todo("double")
@pytest.mark.behaviour
def test_two_becomes_four(student):
    """Two is doubled to four."""
    assert student.double(2) == 4, "two is not doubled"


@pytest.mark.todo("shout")
@pytest.mark.parity
def test_a_word_is_shouted(student):
    """A word comes in capitals."""
    assert_parity(student.shout("ab"), "AB", what="the word")
'''
RIGHT = "def double(number):\n    return 2 * number\n\n\ndef shout(word):\n    return word.upper()\n"
# What reaches for Linux alone, in our code and in Python's.
ONLY_LINUX = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "pyseccomp", "posix", "select"}
WALL = {"grader.sandbox.jail", "grader.sandbox.channel", "grader.jail.confine", "grader.jail.zygote"}
# Modules that a plain check of a module without torch does not load.
SELDOM = {f"grader.examiner.{name}" for name in ("array_parity", "autograd", "expected_errors", "student_files")}
PROBE = """
import ast, json, sys
import pytest
status = pytest.main(["-q", "-p", "no:cacheprovider"])
sys.argv = ["grader", "check", "toy.py", "--lang", "ko", "--html", "page.html"]
from grader.cli.check import main
try:
    main()
except SystemExit as end:
    checked = end.code
import grader.examiner
for name in grader.examiner.__all__:
    getattr(grader.examiner, name)
ours = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "grader"}
imports = set()
for module in ours.values():
    for node in ast.parse(module.__loader__.get_source(module.__name__) or "").body:
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imports.add(node.module)
files = sorted({module.__file__.split("grader_check-")[-1].split("/")[0] for module in ours.values()})
print("\\nPROBE", json.dumps([int(status), checked, sorted(ours), sorted(imports), files]))
"""


@dataclass(frozen=True)
class Answer:
    """Exit code and output of the command."""

    code: int
    out: str
    err: str


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Runs `grader check` with arguments in this process."""

    def call_main(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["grader", "check", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Answer(int(end.value.code or 0), said.out, said.err)

    return call_main


@pytest.fixture(autouse=True)
def _fork_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a student's machine one check starts one process; here many share one that has imported torch.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["grader.student.public_tests"])
    monkeypatch.setattr("grader.student.check.CONTEXT", context)


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit's folder, with nothing around it but the student's attempt; it is the current folder."""
    folder = tmp_path / "toy"
    (folder / "tests_public").mkdir(parents=True)
    (folder / "tests_public" / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    (folder / "toy.py").write_text(RIGHT, encoding="utf-8")
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    monkeypatch.chdir(folder)
    return folder


def find_line(out: str, todo: str) -> str:
    """The line of a TODO's only test, and what follows it."""
    start = out.index(f" {todo} ")
    return out[out.rindex("\n", 0, start) + 1 if "\n" in out[:start] else 0 :]


def test_a_right_module_passes(check: Callable[..., Answer], kit: Path) -> None:
    """Exit code 0, one line a test with its TODO and what it asks."""
    answer = check("toy.py", "-a", "toy")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].split() == ["passed", "double", "Two", "is", "doubled", "to", "four."]
    assert lines[1].split()[:2] == ["passed", "shout"]
    assert lines[2] == "toy.py: 2 of 2 public tests passed"


def test_imports_of_the_assignment_are_there_before_a_test(check: Callable[..., Answer], kit: Path) -> None:
    """A slow one is no part of a test's time; one that is missing here costs nothing."""
    toml = TOML.replace("imports = []", 'imports = ["no_such_package", "zipapp"]')
    (kit / "assignment.toml").write_text(toml, encoding="utf-8")
    body = "import sys\n\n\ndef double(number):\n    return 2 * number if 'zipapp' in sys.modules else 0\n"
    (kit / "toy.py").write_text(body + RIGHT[RIGHT.index("\n\n\ndef shout") :], encoding="utf-8")
    answer = check("toy.py", "-a", "toy")
    assert "toy.py: 2 of 2 public tests passed" in answer.out


def test_a_wrong_module_is_told_what_was_expected(check: Callable[..., Answer], kit: Path) -> None:
    """Exit code 3; found and expected values are named, and the other TODO stands for itself."""
    (kit / "toy.py").write_text(RIGHT.replace("2 * number", "number + 1"), encoding="utf-8")
    answer = check("toy.py", "-a", "toy")
    assert answer.code == 3
    assert "two is not doubled; found 3, expected 4" in answer.out
    assert find_line(answer.out, "double").startswith("  failed")
    assert find_line(answer.out, "shout").startswith("  passed")
    assert "toy.py: 1 of 2 public tests passed" in answer.out


SWALLOW = "while True:\n        try:\n            number += 1\n        except BaseException:\n            pass"
# Loops that an exception, raised by a signal, does not end: Python code that catches it, and C code.
LOOPS = {"plain": "while True: number += 1", "catches everything": SWALLOW, "in C": "return sum(iter(int, 1))"}
THIRD = '''

@pytest.mark.todo("shout")
@pytest.mark.behaviour
def test_a_word_is_shouted_twice(student):
    """A word is shouted twice."""
    assert student.shout(student.shout("ab")) == "AB"
'''


@pytest.mark.parametrize(
    "loop",
    [pytest.param(text, id=name, marks=[pytest.mark.slow] if name == "in C" else []) for name, text in LOOPS.items()],
)
def test_an_endless_loop_is_stopped(
    check: Callable[..., Answer], kit: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    """Its TODO is named, with the line; the others are checked all the same."""
    monkeypatch.setattr("grader.student.check.TEST_SECONDS", 1.0)
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", loop), encoding="utf-8")
    answer = check("toy.py", "-a", "toy")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith("  timed_out")
    assert "stopped after 1 seconds: is there a loop that never ends? (in double, toy.py, line " in answer.out
    assert find_line(answer.out, "shout").startswith("  passed")
    assert "toy.py: 1 of 2 public tests passed" in answer.out


@pytest.mark.slow
def test_every_endless_loop_is_stopped_once(
    check: Callable[..., Answer], kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tests that never end have a verdict each, in their order, and none is run again."""
    monkeypatch.setattr("grader.student.check.TEST_SECONDS", 1.0)
    (kit / "tests_public" / "test_public.py").write_text(PUBLIC + THIRD, encoding="utf-8")
    mark = "open('runs.txt', 'a').write('x')\n    "
    source = RIGHT.replace("return 2 * number", mark + SWALLOW)
    source = source.replace("return word.upper()", mark + SWALLOW.replace("number += 1", "word + ''"))
    (kit / "toy.py").write_text(source, encoding="utf-8")
    answer = check("toy.py", "-a", "toy")
    assert [line.split()[:2] for line in answer.out.splitlines() if line.startswith("  timed_out")] == [
        ["timed_out", "double"],
        ["timed_out", "shout"],
        ["timed_out", "shout"],
    ]
    assert "0 of 3 public tests passed" in answer.out
    assert (kit / "runs.txt").read_text() == "xxx"


@pytest.mark.slow
def test_an_endless_loop_of_a_definition_is_stopped(
    check: Callable[..., Answer], kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs while the submission is loaded has a limit as well."""
    monkeypatch.setattr("grader.student.check.LOAD_SECONDS", 1.0)
    (kit / "toy.py").write_text(
        "def wait():\n    while True:\n        pass\n\n\nFACTOR = wait()\n\n\n"
        + RIGHT.replace("2 * number", "FACTOR * number"),
        encoding="utf-8",
    )
    answer = check("toy.py", "-a", "toy")
    assert answer.out.count("  timed_out") == 2
    assert "(in wait, toy.py, line " in answer.out


ENDINGS = {"exit": "import os; os._exit(3)", "segmentation fault": "import ctypes; ctypes.string_at(0)"}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_code_that_ends_its_process_fails_one_test(check: Callable[..., Answer], kit: Path, ending: str) -> None:
    """The others are checked in a fresh process."""
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", ending), encoding="utf-8")
    answer = check("toy.py", "-a", "toy")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith("  crashed")
    assert find_line(answer.out, "shout").startswith("  passed")


STRICT = TOML.replace('where = ["double"]', 'where = ["double"]\nforbid = ["math.fsum"]')
# Two TODOs of one function: `double` is what the first of them assigns.
SHARED = """
title = "Toy"
module = "toy.py"
imports = []

[[todo]]
id = "double"
title = "Double a number"
points = 60
where = ["work"]
fill = "number"

[[todo]]
id = "shout"
title = "Shout a word"
points = 40
where = ["work"]
fill = "''"
"""
SHARED_OUTLINE = """def work(number, word):
    doubled = FIXME("double")
    shouted = FIXME("shout")
    return doubled, shouted
"""
SHARED_TESTS = PUBLIC.replace("student.double(2)", "student.work(2, 'ab')[0]").replace(
    'student.shout("ab")', 'student.work(2, "ab")[1]'
)


def share_function(kit: Path, answer: str) -> None:
    """Make the kit's TODOs those of one function, with this answer to the first."""
    (kit / "assignment.toml").write_text(SHARED, encoding="utf-8")
    (kit / "tests_public" / "test_public.py").write_text(SHARED_TESTS, encoding="utf-8")
    (kit / "tests_public" / "outline.txt").write_text(SHARED_OUTLINE, encoding="utf-8")
    source = f"def work(number, word):\n    {answer}\n    shouted = word.upper()\n    return doubled, shouted\n"
    (kit / "toy.py").write_text(source, encoding="utf-8")


def test_a_forbidden_name_is_found(check: Callable[..., Answer], kit: Path) -> None:
    """As the grader finds it, with the line; the other TODO may use it."""
    (kit / "assignment.toml").write_text(STRICT, encoding="utf-8")
    (kit / "tests_public" / "outline.txt").write_text("def double(number):\n    return FIXME('double')\n")
    (kit / "toy.py").write_text("import math\n\n\n" + RIGHT.replace("2 * number", "math.fsum([number, number])"))
    answer = check("toy.py")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith("  forbidden")
    assert "math.fsum is not to be used here (toy.py, line 5)" in answer.out
    assert find_line(answer.out, "shout").startswith("  passed")


def test_a_name_that_the_given_code_uses_is_allowed(check: Callable[..., Answer], kit: Path) -> None:
    """Where the reference reaches it too, which the outline says."""
    (kit / "assignment.toml").write_text(STRICT, encoding="utf-8")
    given = "import math\n\n\ndef add(n):\n    return math.fsum([n, n])\n\n\n"
    stub = "def double(number):\n    return FIXME('double')\n"
    (kit / "toy.py").write_text(given + RIGHT.replace("2 * number", "add(number)"))
    (kit / "tests_public" / "outline.txt").write_text(given + stub + "double = add, math\n")
    assert find_line(check("toy.py").out, "double").startswith("  passed")
    (kit / "tests_public" / "outline.txt").write_text(given + stub)
    assert find_line(check("toy.py").out, "double").startswith("  forbidden")


def test_a_neighbour_that_raises_costs_no_other_todo(check: Callable[..., Answer], kit: Path) -> None:
    """Its lines are filled for the tests of the other TODO in its function, and for no test of its own."""
    share_function(kit, "doubled = number / 0")
    answer = check("toy.py")
    assert find_line(answer.out, "double").startswith("  raised")
    assert find_line(answer.out, "shout").startswith("  passed")


def test_an_endless_neighbour_costs_no_other_todo(
    check: Callable[..., Answer], kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test that was stopped runs once more with the loop filled."""
    monkeypatch.setattr("grader.student.check.TEST_SECONDS", 1.0)
    share_function(kit, "doubled = sum(iter(int, 1))")
    answer = check("toy.py")
    assert find_line(answer.out, "double").startswith("  timed_out")
    assert find_line(answer.out, "shout").startswith("  passed")


def test_a_kit_without_its_outline_is_told(check: Callable[..., Answer], kit: Path) -> None:
    """Where names are forbidden, the verdicts need it."""
    (kit / "assignment.toml").write_text(STRICT, encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 2
    assert "no file 'outline.txt'" in answer.err and "unpack the whole kit again" in answer.err


def test_parity_shows_both_values(check: Callable[..., Answer], kit: Path) -> None:
    """A public test may tell what a hidden one keeps to itself."""
    (kit / "toy.py").write_text(RIGHT.replace("word.upper()", "word"), encoding="utf-8")
    assert "the word: a str is not what was expected; found 'ab', expected 'AB'" in check("toy.py").out


def test_a_skeleton_is_not_filled_in_yet(check: Callable[..., Answer], kit: Path) -> None:
    """No tracebacks for somebody who has just begun: every TODO is named as open, and they are counted."""
    (kit / "toy.py").write_text(render_skeleton(SOLUTION), encoding="utf-8")
    answer = check()
    assert answer.code == 3
    assert answer.out.count("this TODO is not filled in yet") == 2
    assert "2 of 2 TODOs not filled in yet: double, shout" in answer.out
    assert "Error" not in answer.out


def test_one_open_todo_hides_no_other(check: Callable[..., Answer], kit: Path) -> None:
    """A TODO that is done is named as done."""
    skeleton = render_skeleton(SOLUTION).replace('FIXME("double")\n', "number * 2\n")
    (kit / "toy.py").write_text(skeleton, encoding="utf-8")
    answer = check()
    assert find_line(answer.out, "double").startswith("  passed")
    assert "1 of 2 TODOs not filled in yet: shout" in answer.out
    assert answer.code == 3


def test_an_undefined_sentinel_is_an_open_todo(check: Callable[..., Answer], kit: Path) -> None:
    """In the original lab `FIXME` is a name that no one defines."""
    (kit / "toy.py").write_text(RIGHT.replace("word.upper()", "FIXME"), encoding="utf-8")
    assert "1 of 2 TODOs not filled in yet: shout" in check().out


def test_a_syntax_error_is_located(check: Callable[..., Answer], kit: Path) -> None:
    """One sentence with the line; no test is run."""
    (kit / "toy.py").write_text(RIGHT + "def broken(:\n", encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 3
    assert "line 7" in answer.out
    assert "passed" not in answer.out
    assert "Traceback" not in answer.out + answer.err


def test_a_missing_file_is_told(check: Callable[..., Answer], kit: Path) -> None:
    """Exit code 2: nothing was checked."""
    answer = check("tyo.py")
    assert (answer.code, answer.out) == (2, "")
    assert "nothing at 'tyo.py'" in answer.err


def test_a_notebook_is_checked(check: Callable[..., Answer], kit: Path) -> None:
    """Definitions are read from its cells; what is wrong is located by cell."""
    text = render_notebook(SOLUTION, open_todos=False).replace("word.upper()", "word / 2")
    (kit / "toy.ipynb").write_text(text, encoding="utf-8")
    answer = check("toy.ipynb")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith("  passed")
    assert "TypeError" in answer.out and "cell 4" in answer.out


def test_of_module_and_notebook_the_further_one_is_checked(check: Callable[..., Answer], kit: Path) -> None:
    """A kit holds both; without a path the one with fewer open TODOs counts, and it is named."""
    (kit / "toy.py").write_text(render_skeleton(SOLUTION), encoding="utf-8")
    (kit / "toy.ipynb").write_text(render_notebook(SOLUTION, open_todos=False), encoding="utf-8")
    answer = check()
    assert answer.code == 0
    assert "toy.ipynb: 2 of 2 public tests passed" in answer.out


def test_what_fails_on_import_costs_only_its_users(check: Callable[..., Answer], kit: Path) -> None:
    """A missing package and a constant that cannot be computed are named where they are needed."""
    top = "import no_such_package\n\nFACTOR = 4 // no_such_package.none\n\n\n"
    (kit / "toy.py").write_text(top + RIGHT.replace("2 * number", "FACTOR * number"), encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 3
    assert "no_such_package" in find_line(answer.out, "double")
    assert find_line(answer.out, "shout").startswith("  passed")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [("raise SystemExit(0)", "crashed"), ("return input()", "raised"), ("return open", "failed")],
)
def test_odd_endings_end_one_test(check: Callable[..., Answer], kit: Path, body: str, verdict: str) -> None:
    """Code that ends the program, waits for input or returns something strange fails its test; the check goes on."""
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", body), encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith(f"  {verdict}")
    assert find_line(answer.out, "shout").startswith("  passed")


@pytest.mark.slow
def test_an_interrupt_ends_the_check(kit: Path) -> None:
    """Control-C ends a loop that catches everything, and is no failure of a test. Processes start as everywhere."""
    ready = kit / "ready"
    os.mkfifo(ready)
    body = f"open({str(ready)!r}, 'w').close()\n    {SWALLOW}"
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", body), encoding="utf-8")
    command = [sys.executable, "-m", "grader", "check", "toy.py"]
    run = subprocess.Popen(command, cwd=kit, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    ready.read_bytes()  # returns once the loop runs
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert (out, b"Traceback" in err) == (b"", False)


def test_an_interrupt_that_the_code_raises_is_its_own(check: Callable[..., Answer], kit: Path) -> None:
    """It fails one test, like any other exception."""
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", "raise KeyboardInterrupt"), encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 3
    assert find_line(answer.out, "double").startswith("  raised")
    assert find_line(answer.out, "shout").startswith("  passed")


OLD_CONFTEST = CONFTEST.replace("grader.student.check", "grader.check")


@pytest.mark.slow
def test_a_kit_that_was_handed_out_still_works(kit: Path) -> None:
    """Its conftest names modules at their former places, and plain `pytest` runs the tests."""
    assert "from grader.check import open_examination" in OLD_CONFTEST
    assert '"grader.examiner.plugin"' in OLD_CONFTEST
    (kit / "conftest.py").write_text(OLD_CONFTEST, encoding="utf-8")
    (kit / "toy.py").write_text(RIGHT.replace("2 * number", "3 * number"), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=kit,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "two is not doubled" in run.stdout
    assert "1 failed, 1 passed" in run.stdout


def test_messages_cannot_write_on_the_terminal(check: Callable[..., Answer], kit: Path) -> None:
    """Escape sequences and marks that turn the direction of writing are written out."""
    hostile = 'raise ValueError("\\x1b[2J\\u202edessap\\r\\x07 [bold]done[/bold]")'
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", hostile), encoding="utf-8")
    out = check("toy.py").out
    assert not set(out) & set("\x1b\u202e\r\x07")
    assert r"\x1b[2J\u202edessap" in out
    assert "[bold]done[/bold]" in out


def test_prints_of_the_student_are_not_mixed_in(check: Callable[..., Answer], kit: Path) -> None:
    """A line of the check cannot be forged by printing one."""
    forged = 'print("  passed   double")\n    return 0'
    (kit / "toy.py").write_text(RIGHT.replace("return 2 * number", forged), encoding="utf-8")
    assert "passed   double" not in check("toy.py").out


def test_verdicts_can_be_korean(check: Callable[..., Answer], kit: Path) -> None:
    """Verdicts and counts; what the tests say is as it is."""
    (kit / "toy.py").write_text(RIGHT.replace("2 * number", "0").replace("word.upper()", "FIXME"), encoding="utf-8")
    out = check("toy.py", "--lang", "ko").out
    assert "two is not doubled. 나온 값 0, 필요한 값 4" in out
    assert "아직 채워지지 않은 TODO입니다" in out
    assert "공개 테스트 2개 중 0개 통과" in out


def test_the_language_is_that_of_the_system(
    check: Callable[..., Answer], kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless an option names another one."""
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert "공개 테스트 2개 중 2개 통과" in check("toy.py").out
    assert "2 of 2 public tests passed" in check("toy.py", "--lang", "en").out


def test_a_page_shows_what_a_test_compared(check: Callable[..., Answer], kit: Path) -> None:
    """With a picture of the student's words beside the expected ones."""
    tokens = (
        "\n\nfrom grader.examiner import assert_parity\n\n\n@pytest.mark.todo('shout')\n@pytest.mark.behaviour\n"
        "def test_words(student):\n    '''Words are split.'''\n"
        "    assert_parity(student.shout('a c').split(), ['A', 'B'], what='words')\n"
    )
    (kit / "tests_public" / "test_public.py").write_text(PUBLIC + tokens, encoding="utf-8")
    check("toy.py", "--lang", "ko", "--html", "page.html")
    page = (kit / "page.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page and "Words are split." in page
    assert "<span>A</span><span>C</span></div><figcaption>내 결과" in page
    assert "<span>A</span><span>B</span></div><figcaption>정답" in page
    answer = check("toy.py", "--html", str(kit / "no" / "page.html"))
    assert answer.code == 2 and "choose another place" in answer.err


def test_settings_of_the_student_change_nothing(check: Callable[..., Answer], kit: Path) -> None:
    """A pytest.ini and a conftest.py in the folder are the student's own affair."""
    (kit / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (kit / "conftest.py").write_text("raise RuntimeError('loaded')\n")
    assert check("toy.py").code == 0


def test_the_kit_is_found_from_elsewhere(
    check: Callable[..., Answer], kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's own folder is enough if the command runs in another."""
    monkeypatch.chdir(tmp_path)
    assert check("toy/toy.py").code == 0
    assert check("toy/toy.py", "-a", "toy").code == 0


def test_the_course_is_asked_where_there_is_no_kit(
    check: Callable[..., Answer], kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For staff in a checkout: the assignment's folder takes the kit's place, and the reference is not read."""
    course = tmp_path / "course"
    folder = open_project(monkeypatch, course).folder
    (kit / "tests_public").rename(folder / "tests_public")
    (kit / "assignment.toml").unlink()
    (course / "solutions" / "toy" / "toy.py").unlink()
    assert check("toy.py", "-a", "toy").code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-a", "yot"], "no assignment 'yot' here: leave -a out to check against 'toy'"),
        (["toy.py", "--lang", "fr"], "fr"),
        (["toy.py", "more.py"], "unexpected"),
    ],
)
def test_a_wrong_command_is_told(check: Callable[..., Answer], kit: Path, arguments: list[str], complaint: str) -> None:
    """Exit code 2 and one message."""
    answer = check(*arguments)
    assert answer.code == 2
    assert complaint in answer.err


@pytest.mark.parametrize(
    ("tests", "complaint"),
    [
        ("import no_such_package\n", "No module named 'no_such_package'; install what is missing"),
        ("X = 1\n", "unpack the kit again"),
    ],
)
def test_tests_that_cannot_be_run_are_told(check: Callable[..., Answer], kit: Path, tests: str, complaint: str) -> None:
    """A missing package is not the attempt's fault, and a kit without tests passes no one."""
    (kit / "tests_public" / "test_public.py").write_text(tests)
    answer = check("toy.py")
    assert answer.code == 2
    assert complaint in answer.err


def test_a_public_test_has_no_reference(check: Callable[..., Answer], kit: Path) -> None:
    """One that asks for it is a mistake of the course, found before a student meets it."""
    tests = PUBLIC.replace("(student)", "(student, reference)")
    (kit / "tests_public" / "test_public.py").write_text(tests, encoding="utf-8")
    answer = check("toy.py")
    assert answer.code == 1
    assert "asks for the reference" in answer.err


@pytest.mark.slow
def test_a_kit_works_where_nothing_is_installed(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain pytest and the check run from the kit's one wheel, and touch nothing that only Linux has."""
    from grader.authoring.student_kit import pack_kit

    course = tmp_path / "course"
    toy = open_project(monkeypatch, course)
    (kit / "tests_public").rename(course / "assignments" / "toy" / "tests_public")
    (kit / "toy.py").write_text(RIGHT.replace("word.upper()", "word"), encoding="utf-8")
    packed = pack_kit(toy, [kit / "toy.py"], tmp_path / "kits")
    # Without `site` the editable install is not seen; its entry point is, hence no plugins.
    environment = {
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONIOENCODING": "ascii",
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE], cwd=packed, env=environment, capture_output=True, text=True, timeout=1000
    )
    assert "PROBE" in done.stdout, done.stdout + done.stderr
    status, checked, ours, imports, files = json.loads(done.stdout.split("PROBE ")[1])
    assert (status, checked) == (1, 3)
    assert "1 failed, 1 passed" in done.stdout
    assert "the word: a str is not what was expected" in done.stdout
    assert len(files) == 1 and files[0].endswith(".whl")
    with zipfile.ZipFile(next(packed.glob("*.whl"))) as wheel:
        modules = {name.removesuffix(".py").removesuffix("/__init__") for name in wheel.namelist() if ".py" in name}
    assert {name.replace("/", ".") for name in modules} - set(ours) == SELDOM
    assert not WALL & set(ours)
    assert not ONLY_LINUX & set(imports)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 홍길동 é 👩‍🔬", "plain 홍길동 é 👩‍🔬"),
        ("a\x1b[31mb\x00\x9b", r"a\x1b[31mb\x00\x9b"),
        ("\u202ea\u2066b\u200fc\u061c", r"\u202ea\u2066b\u200fc\u061c"),
        ("two\r\nlines\tand\u2028more", r"two lines and\u2028more"),
        ("half \ud800 tag \U000e0041", r"half \ud800 tag \U000e0041"),
    ],
)
def test_controls_are_written_out(text: str, shown: str) -> None:
    """Hangul, accents and joined emoji stay; what steers a terminal does not, and the rest can be encoded."""
    assert escape_control_characters(text) == shown
    assert shown.encode("utf-8")
