"""The digests of the software: what changes them, and what a digest over nothing does."""

import shutil
from pathlib import Path

import pytest

from grader.grading import software
from grader.grading.cache_key import GradingConditions
from grader.grading.software import ANSWERING, JUDGING, SCORING, digest_answering, digest_software, digest_sources
from grader.model.errors import GraderFault
from grader.tests.support.fake_worker import ENVIRONMENT


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy our own sources, which a test may edit."""
    copy = tmp_path / "grader"
    shutil.copytree(software.PACKAGE, copy, ignore=shutil.ignore_patterns("tests", "__pycache__", "redteam"))
    return copy


@pytest.mark.parametrize("patterns", [("examiner/parity_.py",), ("examiner/*.py", "judge/*.py"), ("*.toml",)])
def test_a_pattern_that_matches_nothing_raises(patterns):
    """A renamed folder must not turn the check off."""
    with pytest.raises(GraderFault, match="no source of the grader matches"):
        digest_sources(software.PACKAGE, patterns)


@pytest.mark.parametrize("pattern", [*ANSWERING, *JUDGING, *SCORING])
def test_every_pattern_of_ours_matches(pattern):
    """Each by itself."""
    assert len(digest_sources(software.PACKAGE, (pattern,))) == 64


@pytest.mark.parametrize("source", ["examiner/parity.py", "jail/server.py", "intake/archive.py"])
@pytest.mark.parametrize("change", ["edit", "rename", "remove", "add"])
def test_any_change_of_a_source_changes_the_digest(package, monkeypatch, source, change):
    """Of its text, of its name, and of the list of files."""
    before = digest_software(package / "datasets")
    path = package / source
    if change == "edit":
        path.write_text(path.read_text() + "\n")
    elif change == "rename":
        path.rename(path.with_name("renamed.py"))
    elif change == "remove":
        path.unlink()
    else:
        path.with_name("added.py").write_text("")
    monkeypatch.setattr(software, "PACKAGE", package)
    assert digest_software(package / "datasets") != before


def test_the_sources_are_read_once_in_a_process(package):
    """A class is graded by the sources that were there when it began."""
    before = digest_sources(package, JUDGING)
    (package / "examiner" / "parity.py").write_text("")
    assert digest_sources(package, JUDGING) == before


def test_another_version_of_a_package_changes_the_digest(monkeypatch, tmp_path):
    """Of torch, numpy, tokenizers or transformers."""
    digests = {digest_answering(tmp_path)}
    for package in software.PACKAGES:
        software._describe_package.cache_clear()
        real = software.version
        monkeypatch.setattr(software, "version", lambda name, package=package: "0" if name == package else "1")
        digests.add(digest_answering(tmp_path))
        monkeypatch.setattr(software, "version", real)
    software._describe_package.cache_clear()
    assert len(digests) == 1 + len(software.PACKAGES)


def test_other_models_change_the_digest(tmp_path):
    """Their checksums stand for them; a course without models is no error."""
    without = digest_answering(tmp_path)
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "SHA256SUMS").write_text("one\n")
    one = digest_answering(tmp_path)
    (tmp_path / "hub" / "SHA256SUMS").write_text("two\n")
    assert len({without, one, digest_answering(tmp_path)}) == 3


def test_the_software_is_part_of_the_key():
    """And of nothing but the digest of the environment, so that a gradebook needs no other column."""
    one, other = (GradingConditions("s", ENVIRONMENT, name).make_key("a") for name in ("one", "other"))
    assert (one.submission, one.suite) == (other.submission, other.suite)
    assert one.environment != other.environment
