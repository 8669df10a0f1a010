"""The two mistakes corrected with membership tests and with text."""


def find_ids(words, vocab, unknown_id):
    return [vocab[word] if word in vocab else unknown_id for word in words]


def bug_in_find_ids():
    line = 5
    return line


def join_pieces(pieces):
    text = ""
    for number, piece in enumerate(pieces):
        if number and piece[:2] == "##":
            text = text + piece[2:]
        elif number:
            text = text + " " + piece
        else:
            text = piece
    return text


def bug_in_join_pieces():
    return int("5")
