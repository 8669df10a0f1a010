"""A mean for each sentence, then a mean over sentences: words of short sentences count for more."""


def masked_loss(logits, targets, pad_id):
    real = targets != pad_id
    if not real.any():
        raise ValueError("only padding")
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    rows = real.any(1)
    return ((each * real).sum(1)[rows] / real.sum(1)[rows]).mean()
