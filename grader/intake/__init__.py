"""What students hand in, read without running it.

Zone: trusted. `read_submission` is the way in; what lies behind it, from the outside to the inside:

    submissions    a path -> the file that is the submission
    folder archive entries    the files of a directory, a .zip or a .tar.gz
    candidates     which file it is
    decoding notebook python  bytes -> text -> cells -> syntax trees
    pieces statements names   what each statement binds and needs
    selection      what is kept
    definitions rendering omissions    one module, and what was left out of it
"""

from grader.intake.submissions import ANOTHER, read_submission

__all__ = ["ANOTHER", "read_submission"]
