"""The GRU decoder as a subclass, words cut beforehand, log_softmax step by step."""
import torch
from torch import nn


class DecoderRNN(DecoderRNN):
    def forward_step(self, input, hidden):
        embedded = nn.ReLU()(self.embedding(input))
        _, hidden = self.gru(embedded, hidden)
        return self.out(hidden[-1])[:, None], hidden

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        taught = target_tensor is not None
        word = torch.full((len(encoder_outputs), 1), SOS_TOKEN, device=encoder_hidden.device)
        if taught:
            words = torch.cat([word, target_tensor[:, :-1]], dim=1).split(1, dim=1)
        probs = []
        for t in range(target_tensor.size(1) if taught else MAX_LENGTH):
            step, encoder_hidden = self.forward_step(words[t] if taught else word, encoder_hidden)
            probs.append(step.log_softmax(-1))
            _, best = step.topk(1)
            word = best.squeeze(-1).detach()
        return torch.cat(probs, 1), encoder_hidden, None
