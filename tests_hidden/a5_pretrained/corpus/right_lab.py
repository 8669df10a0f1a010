"""As the original lab's notebook writes it: outputs by index, decoding the first row, masks as a tuple."""
import torch


def encode_text(tokenizer, text):
    return tokenizer(text, return_tensors="pt", add_special_tokens=True)


@torch.no_grad()
def contextual_embeddings(model, tokenizer, text):
    encoded_input = encode_text(tokenizer, text)
    input_ids = encoded_input["input_ids"].to(model.device)
    attention_mask = encoded_input["attention_mask"].to(model.device)
    return model(input_ids=input_ids, attention_mask=attention_mask)[0]


def word_embedding_table(model):
    return model.embeddings.word_embeddings.weight


def has_encoder_and_decoder(model):
    return hasattr(model.model, "encoder"), hasattr(model.model, "decoder")


def translate(model, tokenizer, text, max_new_tokens=64):
    batch = encode_text(tokenizer, text).to(model.device)
    generated = model.generate(**batch, max_new_tokens=max_new_tokens)
    return tokenizer.batch_decode(generated, skip_special_tokens=True)[0]


def mask_positions(input_ids, mask_token_id):
    return torch.where(input_ids == mask_token_id)


def fill_mask(model, tokenizer, sentence, top_k=5):
    inputs = encode_text(tokenizer, sentence).to(model.device)
    with torch.no_grad():
        logits = model(**inputs).logits
    rows, columns = mask_positions(inputs["input_ids"], tokenizer.mask_token_id)
    results = []
    for row, column in zip(rows, columns):
        probs = torch.nn.functional.softmax(logits[row, column], dim=0)
        values, indices = torch.topk(probs, top_k)
        results.append([(tokenizer.decode([index]), value.item()) for value, index in zip(values, indices.tolist())])
    return results


def restore(model, tokenizer, sentence, top_k=5):
    results = []
    for token, _ in fill_mask(model, tokenizer, sentence, top_k)[0]:
        results.append(sentence.replace(tokenizer.mask_token, token.replace("##", "")))
    return results


def continue_story(model, tokenizer, prompt, max_new_tokens=64):
    model.eval()
    encoded = encode_text(tokenizer, prompt)
    with torch.no_grad():
        output = model.generate(
            encoded["input_ids"].to(model.device),
            attention_mask=encoded["attention_mask"].to(model.device),
            max_new_tokens=max_new_tokens,
        )
    return tokenizer.decode(output[0].tolist(), skip_special_tokens=True)
