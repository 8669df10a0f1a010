"""The batched decoder with the loop written out inside forward, results in tensors made beforehand."""
import torch
import torch.nn.functional as F
from torch import nn


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.1):
        super().__init__()
        self.hidden_size, self.output_size, self.p = hidden_size, output_size, dropout_p
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(hidden_size * 2, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        B, S, _ = encoder_outputs.shape
        T = 10 if target_tensor is None else target_tensor.shape[1]
        log_probs = encoder_outputs.new_zeros(B, T, self.output_size)
        attentions = encoder_outputs.new_zeros(B, T, S)
        word, state = encoder_outputs.new_zeros(B, dtype=torch.long), encoder_hidden
        for t in range(T):
            context, weights = self.attention(state[0].unsqueeze(1), encoder_outputs)
            embedded = F.dropout(self.embedding(word), self.p, self.training)
            out, state = self.gru(torch.cat([embedded[:, None], context], dim=2), state)
            log_probs[:, t] = F.log_softmax(self.out(out[:, 0]), dim=1)
            attentions[:, t] = weights[:, 0]
            word = log_probs[:, t].argmax(1) if target_tensor is None else target_tensor[:, t]
        return log_probs, state, attentions

    def forward_step(self, input, hidden, encoder_outputs):
        embedded = F.dropout(self.embedding(input), self.p, self.training)
        context, weights = self.attention(hidden.transpose(0, 1), encoder_outputs)
        out, hidden = self.gru(torch.cat([embedded, context], dim=2), hidden)
        return self.out(out), hidden, weights
