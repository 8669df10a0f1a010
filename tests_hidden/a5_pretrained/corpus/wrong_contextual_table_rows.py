"""The rows of the table are given: no layer has seen the sentence."""
def contextual_embeddings(model, tokenizer, text):
    inputs = encode_text(tokenizer, text).to(model.device)
    return word_embedding_table(model)[inputs["input_ids"]]
