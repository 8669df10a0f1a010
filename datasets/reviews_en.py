"""English film reviews put together from phrases of our own; used by write_samples.py."""

from random import Random

ASPECTS = [
    "acting", "script", "story", "music", "camera work", "ending", "dialogue", "pacing", "twist", "editing", "mood", "lead actor",
    "supporting cast", "first half", "last act", "humour", "romance", "fight scenes", "animation", "set design", "villain", "opening scene",
]
GOOD = [
    "superb", "a delight", "better than I expected", "quietly moving", "sharp and funny", "close to perfect", "full of life",
    "worth the ticket alone", "fresh", "beautiful", "honest", "unforgettable", "clever without showing off", "warm",
]
BAD = [
    "dull", "a mess", "worse than I feared", "painfully slow", "flat", "hard to follow", "full of holes", "not worth the ticket",
    "tired", "ugly", "false", "forgettable", "loud without a reason", "cold",
]
FILMS = ["film", "movie", "picture", "sequel", "remake", "documentary", "cartoon", "thriller", "comedy", "drama", "western"]
WITH = ["my family", "a friend", "my daughter", "my parents", "the whole class", "nobody else in the room", "two colleagues"]
PLACES = ["at the theatre", "at home", "on a plane", "on a rainy Sunday", "late at night", "on a big screen", "in an old cinema"]
GOOD_ENDS = [
    "Go and see it", "I would watch it again", "Five stars", "I laughed and then I cried", "Time flew", "Nine out of ten",
    "I did not want it to end", "Bring someone you love", "A small treasure", "Highly recommended",
]
BAD_ENDS = [
    "Do not bother", "I want my money back", "One star is too many", "I fell asleep", "We left early", "Two out of ten",
    "The trailer has it all", "Never again", "A waste of good actors", "Skip it",
]
TAILS = [".", ".", ".", "!", "...", "!!", ""]

BY_HAND = [
    ("I came for the dog and stayed for everything else.", 1),
    ("It takes an hour to begin and then I forgot to breathe.", 1),
    ("My father does not like films. He liked this film.", 1),
    ("Nothing happens, and it happens beautifully.", 1),
    ("The rain scene is the best five minutes of the year", 1),
    ("You can tell that everyone on the set was having fun :)", 1),
    ("Not a great film, but a kind one, and I needed that.", 1),
    ("Watched it twice in one weekend!!", 1),
    ("The songs are still in my head and I do not mind.", 1),
    ("A children's film that does not talk down to children.", 1),
    ("The popcorn was good.", 0),
    ("Somebody please give the editor a pair of scissors.", 0),
    ("It is not bad enough to be funny.", 0),
    ("I have seen better plots on the back of a cereal box", 0),
    ("Two hours of people shouting at rain.", 0),
    ("The best part was the exit sign.", 0),
    ("It wants you to cry so much that you cannot.", 0),
    ("Good actors, no film.", 0),
    ("Read the book. Please, just read the book.", 0),
    ("Everything in it is borrowed and nothing is given back.", 0),
]


def write_review(random: Random, label: int) -> str:
    """Write one review that is good (1) or bad (0)."""
    pick = random.choice
    says, against, ends = (GOOD, BAD, GOOD_ENDS) if label else (BAD, GOOD, BAD_ENDS)
    first, second = random.sample(ASPECTS, 2)
    film, end, tail = pick(FILMS), pick(ends), pick(TAILS)
    first_is, second_is = f"the {first} is {pick(says)}", f"the {second} is {pick(says)}"
    review = pick([
        f"{first_is}{tail}",
        f"{end}{tail}",
        f"this {film} is {pick(says)}{tail} {end}.",
        f"the {first} is {pick(against)}, but {second_is}{tail} {end}.",
        f"I saw this {film} with {pick(WITH)} {pick(PLACES)} and {first_is}{tail}",
        f"as a {film} it is {pick(says)}: {first_is} and {second_is}{tail}",
        f"{first_is}, {second_is}. {end}{tail}",
        f"everyone talks about the {first}, but for me {second_is}{tail}",
        f"watched it {pick(PLACES)}. {end}{tail}",
    ])
    return review[0].upper() + review[1:]
