"""The table of the positions is given."""
def word_embedding_table(model):
    return model.embeddings.position_embeddings.weight
