# %% [markdown]
# # Reading and summing up
#
# A text cell of the notebook; it is left out of the module.
#
# # 읽고 요약하기
#
# 노트북의 글 칸이며, 모듈에는 들어가지 않습니다.

# %%
"""A short answer, and a summary of a file."""


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def explain_test_set() -> str:
    """Why a test set is kept apart from the data that a model is trained on: two or three sentences."""
    # TODO answer: return your sentences
    ### BEGIN SOLUTION answer
    return """
    A model can memorize its training data, and then overfits. Only on data that it has never seen does its error say
    how well it generalizes. So the test set is kept apart until the end, and no choice is made with it.
    """
    ### END SOLUTION


# %%
def write_summary(source: str, target: str) -> int:
    """Read the file `source`, write its numbers of lines and words to the file `target`, and return that of words."""
    # TODO summary: two lines, "lines: <number>" and "words: <number>"
    ### BEGIN SOLUTION summary
    with open(source, encoding="utf-8") as file:
        lines = file.read().splitlines()
    words = sum(len(line.split()) for line in lines)
    with open(target, "w", encoding="utf-8") as file:
        file.write(f"lines: {len(lines)}\nwords: {words}\n")
    return words
    ### END SOLUTION
