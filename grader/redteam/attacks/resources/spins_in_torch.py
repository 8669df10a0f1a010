"""Matrices without end."""

import torch


def weigh(scores, values):
    matrix = torch.eye(500)
    while True:
        matrix = matrix @ matrix
