"""The batched decoder as a subclass that looks into the attention's layers, and takes log_softmax step by step."""
import torch
from torch import nn


class AttnDecoderRNN(AttnDecoderRNN):
    def forward_step(self, input, hidden, encoder_outputs):
        a = self.attention
        energy = (a.Wa(hidden.squeeze(0)).unsqueeze(1) + a.Ua(encoder_outputs)).tanh()
        weights = a.Va(energy).softmax(dim=1).permute(0, 2, 1)
        x = torch.cat((self.dropout(self.embedding(input)), weights.bmm(encoder_outputs)), 2)
        out, new_hidden = self.gru(x, hidden)
        return self.out(out), new_hidden, weights

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        taught = target_tensor is not None
        word = torch.full((len(encoder_outputs), 1), SOS_TOKEN, device=encoder_hidden.device)
        if taught:
            words = torch.cat([word, target_tensor[:, :-1]], dim=1).split(1, dim=1)
        probs, looks = [], []
        for t in range(target_tensor.size(1) if taught else MAX_LENGTH):
            step, encoder_hidden, look = self.forward_step(words[t] if taught else word, encoder_hidden, encoder_outputs)
            probs.append(step.log_softmax(-1))
            looks.append(look)
            _, best = step.topk(1)
            word = best.squeeze(-1).detach()
        return torch.cat(probs, 1), encoder_hidden, torch.cat(looks, 1)
