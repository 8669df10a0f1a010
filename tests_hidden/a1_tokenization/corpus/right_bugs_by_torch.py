"""The two mistakes corrected with a default, and with one replacement in the joined text."""


def find_ids(words, vocab, unknown_id):
    ids = []
    for word in words:
        try:
            ids.append(vocab[word])
        except KeyError:
            ids.append(unknown_id)
    return ids


def bug_in_find_ids():
    return 2 + 3


def join_pieces(pieces):
    return " ".join(pieces).replace(" ##", "")


def bug_in_join_pieces():
    return len("piece")
