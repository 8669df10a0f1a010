"""Inputs and networks that several tests share."""

import standins
import torch

from grader.examiner import fill_weights, load_weights


def draw_kernels(draw):
    """Images, kernels and biases whose sizes all differ."""
    b, c, k, h, w = draw.sizes(5, low=2, high=6)
    return draw.tensor(b, c, h + 4, w + 5), draw.tensor(k, c, h, w), draw.tensor(k)


def make_networks(student, reference, draw, size=9):
    """Theirs, with stand-ins for the two functions, and what it must return."""
    student.replace(convolve=standins.corner_times_kernel, max_pool=standins.first_of_square)
    ours = fill_weights(reference.SmallCNN(2, 5, size, 4), draw)
    theirs = student.SmallCNN(2, 5, size, 4)
    load_weights(theirs, ours)

    def run(images):
        features = torch.relu(standins.corner_times_kernel(images, ours.kernels, ours.bias))
        return ours.head(standins.first_of_square(features, 2).flatten(1))

    return theirs, run
