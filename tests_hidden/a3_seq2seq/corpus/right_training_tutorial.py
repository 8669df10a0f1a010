"""One epoch as a tutorial writes it, in training mode, with two named optimizers."""


def train_epoch(pairs, encoder, decoder, optimizers, criterion):
    encoder.train()
    decoder.train()
    total_loss = 0
    encoder_optimizer, decoder_optimizer = optimizers
    for data in pairs:
        input_tensor, target_tensor = data
        encoder_optimizer.zero_grad()
        decoder_optimizer.zero_grad()
        encoder_outputs, encoder_hidden = encoder(input_tensor)
        decoder_outputs, _, _ = decoder(encoder_outputs, encoder_hidden, target_tensor)
        loss = criterion(decoder_outputs.reshape(-1, decoder_outputs.size(-1)), target_tensor.reshape(-1))
        loss.backward()
        encoder_optimizer.step()
        decoder_optimizer.step()
        total_loss += loss.item()
    return total_loss / len(pairs)
