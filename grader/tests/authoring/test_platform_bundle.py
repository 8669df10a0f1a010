"""Bundles: what is in each archive, and that its entry script grades where a platform lays it out."""

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from importlib import metadata
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from grader.authoring import requirements
from grader.authoring.platform_bundle import PLATFORMS, bundle_assignment, collect_bundle
from grader.authoring.release import render_skeleton
from grader.cli.app import app
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.errors import UsageError
from grader.tests.support.course import COURSE, load_assignment
from grader.tests.support.platform_host import Host, list_names
from grader.tests.support.toy import SOLUTION, open_project, write_variants

IN_COURSE = {
    "course/.grader/secret",
    "course/assignments/toy/assignment.toml",
    "course/solutions/toy/toy.py",
    "course/tests_hidden/toy/test_toy.py",
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="platforms run their graders as root")

# Hands in the right answer, and tries on the way all that the wall should keep from it; `double` is wrong where one
# of these tries succeeds.
HOSTILE = """
import os
PLACES = ["/autograder/results", "/autograder/source", "/autograder/source/lib", "/autograder/source/course"]
SECRETS = ["course/.grader/secret", "course/solutions/toy/toy.py", "course/tests_hidden/toy/test_toy.py"]


def double(number):
    broken = []
    for place in PLACES:
        try:
            open(place + "/results.json", "w").close()
            broken.append(place)
        except OSError:
            pass
    for name in SECRETS:
        try:
            broken.append(open("/autograder/source/" + name).read())
        except OSError:
            pass
    return -1 if broken else number * 2


def shout(word):
    return word.upper()
"""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A course of one toy assignment with a corpus, a neighbour and a secret."""
    course = tmp_path / "course"
    open_project(monkeypatch, course)
    write_variants(course, "", right_one=SOLUTION)
    shutil.copytree(course / "tests_hidden" / "toy", course / "tests_hidden" / "other")
    shutil.copy(COURSE.root / "requirements.lock", course)
    monkeypatch.setenv("GRADER_SECRET", "of the course")
    return course


def pack(folder: Path, platform: str, assignment: Assignment | None = None) -> Path:
    """The archive for a platform."""
    bundle_assignment(assignment or Course(folder).load_assignment("toy"), platform, folder / f"{platform}.zip")
    return folder / f"{platform}.zip"


def list_course(names: set[str], box: str = "") -> set[str]:
    """Return the files of the course that are in the box."""
    return {name.removeprefix(box) for name in names if name.startswith(f"{box}course/")}


def test_gradescopes_scripts_are_at_the_root(toy: Path) -> None:
    """`setup.sh` and an executable `run_autograder`; the grader and the one assignment beside them."""
    archive = pack(toy, "gradescope")
    names = list_names(archive)
    assert {name for name in names if "/" not in name} == {
        "grade.sh", "requirements.lock", "run_autograder", "setup.sh",
    }  # fmt: skip
    assert list_course(names) == IN_COURSE
    assert "lib/grader/grading/worker.py" in names
    assert zipfile.ZipFile(archive).getinfo("run_autograder").external_attr >> 16 & 0o111 == 0o111


def test_prairielearns_question_is_whole(toy: Path) -> None:
    """A question's folder with tests to copy, and the image's recipe beside it, in which nothing is secret."""
    names = list_names(pack(toy, "prairielearn"))
    assert {name for name in names if not name.startswith("question/tests/")} == {
        "Dockerfile", "question/info.json", "question/question.html", "requirements.lock", "setup.sh",
    }  # fmt: skip
    assert list_course(names, "question/tests/") == IN_COURSE
    info = json.loads(collect_bundle(Course(toy).load_assignment("toy"), "prairielearn")["question/info.json"])
    options = info["externalGradingOptions"]
    assert (info["gradingMethod"], options["enableNetworking"]) == ("External", False)
    assert options["timeout"] <= 600
    assert options["entrypoint"][0].replace("/grade/", "question/") in names


def test_autolab_gets_a_makefile_and_one_tar(toy: Path) -> None:
    """Tango copies two files into a job; all that is secret is in the second."""
    files = collect_bundle(Course(toy).load_assignment("toy"), "autolab")
    assert set(files) == {"Dockerfile", "autograde-Makefile", "autograde.tar", "requirements.lock", "setup.sh"}
    with tarfile.open(fileobj=BytesIO(files["autograde.tar"])) as box:
        assert list_course(set(box.getnames())) == IN_COURSE
        assert {member.uid for member in box} == {0}
    assert all(line.startswith(("\t", "#", "autograde:", "AS_ROOT", "BOX")) or not line
               for line in files["autograde-Makefile"].decode().splitlines())  # fmt: skip


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_bundle_is_packed_alike_every_time(toy: Path, platform: str) -> None:
    """The same course gives the same bytes."""
    first = pack(toy, platform).read_bytes()
    for path in toy.rglob("*.py"):
        os.utime(path, (1, 1))
    assert pack(toy, platform).read_bytes() == first


def test_the_secret_is_the_courses_own(toy: Path) -> None:
    """So a grade is drawn there as it is here, whenever the image is built."""
    assert collect_bundle(Course(toy).load_assignment("toy"), "gradescope")["course/.grader/secret"] == b"of the course"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_placeholder_is_filled_in(toy: Path, platform: str) -> None:
    """No template is handed out as it is."""
    files = collect_bundle(Course(toy).load_assignment("toy"), platform)
    if platform == "autolab":
        with tarfile.open(fileobj=BytesIO(files["autograde.tar"])) as box:
            files |= {"grade.sh": box.extractfile("grade.sh").read()}  # type: ignore[union-attr]
    own = {name: data for name, data in files.items() if "lib/" not in name and not name.endswith(".tar")}
    assert not [name for name, data in own.items() if b"{{" in data]


def test_models_go_along_where_they_are_imported(toy: Path) -> None:
    """The hub is a few megabytes: only what imports transformers takes it, and then it must be there."""
    assignment = Course(toy).load_assignment("toy")
    description = assignment.description.model_copy(update={"imports": ("transformers",)})
    assignment = assignment.model_copy(update={"description": description})
    with pytest.raises(UsageError, match=r"no models in .* which 'toy' needs: build them"):
        collect_bundle(assignment, "gradescope")
    (toy / "datasets" / "hub").mkdir(parents=True)
    (toy / "datasets" / "hub" / "model.bin").write_bytes(b"1")
    assert collect_bundle(assignment, "gradescope")["course/datasets/hub/model.bin"] == b"1"


def test_an_unknown_platform_is_told(toy: Path) -> None:
    """With those that there are, and exit code 2."""
    with pytest.raises(UsageError, match="no platform 'moodle': there are autolab, gradescope, prairielearn"):
        bundle_assignment(Course(toy).load_assignment("toy"), "moodle", toy / "x.zip")


def test_the_command_writes_the_archive(toy: Path) -> None:
    """And says where."""
    done = CliRunner().invoke(app, ["bundle", "gradescope", "-a", "toy", "-o", str(toy / "out" / "x.zip")])
    assert done.exit_code == 0
    assert str(toy / "out" / "x.zip") in done.output
    assert list_course(list_names(toy / "out" / "x.zip")) == IN_COURSE


@pytest.mark.parametrize("lock", ["numpy==2\n", "numpy==2\ntorch==2.13.0\ntorchvision==0.28.0\n"])
def test_only_torch_is_looked_for_at_its_own_index(toy: Path, tmp_path: Path, lock: str) -> None:
    """Every further index is one more that can be slow, or away, for each of some hundred packages."""
    (toy / "requirements.lock").write_text(lock)
    files = collect_bundle(Course(toy).load_assignment("toy"), "prairielearn")
    home, place = tmp_path / "grader", tmp_path / "image"
    place.mkdir()
    # Others of its name are not there.
    (place / "requirements.lock").write_bytes(files["requirements.lock"] + b"torchmetrics==1\n")
    (place / "setup.sh").write_text(files["setup.sh"].decode().replace("/opt/grader", str(home)))
    put_program(place / "apt-get", "true")
    put_program(place / "pip", f'echo "$@" >>{place}/asked')
    put_program(place / "python3.11", f"mkdir -p {home}/bin && cp {place}/pip {home}/bin/pip")
    subprocess.run(["sh", str(place / "setup.sh")], env={"PATH": f"{place}:/usr/bin:/bin"}, check=True)
    asked = [line.split("--no-deps ")[1] for line in (place / "asked").read_text().splitlines()]
    assert asked.pop() == f"-r {place}/requirements.lock"
    assert asked == (
        [f"--index-url https://download.pytorch.org/whl/cpu -r {home}/torch.lock"] if "torch==" in lock else []
    )
    assert (home / "torch.lock").read_text() == lock.removeprefix("numpy==2\n")


def put_program(path: Path, line: str) -> None:
    """Write a program of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@needs_root
