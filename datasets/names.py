"""Names of six languages: common first names, and family names put together from parts; used by write_samples.py.

A first name is nobody's in particular, and no list of persons was used. Names from other alphabets are in Latin
letters, Korean ones in Hangul.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

KOREAN_FAMILIES = "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 홍 전 고 문 손 배 백 허 남 심 노 하 곽 성 차 주 우 구 민".split()
KOREAN_FIRST = "민 서 지 하 도 예 준 수 은 현 유 재 태 승 영 다 나 소 채 윤 시 진 우 혜 선 정 동 성 건 주".split()
KOREAN_SECOND = "준 서 윤 우 연 아 은 호 현 진 빈 원 영 희 수 민 경 훈 재 찬 린 율 인 미 나 혁 석 철 숙 자".split()

FIRST_NAMES = {
    "English": """Adam Alan Alfred Alice Amber Andrew Anne Ashley Barry Beatrice Benjamin Bernard Betty Brenda Brian Bruce Carol
 Caroline Charles Chelsea Christopher Claire Colin Craig Daisy Daniel Darren David Deborah Dennis Derek Donald Dorothy
 Douglas Duncan Edgar Edith Edward Eileen Elizabeth Ellen Emily Emma Eric Ethan Evelyn Faith Fiona Frances Gareth
 Gary Geoffrey George Gillian Glenn Grace Graham Gregory Hannah Harold Harriet Harry Hazel Heather Helen Henry Howard
 Hugh Irene Isaac Jack Jacob James Janet Jason Jean Jeffrey Jennifer Jeremy Jessica Joan John Jonathan Joseph Joyce
 Judith Julia Karen Keith Kenneth Kevin Laura Lawrence Leslie Lewis Lily Linda Lucy Luke Lynn Malcolm Margaret Martin
 Mary Matthew Megan Melissa Michael Molly Nancy Natalie Neil Nicholas Nigel Norman Olive Oliver Oscar Owen Pamela
 Patrick Paul Peter Philip Rachel Ralph Raymond Rebecca Richard Robert Robin Roger Rosemary Roy Russell Ruth Samuel
 Sarah Scott Sean Sharon Sheila Simon Stanley Stephen Stuart Susan Sydney Teresa Thomas Timothy Tracy Trevor Victor
 Vincent Walter Wendy William Zoe""",
    "German": """Achim Adelheid Albrecht Anja Anke Annegret Anton Armin Arno Astrid August Axel Bärbel Beate Bernd Bernhard Bettina
 Birgit Björn Brigitte Bruno Burkhard Carsten Christa Christoph Claudia Claus Cornelia Dagmar Detlef Dieter Dietmar
 Dietrich Dirk Doris Dörte Eberhard Eckhard Edeltraud Elfriede Elke Elisabeth Emil Erich Erika Ernst Erwin Eva Felix
 Franz Frauke Frieda Friedrich Fritz Gabriele Georg Gerd Gerda Gerhard Gertrud Gisela Gottfried Gregor Greta Günter
 Gustav Hanna Hannelore Hans Harald Hartmut Heidi Heike Heiko Heiner Heinrich Heinz Helga Helmut Henning Herbert
 Hermann Hilde Hildegard Holger Horst Hubert Hugo Inge Ingeborg Ingo Ingrid Irmgard Jens Joachim Jochen Johann Jörg
 Jörn Jürgen Jutta Karin Karl Kaspar Katja Katrin Kerstin Klaus Konrad Kristin Kurt Lars Leopold Liesel Lothar Ludwig
 Luise Lutz Manfred Marlene Margarete Matthias Meike Moritz Nadine Norbert Olaf Otto Petra Rainer Ralf Reiner Reinhard
 Renate Rolf Rosemarie Rudolf Rüdiger Sabine Sebastian Siegfried Silke Stefan Steffen Susanne Sven Theodor Thorsten
 Tilman Torsten Traudel Udo Ulrich Ulrike Ursula Ute Uwe Veit Volker Waltraud Werner Wilfried Wilhelm Winfried
 Wolfgang Wolfram""",
    "Italian": """Adele Adriano Agata Agnese Alberto Alessandra Alessandro Alessia Alfredo Alice Amedeo Andrea Angela Angelo Anna
 Annalisa Antonella Antonio Arianna Arturo Aurora Barbara Beatrice Benedetta Bianca Bruno Camilla Carla Carlo Carmela
 Caterina Cecilia Chiara Cinzia Claudia Claudio Corrado Cristiano Cristina Daniela Daniele Dario Davide Debora Diego
 Domenico Donatella Donato Edoardo Elena Eleonora Elia Elisa Emanuele Emilio Enrica Enrico Enzo Ernesto Eugenio Fabio
 Fabrizio Federica Federico Filippo Fiorella Flavio Francesca Francesco Franco Gabriella Gaetano Gennaro Giacomo
 Gianluca Gianni Gina Giorgia Giorgio Giovanna Giovanni Giulia Giuliano Giulio Giuseppe Graziella Guido Ilaria Irene
 Isabella Ivano Laura Leonardo Letizia Lorena Lorenzo Loretta Luca Lucia Luciano Lucrezia Luigi Luisa Manuela Marcello
 Marco Margherita Maria Mariano Marina Mario Marta Martina Massimo Matilde Matteo Maurizio Melania Michela Michele
 Milena Mirella Monica Nadia Nicola Nicoletta Noemi Ornella Orlando Paola Paolo Pasquale Patrizia Piero Pietro Pina
 Raffaele Raffaella Renato Riccardo Rita Roberta Roberto Romano Rosa Rosanna Salvatore Samuele Sandra Sara Sergio
 Silvana Silvia Simona Simone Sofia Stefania Stefano Teresa Tiziana Tommaso Umberto Valentina Valerio Vincenzo Viola
 Vittoria Vittorio""",
    "Japanese": """Ai Aiko Akane Akemi Akihiko Akiko Akira Aoi Asami Asuka Atsuko Atsushi Aya Ayaka Ayako Ayumi Azusa Chie Chieko
 Chihiro Chika Chiyo Daichi Daiki Daisuke Eiji Eiko Emi Emiko Eri Etsuko Fumiko Fumio Goro Hajime Hana Hanako Haruka
 Haruki Haruko Haruna Haruto Hayato Hideaki Hideki Hideko Hideo Hikari Hikaru Hinata Hiroaki Hiroki Hiroko Hiromi
 Hiroshi Hisako Hitomi Hitoshi Ichiro Ikuko Isamu Isao Itsuki Izumi Jiro Jun Junichi Junko Kaede Kaito Kana Kaori
 Kaoru Katsumi Kazuhiko Kazuki Kazuko Kazuo Kazuya Keiichi Keiko Keisuke Kei Kenichi Kenji Kenta Kiyoko Kiyoshi Koichi
 Koji Kotaro Kumiko Kunio Kyoko Mai Maki Makoto Mami Mamoru Manabu Mao Mari Mariko Masaaki Masako Masaru Masato Mayumi
 Megumi Michiko Midori Mika Miki Mikio Minako Minoru Misaki Mitsuko Mitsuru Miyuki Momoko Motoko Nagisa Namiko Nana
 Naoki Naoko Naomi Natsuki Natsumi Noboru Nobuko Nobuo Noriko Osamu Ran Rei Reiko Ren Rie Riko Rina Ryo Ryota Ryuji
 Sachiko Saki Sakura Satoko Satomi Satoru Satoshi Sayaka Seiji Shigeru Shinichi Shinji Shiori Shizuka Sho Shoji Shun
 Sora Susumu Tadashi Takako Takashi Takeo Takeshi Takumi Tamaki Taro Tatsuya Teruo Tetsuya Tomoko Tomomi Toru Toshiko
 Toshio Tsubasa Tsuyoshi Yasuko Yoko Yoshiko Yuka Yuki Yukiko Yumi Yuriko Yutaka""",
    "Russian": """Afanasy Agafya Agnia Albina Aleksandr Aleksandra Aleksey Alevtina Alina Alla Alyona Anastasia Anatoly Andrey
 Anfisa Angelina Anisim Antonina Anzhela Arina Arkady Arseny Artyom Boris Bogdan Bronislav Danila Darya Demid Demyan
 Denis Dina Dmitry Efim Egor Ekaterina Elizaveta Emelyan Evdokia Evgenia Evgeny Fadey Fedosya Filipp Foma Fyodor
 Galina Gavriil Gennady Georgy Gerasim German Gleb Glafira Grigory Ignat Igor Ilya Inessa Inna Innokenty Irina Ivan
 Kapitolina Kirill Klavdia Klim Kondrat Konstantin Ksenia Kuzma Larisa Lavrenty Leonid Lev Lidia Lilia Luka Lyubov
 Lyudmila Makar Maksim Marfa Margarita Marianna Mark Matvey Maya Mikhail Miron Mitrofan Nadezhda Natalya Nazar Nika
 Nikifor Nikita Nikolay Nina Nonna Oksana Oleg Olesya Olga Osip Pavel Pelageya Platon Polina Praskovya Prokhor Pyotr
 Radmila Raisa Regina Rimma Rodion Roman Rostislav Ruslan Sava Savely Semyon Serafim Serafima Sergey Snezhana Sofya
 Spartak Stanislav Stepan Stepanida Svetlana Svyatoslav Taisia Tamara Taras Tatyana Tikhon Timofey Timur Trofim Ulyana
 Vadim Valentin Valentina Valery Vanda Varvara Vasilisa Vasily Vera Veronika Viktor Viktoria Vitaly Vlada Vladimir
 Vladislav Vsevolod Vyacheslav Yakov Yana Yaroslav Yegor Yelena Yulia Yury Zakhar Zhanna Zinaida Zlata Zoya""",
}  # fmt: skip

# Two parts each: the beginning of a family name and its end.
FAMILY_PARTS = {
    "English": ("Ash Black Brad Bright Brook Clay Cross East Fair Gold Hamp Hart Hill Hol Lang Long Mid New Red Sand Stan West Win",
                "ton ford ley field wood man well bury worth son"),
    "German": ("Müll Schneid Fisch Web Wagn Beck Schulz Hoff Koch Richt Klein Wolf Schröd Neu Schwarz Zimm Krüg Hart Lehm Köhl Herr",
               "er mann el ke inger bach hauer stein meier ner"),
    "Italian": ("Ross Bianch Ferr Esposit Colomb Ricc Marin Grec Brun Gall Cont Mancin Rizz Lombard Morett Fontan Rinald Carus",
                "i o a ini etti elli one ucci acci ello"),
    "Japanese": ("taka yoshi naka yama kawa matsu hashi mori ishi oka fuji kuro shiro aki kita ume sugi hoshi tani ike shima mizu",
                 "da moto mura ta hara saki shita guchi naga be ki zawa"),
    "Russian": ("Ivan Petr Smirn Volk Sokol Moroz Lebed Kozl Novik Pavl Semen Golub Bogdan Vorob Mikhail Taras Komar Orl Makar Kuzm",
                "ov ev in sky ovich enko chenko ova evsky nikov"),
}  # fmt: skip


def write_names(random: Random, count: int) -> Iterator[tuple[str, str]]:
    """Give `count` different names of each language, with the language; first names come before family names."""
    seen: set[str] = set()
    korean = [family + one + two for family, one, two in product(KOREAN_FAMILIES, KOREAN_FIRST, KOREAN_SECOND)]
    pools = {"Korean": random.sample(korean, count)}
    for language, (beginnings, ends) in FAMILY_PARTS.items():
        families = [(one + two).capitalize() for one, two in product(beginnings.split(), ends.split())]
        pools[language] = [*FIRST_NAMES[language].split(), *random.sample(families, len(families))]
    for language, names in pools.items():
        # A name that two languages have belongs to the one that comes first.
        chosen = [name for name in dict.fromkeys(names) if name not in seen][:count]
        seen.update(chosen)
        yield from ((name, language) for name in sorted(chosen))
