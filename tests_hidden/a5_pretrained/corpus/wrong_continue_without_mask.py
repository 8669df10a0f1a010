"""generate is not told which ids are text."""
def continue_story(model, tokenizer, prompt, max_new_tokens=64):
    model.eval()
    inputs = encode_text(tokenizer, prompt).to(model.device)
    output_ids = model.generate(inputs["input_ids"], max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)
