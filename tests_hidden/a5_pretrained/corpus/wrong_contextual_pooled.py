"""The pooled vector of the sentence is given for every token."""
import torch


def contextual_embeddings(model, tokenizer, text):
    inputs = encode_text(tokenizer, text).to(model.device)
    with torch.no_grad():
        outputs = model(**inputs)
    return outputs.pooler_output.unsqueeze(1)
