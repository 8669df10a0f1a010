"""Korean-English sentence pairs: a small grammar written in both languages at once; used by write_samples.py."""

from collections.abc import Iterator
from random import Random

from reviews_ko import join_particle

SUBJECTS = [
    ("나", "I"), ("우리", "we"), ("그녀", "she"), ("그", "he"), ("학생들", "the students"), ("아이들", "the children"),
    ("선생님", "the teacher"), ("내 친구", "my friend"), ("할머니", "my grandmother"), ("아버지", "my father"), ("의사", "the doctor"),
]
ACTS = [
    ("읽었다", "read", [("책", "a book"), ("신문", "the newspaper"), ("시", "a poem"), ("편지", "a letter")]),
    ("보았다", "watched", [("영화", "a film"), ("연극", "a play"), ("경기", "the game")]),
    ("먹었다", "ate", [("사과", "an apple"), ("빵", "some bread"), ("국수", "noodles"), ("배", "a pear")]),
    ("마셨다", "drank", [("물", "some water"), ("커피", "coffee"), ("우유", "some milk"), ("차", "tea")]),
    ("샀다", "bought", [("신발", "shoes"), ("표", "a ticket"), ("꽃", "flowers"), ("우산", "an umbrella"), ("그 책", "that book")]),
    ("썼다", "wrote", [("편지", "a letter"), ("이야기", "a story"), ("시", "a poem"), ("일기", "a diary")]),
    ("들었다", "listened to", [("음악", "music"), ("라디오", "the radio"), ("강의", "the lecture")]),
    ("그렸다", "drew", [("그림", "a picture"), ("나무", "a tree"), ("고양이", "a cat")]),
]
TIMES = [("", ""), ("", ""), ("어제", "yesterday"), ("오늘 아침에", "this morning"), ("지난주에", "last week"), ("저녁에", "in the evening")]
PLACES = [("", ""), ("", ""), ("도서관에서", "at the library"), ("집에서", "at home"), ("학교에서", "at school"), ("공원에서", "in the park")]
QUALITIES = [
    (("영화", "film"), [("재미있었다", "fun"), ("슬펐다", "sad"), ("길었다", "long"), ("아름다웠다", "beautiful")]),
    (("음식", "food"), [("맛있었다", "delicious"), ("매웠다", "spicy"), ("차가웠다", "cold")]),
    (("날씨", "weather"), [("좋았다", "good"), ("추웠다", "cold"), ("더웠다", "hot"), ("나빴다", "bad")]),
    (("시험", "exam"), [("어려웠다", "difficult"), ("쉬웠다", "easy"), ("길었다", "long")]),
    (("여행", "trip"), [("즐거웠다", "pleasant"), ("길었다", "long"), ("힘들었다", "tiring")]),
    (("책", "book"), [("재미있었다", "fun"), ("두꺼웠다", "thick"), ("어려웠다", "difficult"), ("슬펐다", "sad")]),
]
DEGREES = [("", ""), ("정말", "really"), ("너무", "too"), ("조금", "a little")]

# A sentence may have several translations, as in every real collection: what is likeliest word by word
# is then not always likeliest as a whole, and beam search has something to find.
BY_HAND = [
    ("안녕하세요.", "Hello."),
    ("감사합니다.", "Thank you."),
    ("나는 학생입니다.", "I am a student."),
    ("이 문장을 번역해 주세요.", "Please translate this sentence."),
    ("파리는 프랑스의 수도이다.", "Paris is the capital of France."),
    ("서울은 한국의 수도이다.", "Seoul is the capital of Korea."),
    ("도쿄는 일본의 수도이다.", "Tokyo is the capital of Japan."),
    ("로마는 이탈리아의 수도이다.", "Rome is the capital of Italy."),
    ("축구는 정말 재미있는 운동이다.", "Football is a really fun sport."),
    ("수영은 정말 재미있는 운동이다.", "Swimming is a really fun sport."),
    ("그녀는 은행에서 돈을 찾았다.", "She took her money out of the bank."),
    ("은행이 아침 아홉 시에 문을 연다.", "The bank opens at nine in the morning."),
    ("우리는 강둑에 앉아 배를 보았다.", "We sat on the bank of the river and watched the boats."),
    ("강둑에 꽃이 피었다.", "Flowers grew on the bank of the river."),
    ("배가 고파서 배를 먹었다.", "I was hungry, so I ate a pear."),
    ("눈이 와서 눈이 부셨다.", "It snowed, and the light hurt my eyes."),
    ("비가 온다.", "It is raining."),
    ("비가 온다.", "Rain is falling."),
    ("비가 온다.", "Rain is coming down."),
    ("비가 온다.", "Rain comes and goes."),
    ("비가 온다.", "It is raining."),
    ("그 영화는 볼 만하다.", "The film is worth seeing."),
    ("그 영화는 볼 만하다.", "You should see the film."),
    ("그 영화는 볼 만하다.", "You will like the film."),
    ("그 영화는 볼 만하다.", "You may enjoy the film."),
    ("그 영화는 볼 만하다.", "The film is worth seeing."),
    ("나는 괜찮다.", "I am fine."),
    ("나는 괜찮다.", "It does not matter to me."),
    ("나는 괜찮다.", "It makes no difference."),
    ("나는 괜찮다.", "It is all right with me."),
    ("나는 괜찮다.", "I am fine."),
    ("같이 가자.", "Let us go together."),
    ("같이 가자.", "Come along with me."),
    ("같이 가자.", "Come on, we are going."),
    ("같이 가자.", "Come with us."),
    ("같이 가자.", "Let us go together."),
    ("걱정하지 마세요.", "Please do not worry."),
    ("걱정하지 마세요.", "There is no need to worry."),
    ("걱정하지 마세요.", "There is nothing to fear."),
    ("걱정하지 마세요.", "There will be no trouble."),
    ("걱정하지 마세요.", "Please do not worry."),
]


def write_pairs(random: Random, count: int) -> Iterator[tuple[str, str]]:
    """Give the pairs by hand, then different ones from the grammar until there are `count`."""
    yield from BY_HAND
    seen: set[tuple[str, str]] = set()
    while len(seen) < count - len(BY_HAND):
        pair = random.choice([_write_act, _write_act, _write_quality])(random)
        if pair not in seen:
            seen.add(pair)
            yield pair


def _write_act(random: Random) -> tuple[str, str]:
    """Write who did what, where and when: the verb comes last in Korean, second in English."""
    subject, act = random.choice(SUBJECTS), random.choice(ACTS)
    thing, time, place = random.choice(act[2]), random.choice(TIMES), random.choice(PLACES)
    korean = [time[0], join_particle(subject[0], "은", "는"), place[0], join_particle(thing[0], "을", "를"), act[0]]
    english = [subject[1], act[1], thing[1], place[1], time[1]]
    return _close(korean), _close(english)


def _write_quality(random: Random) -> tuple[str, str]:
    """Write how something was."""
    thing, qualities = random.choice(QUALITIES)
    quality, degree, time = random.choice(qualities), random.choice(DEGREES), random.choice(TIMES[:4])
    korean = [time[0], join_particle(thing[0], "은", "는"), degree[0], quality[0]]
    english = ["the", thing[1], "was", degree[1], quality[1], time[1]]
    return _close(korean), _close(english)


def _close(words: list[str]) -> str:
    """Join the words that are there, with a capital and a full stop."""
    sentence = " ".join(filter(None, words))
    return sentence[0].upper() + sentence[1:] + "."
