"""Use everything once that a submission is likely to use, before the zygote forks.

The first use of each operation loads code and fills caches, of torch, of Python's interpreter and of our own server. A
child inherits them; otherwise each child would pay for them again.
"""

import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from grader.jail.loader import name_file
from grader.jail.server import Server
from grader.wire.codec import Encoder
from grader.wire.messages import (
    MODULE,
    Backward,
    Begin,
    Call,
    Define,
    Get,
    Gradients,
    Load,
    Put,
    Raised,
    Request,
    pack_message,
)

NAME = "sample"
SOURCE = '''
import torch
import torch.nn.functional as F
from torch import nn


class Sample(nn.Module):
    """Layers and operations that submissions are made of."""

    def __init__(self, size=4):
        super().__init__()
        self.embedding = nn.Embedding(9, size)
        self.dropout = nn.Dropout(0.1)
        self.lstm = nn.LSTM(size, size)
        self.gru = nn.GRU(size, size, batch_first=True)
        self.linear = nn.Linear(size, size)
        self.load_state_dict(self.state_dict())

    def forward(self, ids):
        embedded = self.dropout(self.embedding(ids))
        states, (h_n, _) = self.lstm(embedded)
        batch, _ = self.gru(embedded.unsqueeze(0))
        scores = torch.bmm(batch, states.unsqueeze(0).transpose(1, 2)).squeeze(0)
        mask = torch.arange(ids.size(0), device=ids.device) > 1
        weights = F.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        context = torch.cat((weights @ states, states), dim=-1).view(-1, 4).sum(dim=0, keepdim=True)
        mixed = torch.stack([torch.tanh(self.linear(context)), torch.sigmoid(h_n[-1:])]).mean(dim=0)
        return mixed.log_softmax(-1), mixed.argmax(-1).item(), states.detach().clone()
'''
STAND_IN = "class StandIn:\n    def __call__(self, module, values):\n        return list(module.state_dict()), values\n"

# The numbers of the requests below whose results others use.
KEPT = (2, 3, 4)


@dataclass(frozen=True)
class Kept:
    """The result of the request with this number."""

    seq: int


def serve_sample(device: str, *, backward: bool) -> None:
    """Serve a sample submission on a device. Raises RuntimeError if it fails."""
    server = Server()
    for seq, request in enumerate(_list_requests(device, backward=backward)):
        encoder = Encoder(lambda kept: {"id": -kept.seq})
        frame = pack_message(request, seq, encoder, keep=seq in KEPT)
        header = server.answer(frame).header
        if header["op"] == Raised.__name__:
            raise RuntimeError(f"the sample submission fails: {header['body']}")
    # Nothing of it may be found by a submission.
    del sys.modules[NAME], linecache.cache[name_file(NAME)]


def _list_requests(device: str, *, backward: bool) -> Iterator[Request]:
    import torch

    yield Load(SOURCE, NAME, expected=["Sample"])
    yield Begin(1)
    yield Call(MODULE, "Sample", [], {})
    yield Define("StandIn", STAND_IN)
    yield Call(-3, "", [], {})
    yield Call(-4, "", [Kept(2), {"values": torch.zeros(2), "number": 1.5}], {})
    yield Call(-2, "to", [device], {})
    yield Put(-2, "note", (1, "text"))
    yield Get(-2, "linear")
    yield Call(-2, "eval", [], {})
    yield Call(-2, "", [torch.tensor([1, 2, 3], device=device)], {})
    if backward:
        yield Backward(10, {0: torch.zeros(1, 4)})
    yield Gradients(-2)
