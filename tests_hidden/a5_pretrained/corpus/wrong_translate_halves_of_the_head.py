"""The halves are looked for in the head, which only holds the base model."""
def has_encoder_and_decoder(model):
    return hasattr(model, "encoder"), hasattr(model, "decoder")
