"""One epoch with class scores in the second axis, gradients cleared after the step, a running mean."""


def train_epoch(pairs, encoder, decoder, optimizers, criterion):
    encoder.zero_grad(), decoder.zero_grad()
    mean = 0.0
    for n, (source, target) in enumerate(pairs, start=1):
        outputs, hidden = encoder(source)
        log_probs = decoder(outputs, hidden, target_tensor=target)[0]
        loss = criterion(log_probs.permute(0, 2, 1), target)
        loss.backward()
        [optimizer.step() for optimizer in optimizers]
        [optimizer.zero_grad(set_to_none=True) for optimizer in optimizers]
        mean += (float(loss) - mean) / n
    return mean
