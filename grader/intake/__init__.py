"""Students' files, read without running them.

`read_submission` is the way in; what lies behind it, from the outside to the inside:

    submissions    a path -> the file that is the submission
    folder archive entries    the files of a directory, a .zip or a .tar.gz
    candidates kinds    which file it is, and what a file is that is no code
    budget         how much of all that is read
    decoding notebook    bytes -> text -> cells
    lexing magics newer_syntax python    text -> syntax trees
    pieces statements filling names   what each statement binds, changes and needs
    selection      what is kept
    definitions rendering omissions    one module, and what was left out of it
"""

from grader.intake.submissions import ANOTHER, read_submission

__all__ = ["ANOTHER", "read_submission"]
