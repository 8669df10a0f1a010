from pathlib import Path


def explain_test_set():
    sentences = [
        "We train on one part of the data.",
        "The rest is NEW DATA to the model, so it tells whether it can generalize.",
    ]
    return "\n".join(sentences)


def write_summary(source, target):
    text = Path(source).read_text(encoding="utf-8")
    number = len(text.split())
    Path(target).write_text(f"lines: {len(text.splitlines())}  \nwords: {number}\n\n")
    return number