@pytest.mark.slow
def test_gradescope_grades_the_reference(tmp_path: Path) -> None:
    """a4_attention, handed in as Gradescope lays it out, with files beside it that would shadow modules of ours."""
    host = Host(tmp_path / "host")
    host.unpack(pack(tmp_path, "gradescope", load_assignment("a4_attention")), "/autograder/source")
    host.put("/autograder/submission/attention.py", load_assignment("a4_attention").solution.read_bytes())
    for name in ("sitecustomize.py", "torch.py", "grader.py", "conftest.py", "json.py"):
        host.put(f"/autograder/submission/{name}", "raise SystemExit('shadowed')")
    host.put("/autograder/submission_metadata.json", '{"id": 1}')
    host.put("/autograder/results/.keep", "")
    done = host.run(
        "/autograder/source/run_autograder",
        folder="/autograder/submission",
        environment={"PYTHONPATH": "/autograder/submission", "PYTHONSTARTUP": "/autograder/submission/json.py"},
    )
    assert done.returncode == 0, done.stderr
    result = host.read_json("/autograder/results/results.json")
    assert result["score"] == 100
    assert {test["status"] for test in result["tests"]} == {"passed"}
    assert result["extra_data"]["isolation"] == "bwrap"


@pytest.mark.slow
@needs_root
def test_without_namespaces_another_user_is_the_wall(toy: Path, tmp_path: Path) -> None:
    """A submission can neither read the course nor write a result on a kernel that refuses namespaces, and both
    the result and the log say which wall it was."""
    host = Host(tmp_path / "host")
    host.unpack(pack(toy, "gradescope"), "/autograder/source")
    host.put("/autograder/submission/toy.py", HOSTILE)
    host.put("/autograder/results/.keep", "")
    (host.root / "autograder" / "results").chmod(0o777)
    done = host.run("/autograder/source/run_autograder", namespaces=False)
    assert done.returncode == 0, done.stderr
    assert "this machine offers no namespaces: graded with isolation 'setuid'" in done.stderr
    result = host.read_json("/autograder/results/results.json")
    assert result["extra_data"]["isolation"] == "setuid"
    assert {test["tags"][0]: test["status"] for test in result["tests"]} == {"double": "passed", "shout": "passed"}


