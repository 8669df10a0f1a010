"""The log-probabilities are flattened with the axes mixed."""
import torch


def train_epoch(pairs, encoder, decoder, optimizers, criterion):
    total_loss = 0
    for source, target in pairs:
        for optimizer in optimizers:
            optimizer.zero_grad()
        encoder_outputs, encoder_hidden = encoder(source)
        decoder_outputs, _, _ = decoder(encoder_outputs, encoder_hidden, target)
        loss = criterion(decoder_outputs.transpose(1, 2).reshape(-1, decoder_outputs.size(-1)), target.view(-1))
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        total_loss += loss.item()
    return total_loss / len(pairs)
