"""Only the first optimizer makes a step."""
import torch


def train_epoch(pairs, encoder, decoder, optimizers, criterion):
    total_loss = 0
    for source, target in pairs:
        for optimizer in optimizers:
            optimizer.zero_grad()
        encoder_outputs, encoder_hidden = encoder(source)
        decoder_outputs, _, _ = decoder(encoder_outputs, encoder_hidden, target)
        loss = criterion(decoder_outputs.view(-1, decoder_outputs.size(-1)), target.view(-1))
        loss.backward()
        optimizers[0].step()
        total_loss += loss.item()
    return total_loss / len(pairs)
