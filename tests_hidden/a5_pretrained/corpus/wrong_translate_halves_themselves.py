"""The halves themselves come back."""
def has_encoder_and_decoder(model):
    return model.get_encoder(), model.get_decoder()
