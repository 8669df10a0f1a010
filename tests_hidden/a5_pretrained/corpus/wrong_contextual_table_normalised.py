"""The rows are given after positions and normalisation."""
import torch


def word_embedding_table(model):
    ids = torch.arange(model.config.vocab_size, device=model.device).unsqueeze(1)
    return model.embeddings(ids).squeeze(1)
