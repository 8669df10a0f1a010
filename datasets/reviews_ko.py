"""Korean film reviews put together from phrases of our own; used by write_samples.py."""

from random import Random

ASPECTS = [
    "연기", "연출", "스토리", "음악", "영상미", "결말", "대사", "전개", "반전", "액션", "편집", "분위기", "캐릭터", "배우들 호흡",
    "주제 의식", "색감", "주연 배우", "조연들", "초반부", "후반부", "예고편", "원작", "첫 장면", "마지막 장면", "촬영", "설정",
]
GOOD = [
    "정말 좋았다", "기대 이상이다", "끝까지 마음에 남는다", "훌륭했어요", "최고였습니다", "압도적이네요", "섬세하다", "매끄럽다",
    "생각보다 깊다", "눈물 나게 따뜻하다", "지금 봐도 세련됐다", "완벽에 가깝다", "살아 있다", "참 인상 깊었어요", "신선했음",
]
BAD = [
    "너무 지루하다", "기대 이하였다", "엉성하다", "어색해서 몰입이 안 된다", "뻔하다", "형편없었어요", "아쉽습니다", "산만하네요",
    "억지스럽다", "도무지 이해가 안 된다", "옛날 방식 그대로다", "밋밋했음", "실망스러웠다", "따로 논다", "지나치게 길다",
]
FILMS = ["이 영화", "이번 작품", "이 애니", "이 다큐", "감독의 첫 작품", "이 시리즈", "속편", "이 드라마", "이 공포 영화", "이 멜로"]
WITH = ["가족과", "친구랑", "혼자", "아이와", "부모님과", "여자친구랑", "동생이랑", "회사 사람들과"]
PLACES = ["극장에서", "집에서", "심야에", "비 오는 날", "명절에", "비행기에서", "큰 화면으로", "케이블에서"]
GOOD_ENDS = [
    "강추합니다", "꼭 보세요", "또 보고 싶다", "별 다섯 개", "여운이 길다", "시간 가는 줄 몰랐네요", "돈이 아깝지 않음",
    "10점 만점에 9점", "웃다가 울었다", "인생 영화",
]
BAD_ENDS = [
    "시간 아깝다", "돈 버렸네요", "중간에 나왔다", "별 한 개도 많다", "졸다가 끝났음", "두 번은 못 보겠다", "다음 작품은 거른다",
    "10점 만점에 2점", "예고편이 전부", "왜 만들었을까",
]
GOOD_TAILS = ["", "", "", "!", "!!", "^^", " ㅎㅎ", "~", " ㅠㅠ", "♥", "..."]
BAD_TAILS = ["", "", "", ".", "...", ";;", " ㅡㅡ", " ㅋㅋㅋ", " ㅠㅠ", "?", " ㅉㅉ"]

BY_HAND = [
    ("비 맞으며 뛰는 장면 하나로 두 시간이 용서된다", 1),
    ("할머니 생각이 나서 한참을 앉아 있었어요", 1),
    ("포스터만 보고 골랐는데 올해 본 것 중 제일 낫다", 1),
    ("엄청 웃기지는 않는데 자꾸 생각남ㅋㅋ", 1),
    ("말없이 밥 먹는 장면이 왜 이렇게 슬프지", 1),
    ("교과서 같은 편집. 영화 공부하는 분들은 꼭 보시길.", 1),
    ("재밌다는 말밖에 할 말이 없네", 1),
    ("OST 아직도 듣는 중", 1),
    ("악역이 다 살렸다 진짜", 1),
    ("기대 안 했는데 안 보면 후회할 뻔", 1),
    ("주인공이 왜 화가 났는지 끝까지 모르겠다", 0),
    ("팝콘은 맛있었다", 0),
    ("이걸 두 시간 넘게 만든 용기에 박수를", 0),
    ("감동 주려고 애쓰는 게 보여서 더 식는다", 0),
    ("CG가 게임보다 못함", 0),
    ("좋은 배우들 데려다 놓고 뭐 하는 건지", 0),
    ("원작 팬이라면 안 보는 게 낫습니다", 0),
    ("재미도 없고 감동도 없고 교훈도 없다", 0),
    ("평점 믿고 봤다가 잠만 잤다 zzz", 0),
    ("나쁘지는 않은데 굳이 극장에서 볼 필요는 없다", 0),
]


def join_particle(word: str, after_consonant: str, after_vowel: str) -> str:
    """Give the word with the particle that its last Hangul syllable asks for."""
    ends_in_consonant = (ord(word[-1]) - ord("가")) % 28 != 0
    return word + (after_consonant if ends_in_consonant else after_vowel)


def write_review(random: Random, label: int) -> str:
    """Write one review that is good (1) or bad (0)."""
    pick = random.choice
    says, against, ends, tails = (GOOD, BAD, GOOD_ENDS, GOOD_TAILS) if label else (BAD, GOOD, BAD_ENDS, BAD_TAILS)
    first, second = random.sample(ASPECTS, 2)
    film, end, tail = pick(FILMS), pick(ends), pick(tails)
    first_says = f"{join_particle(first, '이', '가')} {pick(says)}{tail}"
    second_says = f"{join_particle(second, '이', '가')} {pick(says)}{tail}"
    return pick([
        first_says,
        f"{end}{tail}",
        f"{join_particle(film, '은', '는')} {first_says}",
        f"{join_particle(first, '은', '는')} {pick(against)} 그런데 {second_says} {end}",
        f"{pick(WITH)} {pick(PLACES)} 봤는데 {first_says}",
        f"{film}.. {end}. {first_says}",
        f"{join_particle(first, '과', '와')} {second_says} {end}",
        f"{film} {pick(WITH)} 봤다{tail} {end}",
        f"남들은 {first} 얘기만 하던데 나는 {second_says}",
    ])