@pytest.mark.slow
@needs_root
def test_prairielearn_gives_an_untouched_skeleton_nothing(toy: Path, tmp_path: Path) -> None:
    """Graded, without a point; the folder of results is made."""
    host = Host(tmp_path / "host")
    host.unpack(pack(toy, "prairielearn"), "/bundle")
    (host.root / "grade").mkdir()
    shutil.move(host.root / "bundle" / "question" / "tests", host.root / "grade" / "tests")
    host.put("/grade/student/toy.py", render_skeleton(SOLUTION))
    host.put("/grade/data/data.json", "{}")
    info = host.read_json("/bundle/question/info.json")
    done = host.run(*info["externalGradingOptions"]["entrypoint"])
    assert done.returncode == 0, done.stderr
    result = host.read_json("/grade/results/results.json")
    assert (result["gradable"], result["score"], result["isolation"]) == (True, 0, "bwrap")
    assert "test_double" not in json.dumps(result)


@needs_root
@pytest.mark.slow
def test_autolab_reads_the_last_line(toy: Path, tmp_path: Path) -> None:
    """Of two TODOs one is solved, in a notebook under the module's name. The tar with the solution is no submission."""
    host = Host(tmp_path / "host")
    bundle = pack(toy, "autolab")
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    source = "def shout(word):\n    return word.upper()"
    notebook["cells"] = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source}]
    place = "/home/autograde/job"
    host.put(f"{place}/toy.py", json.dumps(notebook))
    for name, copy in (("autograde-Makefile", "Makefile"), ("autograde.tar", "autograde.tar")):
        host.put(f"{place}/{copy}", zipfile.ZipFile(bundle).read(name))
    done = host.run("make", folder=place)
    assert done.returncode == 0, done.stderr
    *_, where, presentation, scores = done.stdout.splitlines()
    assert json.loads(scores) == {"scores": {"double": 0.0, "shout": 40.0}}
    assert json.loads(presentation)["stages"] == ["double", "shout"]
    assert where.endswith("isolation bwrap")
    assert not (host.root / place.lstrip("/") / "autograde.tar").exists()


def test_course_without_a_lock_gets_one_of_what_is_installed(toy: Path) -> None:
    """Whole, since pip installs it without looking for more; and without torch, which the toy does not use."""
    (toy / "requirements.lock").unlink()
    lock = collect_bundle(Course(toy).load_assignment("toy"), "gradescope")["requirements.lock"].decode()
    names = {line.split("==")[0] for line in lock.splitlines() if not line.startswith("#")}
    assert {"pytest", "pluggy", "pydantic", "pydantic-core", "typer"} <= names
    assert not {"torch", "transformers", "grader"} & names


def test_lock_of_a_machine_with_cuda_names_no_part_of_it(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The image has torch from the index without CUDA, which has no build of that name."""
    needs = ["filelock", "nvidia-cudnn-cu13==9", 'cuda-bindings>=13; platform_system == "Linux"', "triton==3.7"]

    def describe(name: str) -> metadata.Distribution | SimpleNamespace:
        return SimpleNamespace(version="2.13.0+cu130") if name == "torch" else metadata.distribution(name)

    monkeypatch.setattr(requirements, "distribution", describe)
    monkeypatch.setattr(requirements, "requires", lambda name: needs if name == "torch" else metadata.requires(name))
    assignment = Course(toy).load_assignment("toy")
    description = assignment.description.model_copy(update={"imports": ("torch",)})
    lock = requirements.write_lock(assignment.model_copy(update={"description": description})).splitlines()
    assert "torch==2.13.0" in lock
    assert any(line.startswith("filelock==") for line in lock)
    assert not [line for line in lock if line.startswith(("nvidia", "cuda", "triton"))]
