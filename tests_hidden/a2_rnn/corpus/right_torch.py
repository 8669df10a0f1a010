"""As much as possible left to torch's own layers and functions."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def rnn_cell(x_t, h_prev, W_xh, W_hh, b):
    return torch.rnn_tanh_cell(x_t[None], h_prev[None], W_xh, W_hh, b, torch.zeros_like(b))[0]


def unroll(x, h_0, W_xh, W_hh, b):
    weights = [W_xh, W_hh, b, torch.zeros_like(b)]
    outputs, h_n = torch.rnn_tanh(x.unsqueeze(1), h_0.view(1, 1, -1), weights, True, 1, 0.0, False, False, False)
    return outputs.squeeze(1), h_n.squeeze(1)


def count_parameters(module):
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return parameters_to_vector(trained).numel() if trained else 0


class SentenceClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_classes):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.RNN(embedding_dim, hidden_size, batch_first=True)
        self.fully_connected_layer = nn.Linear(hidden_size, num_classes)

    def forward(self, ids, lengths):
        embedded = self.word_embeddings(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.rnn(packed)
        return self.fully_connected_layer(h_n.squeeze(0))


class TokenTagger(SentenceClassifier):
    def forward(self, ids, lengths):
        embedded = self.word_embeddings(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        return F.linear(outputs, self.fully_connected_layer.weight, self.fully_connected_layer.bias)


def run_packed(rnn, embeddings, lengths):
    sorted_lengths, order = torch.sort(lengths.cpu(), descending=True)
    back = torch.argsort(order)
    order, back = order.to(embeddings.device), back.to(embeddings.device)
    packed_outputs, state = rnn(pack_padded_sequence(embeddings[:, order], sorted_lengths))
    outputs, _ = pad_packed_sequence(packed_outputs, padding_value=-9.0, total_length=len(embeddings))
    if isinstance(state, tuple):
        return outputs[:, back], tuple(part[:, back] for part in state)
    return outputs[:, back], state[:, back]


class CharVocab:
    def __init__(self, text):
        self.chars = "".join(sorted(set(text)))
        self.itos = list(self.chars)
        self.stoi = dict(zip(self.chars, range(len(self.chars))))

    def __len__(self):
        return len(self.chars)

    def encode(self, text):
        return torch.tensor([self.chars.index(char) for char in text], dtype=torch.long)

    def decode(self, ids):
        return "".join(map(self.itos.__getitem__, ids))

    def one_hot(self, ids):
        return torch.eye(len(self))[ids]


def make_targets(ids):
    return torch.as_tensor(ids).roll(-1)[:-1]


class CharRNN(nn.Module):
    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.randn(hidden_size, vocab_size) * 0.1)
        self.W_hh = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1)
        self.b_h = nn.Parameter(torch.zeros(hidden_size))
        self.W_hy = nn.Parameter(torch.randn(vocab_size, hidden_size) * 0.1)
        self.b_y = nn.Parameter(torch.zeros(vocab_size))

    def init_hidden(self):
        return self.b_h.new_zeros(self.hidden_size)

    def step(self, x, h):
        both = torch.cat([self.W_xh, self.W_hh], dim=1)
        h = F.linear(torch.cat([x, h]), both, self.b_h).tanh()
        return torch.addmv(self.b_y, self.W_hy, h), h


def generate(model, vocab, prime, length, temperature=None, generator=None):
    if prime == "":
        raise ValueError("empty prime")
    with torch.inference_mode():
        h = model.init_hidden()
        for index in vocab.encode(prime):
            logits, h = model.step(F.one_hot(torch.tensor(index), len(vocab)).float().to(h.device), h)
        ids = []
        for _ in range(length):
            if temperature is None:
                index = logits.argmax(dim=-1)
            else:
                index = torch.multinomial(F.softmax(logits / temperature, dim=-1), 1, generator=generator)[0]
            ids.append(index)
            logits, h = model.step(F.one_hot(index, len(vocab)).to(logits), h)
    return prime + vocab.decode(ids)


def truncated_bptt(model, ids, chunk_size, optimizer):
    criterion = nn.CrossEntropyLoss()
    device = next(model.parameters()).device
    ids = torch.as_tensor(ids, device=device)
    h, losses = model.init_hidden(), []
    for inputs, targets in zip(ids[:-1].split(chunk_size), ids[1:].split(chunk_size)):
        model.zero_grad(set_to_none=True)
        logits = torch.zeros(0, model.W_hy.shape[0], device=device)
        for x in torch.eye(model.W_xh.shape[1], device=device)[inputs]:
            y, h = model.step(x, h)
            logits = torch.vstack([logits, y])
        loss = criterion(logits, targets)
        loss.backward()
        optimizer.step()
        h.detach_()
        losses.append(loss.detach().cpu())
    return losses


def gradient_norms(rnn, x):
    def last_hidden(inputs):
        _, state = rnn(inputs)
        h_n = state[0] if isinstance(rnn, nn.LSTM) else state
        return h_n.flatten()

    jacobian = torch.autograd.functional.jacobian(last_hidden, x)
    return torch.linalg.matrix_norm(jacobian.permute(1, 0, 2), ord="fro")
