"""A list that is long enough already is handed back itself."""


class SimpleTokenizer(SimpleTokenizer):
    def pad(self, ids, max_len):
        if len(ids) == max_len:
            return ids
        return (ids + [0] * max_len)[:max_len]
