"""The layer is given instead of its weight."""
def word_embedding_table(model):
    return model.get_input_embeddings()
