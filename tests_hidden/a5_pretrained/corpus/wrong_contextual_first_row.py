"""The batch dimension is taken off."""
import torch


def contextual_embeddings(model, tokenizer, text):
    inputs = encode_text(tokenizer, text).to(model.device)
    with torch.no_grad():
        outputs = model(**inputs)
    return outputs.last_hidden_state[0]
