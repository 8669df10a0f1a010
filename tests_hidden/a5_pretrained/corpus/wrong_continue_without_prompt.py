"""The prompt is cut off."""
def continue_story(model, tokenizer, prompt, max_new_tokens=64):
    model.eval()
    inputs = encode_text(tokenizer, prompt).to(model.device)
    output_ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    return tokenizer.decode(output_ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
