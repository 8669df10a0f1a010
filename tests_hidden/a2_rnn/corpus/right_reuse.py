"""Each part is made from the parts before it."""

import torch
from torch.nn import functional as F


class SentenceClassifier(SentenceClassifier):
    def forward(self, ids, lengths):
        time_first = self.word_embeddings(ids).transpose(0, 1)
        _, h_n = run_packed(self.rnn, time_first, lengths)
        return self.fully_connected_layer(h_n[-1])


class TokenTagger(TokenTagger):
    def forward(self, ids, lengths):
        outputs, _ = run_packed(self.rnn, self.word_embeddings(ids).transpose(0, 1), lengths)
        return self.fully_connected_layer(outputs).transpose(0, 1)


class CharRNN(CharRNN):
    def step(self, x, h):
        h = rnn_cell(x, h, self.W_xh, self.W_hh, self.b_h)
        return F.linear(h, self.W_hy, self.b_y), h


def read(model, x, h):
    h = rnn_cell(x, h, model.W_xh, model.W_hh, model.b_h)
    return model.W_hy @ h + model.b_y, h


def generate(model, vocab, prime, length, temperature=None, generator=None):
    if not prime:
        raise ValueError("시작 글이 비어 있습니다")
    ids, h = list(vocab.encode(prime)), torch.zeros(model.hidden_size, device=model.b_h.device)
    for x in vocab.one_hot(ids):
        logits, h = read(model, x.to(h.device), h)
    while len(ids) < len(prime) + length:
        if temperature is None:
            best = torch.topk(logits, 1).indices.item()
        else:
            cumulative = torch.softmax(logits.detach() / temperature, 0).cumsum(0)
            best = int((torch.rand(1, generator=generator).to(h.device) > cumulative).sum().clamp(max=len(vocab) - 1))
        ids.append(best)
        logits, h = read(model, vocab.one_hot([best]).squeeze(0).to(h.device), h)
    return vocab.decode(ids)


def truncated_bptt(model, ids, chunk_size, optimizer):
    targets = make_targets(ids)
    h, losses = model.init_hidden(), []
    for start in range(0, len(targets), chunk_size):
        h, loss = h.detach(), 0
        chunk = list(zip(ids[start:], targets[start : start + chunk_size]))
        for index, target in chunk:
            x = F.one_hot(torch.tensor(index, device=h.device), model.vocab_size).float()
            logits, h = read(model, x, h)
            loss = loss + F.cross_entropy(logits[None], torch.tensor([target], device=h.device)) / len(chunk)
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def gradient_norms(rnn, x):
    x = x.detach().requires_grad_()
    h = rnn(x)[0][-1]
    basis = torch.eye(len(h), device=h.device)
    (jacobian,) = torch.autograd.grad(h, x, basis, is_grads_batched=True)
    return jacobian.norm(dim=(0, 2))
