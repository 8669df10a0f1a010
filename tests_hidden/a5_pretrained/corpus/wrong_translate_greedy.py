"""One beam, whatever the model asks for."""
def translate(model, tokenizer, text, max_new_tokens=64):
    inputs = encode_text(tokenizer, text).to(model.device)
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens, num_beams=1)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
