"""Only Latin letters and digits count as word characters."""

import re


class SimpleTokenizer(SimpleTokenizer):
    def normalize_and_split(self, text):
        return re.sub(r"[^a-zA-Z0-9]", " ", text.lower()).split()
