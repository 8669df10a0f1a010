"""Imports what only the trusted side has."""


def double(number):
    from grader.examiner import suite

    return suite
