"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch
from torch import nn


class CannedEncoder(nn.Module):
    """Outputs that depend on the ids; the last one is the last state, as in a real encoder of one layer."""

    def __init__(self, hidden_size):
        super().__init__()
        self.rates = nn.Parameter(torch.arange(1, hidden_size + 1) / 7)

    def forward(self, input_ids):
        hidden_states = torch.sin(input_ids.unsqueeze(-1) * self.rates)
        return hidden_states, hidden_states[-1:]


class CannedDecoder(nn.Module):
    """Logits from which the state that it was given can be read back."""

    def forward(self, init_hidden_state, max_len=10):
        logits = torch.cat([init_hidden_state, 2 * init_hidden_state.flip(1)])
        return logits, [1, 5, max_len, 5]


class CannedLSTMEncoder(nn.Module):
    """Outputs and two states that depend on the ids."""

    def __init__(self, hidden_size):
        super().__init__()
        self.rates = nn.Parameter(torch.arange(1, hidden_size + 1) / 7)

    def forward(self, input_ids):
        hidden_states = torch.sin(input_ids.unsqueeze(-1) * self.rates)
        c_n = torch.cos(input_ids[0] + 2 * self.rates).unsqueeze(0)
        return hidden_states, (hidden_states[-1:], c_n)


class CannedLSTMDecoder(nn.Module):
    """Logits from which both states can be read back."""

    def forward(self, init_hidden_state, init_cell_state, max_len=10):
        return torch.cat([init_hidden_state, 2 * init_cell_state]), [1, 5, max_len, 5]


class CannedStep:
    """A decoding step with a rule of its own; no module, so that it can stand in the place of a method."""

    def __init__(self, vocab_size):
        self.vocab_size = vocab_size
        # As a layer's weights do, it makes results carry a graph, unless that is switched off.
        self.gain = torch.tensor(3.0, requires_grad=True)

    def __call__(self, input, hidden):
        batch_size = hidden.size(1)
        token = input.reshape(batch_size, 1, 1)
        hidden = torch.tanh(0.7 * hidden + torch.cos(3 * token.transpose(0, 1)))
        rates = torch.arange(1, self.vocab_size + 1, device=hidden.device)
        return self.gain * torch.sin(rates * (token + hidden.sum(-1).reshape(batch_size, 1, 1))), hidden


class PooledEncoder(nn.Module):
    """A batched encoder that averages what it reads."""

    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_size)

    def forward(self, source):
        outputs = self.embedding(source)
        return outputs, torch.tanh(outputs.mean(1)).unsqueeze(0)


class TaughtDecoder(nn.Module):
    """A batched decoder that says from its target's previous token, or from nothing, what comes next."""

    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        if target_tensor is None:
            target_tensor = torch.zeros(len(encoder_outputs), 10, dtype=torch.long, device=encoder_outputs.device)
        start = torch.zeros_like(target_tensor[:, :1])
        previous = self.embedding(torch.cat([start, target_tensor[:, :-1]], dim=1))
        state = torch.tanh(previous + encoder_hidden.transpose(0, 1) + encoder_outputs.mean(1, keepdim=True))
        return torch.log_softmax(self.out(state), -1), state[:, -1:].transpose(0, 1), None


def make_optimizers(modules, rate):
    """One plain optimizer a module, where the modules are."""
    return [torch.optim.SGD(module.parameters(), lr=rate) for module in modules]


def make_criterion(padding):
    """The loss of log-probabilities, which leaves padding out."""
    return nn.NLLLoss(ignore_index=padding)
