"""What takes the place of a TODO's neighbours while that TODO is judged; sent into the jail as source text."""

import torch
from torch import nn


class Watcher:
    """Watches and steers the softmaxes of the submission."""

    def softmax_inputs(self, module, *inputs):
        """Everything a softmax was taken of during the call."""
        from torch.overrides import TorchFunctionMode

        seen = []

        class Watch(TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                kwargs = kwargs or {}
                if getattr(function, "__name__", "") in ("softmax", "log_softmax", "sigmoid"):
                    seen.append(args[0] if args else kwargs["input"])
                return function(*args, **kwargs)

        with Watch():
            module(*inputs)
        return seen

    def context_of(self, weights, module, *inputs):
        """The context where every softmax gives these weights; None where none is taken."""
        from torch.overrides import TorchFunctionMode

        steered = []

        class Steer(TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                result = function(*args, **(kwargs or {}))
                if getattr(function, "__name__", "") != "softmax" or result.numel() != weights.numel():
                    return result
                steered.append(result)
                return weights.reshape(result.shape)

        with Steer():
            context = module(*inputs)[0]
        return context if steered else None


class TiltedAttention(nn.Module):
    """An attention with a rule of its own; W_a is there for whoever looks at it."""

    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        # Flat, so that a wrong query is a slip and a missing context is not.
        attention_weights = torch.sigmoid(0.3 * encoder_outputs @ h_t.reshape(-1).flip(0))
        context_vector = attention_weights @ encoder_outputs
        return context_vector.reshape(h_t.shape), attention_weights


class CannedLSTMEncoder(nn.Module):
    """Outputs and states that depend on the ids in three different ways."""

    def __init__(self, hidden_size):
        super().__init__()
        self.rates = nn.Parameter(torch.arange(1, hidden_size + 1) / 7)

    def forward(self, input_ids):
        rates = self.rates
        hidden_states = torch.sin(input_ids.unsqueeze(-1) * rates)
        h_n = hidden_states[-1:]  # as in a real encoder of one layer
        c_n = torch.sin(input_ids[0] + rates).unsqueeze(0)
        return hidden_states, (h_n, c_n)


class CannedAttentionDecoder(nn.Module):
    """Logits from which each of the three inputs can be read back."""

    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        last = encoder_outputs[-1:]
        logits = torch.cat([init_hidden_state, 2 * init_cell_state, encoder_outputs.sum(0, keepdim=True), last])
        return logits, [1, encoder_outputs.shape[0], max_len, 1]


class TiltedBahdanau(nn.Module):
    """A batched attention with a rule of its own; its layers are there for whoever looks at them."""

    def __init__(self, hidden_size):
        super().__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query, keys):
        weights = torch.sigmoid(query.flip(-1) @ keys.transpose(1, 2))
        return weights @ keys, weights


class CannedStep:
    """A decoding step with a rule of its own; no module, so that it can stand in the place of a method."""

    def __init__(self, vocab_size):
        self.vocab_size = vocab_size

    def __call__(self, input, hidden, encoder_outputs):
        batch_size = hidden.size(1)
        token = input.reshape(batch_size, 1, 1)
        source = encoder_outputs.mean(1, keepdim=True).transpose(0, 1)
        hidden = torch.tanh(0.7 * hidden + torch.cos(3 * token.transpose(0, 1)) + source)
        rates = torch.arange(1, self.vocab_size + 1, device=hidden.device)
        output = 3 * torch.sin(rates * (token + hidden.sum(-1).reshape(batch_size, 1, 1)))
        weights = torch.sigmoid(hidden.transpose(0, 1) @ encoder_outputs.transpose(1, 2))
        return output, hidden, weights
