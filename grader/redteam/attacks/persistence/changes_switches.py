"""Switches that the next one shares, were it the same process."""

import os
import random

import torch


def weigh(scores, values):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    random.seed(0)
    os.environ.clear()
    os.chdir("/")
    os.umask(0o777)
    return torch.zeros(values.shape[1], dtype=torch.float32)
