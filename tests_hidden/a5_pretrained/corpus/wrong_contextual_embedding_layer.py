"""The embedding layer's output is given, before any attention."""
def contextual_embeddings(model, tokenizer, text):
    inputs = encode_text(tokenizer, text).to(model.device)
    return model.embeddings(inputs["input_ids"])
