"""The GRU decoder with the loop written out inside forward, results in a tensor made beforehand."""
import torch
import torch.nn.functional as F
from torch import nn


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super().__init__()
        self.output_size = output_size
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        B = encoder_outputs.shape[0]
        T = 10 if target_tensor is None else target_tensor.shape[1]
        log_probs = encoder_outputs.new_zeros(B, T, self.output_size)
        word, state = encoder_outputs.new_zeros(B, dtype=torch.long), encoder_hidden
        for t in range(T):
            out, state = self.gru(self.embedding(word).clamp(min=0).unsqueeze(1), state)
            log_probs[:, t] = F.log_softmax(self.out(out[:, 0]), dim=1)
            word = log_probs[:, t].argmax(1) if target_tensor is None else target_tensor[:, t]
        return log_probs, state, None

    def forward_step(self, input, hidden):
        out, hidden = self.gru(F.relu(self.embedding(input)), hidden)
        return F.linear(out, self.out.weight, self.out.bias), hidden
