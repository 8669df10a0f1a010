"""The place of `open_examination` in kits that students already have."""

from grader.student.check import open_examination

__all__ = ["open_examination"]
