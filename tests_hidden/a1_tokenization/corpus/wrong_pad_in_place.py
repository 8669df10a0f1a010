"""The caller's list is filled up."""


class SimpleTokenizer(SimpleTokenizer):
    def pad(self, ids, max_len):
        while len(ids) < max_len:
            ids.append(0)
        return ids[:max_len]
