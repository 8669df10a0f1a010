"""Modules that several tests share: the same weights on both sides."""

import standins

from grader.examiner import fill_weights, load_weights


def make_gates(student, reference, draw, size):
    """Our gate and theirs."""
    ours = fill_weights(reference.Gate(size), draw)
    theirs = student.Gate(size)
    load_weights(theirs, ours)
    return ours, theirs


def make_classifiers(student, reference, draw, size, classes):
    """Our classifier and theirs, with a stand-in for the gate."""
    # Put in place before the object is made, in the submission and here.
    student.replace(Gate=standins.Shift)
    ours = reference.Classifier(size, classes)
    ours.gate = standins.Shift(size)
    fill_weights(ours, draw)
    theirs = student.Classifier(size, classes)
    load_weights(theirs, ours)
    return ours, theirs
