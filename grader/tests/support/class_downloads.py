"""One download of each system with every trouble in it, and what is right for each of its entries."""

from collections.abc import Mapping
from pathlib import Path

from grader.tests.support.intake_samples import make_archive, make_notebook, make_rar, make_zip

RIGHT = "def double(number):\n    return number * 2\n\n\ndef shout(word):\n    return word.upper()\n"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj"
PACKED = make_archive({"toy.py": RIGHT}, "7zip")
NOTEBOOK = make_notebook(RIGHT)
ROSTER = """\
id,name,email,group,login,canvas,github
s1,Jane Doe,jane@uni.example,,jdoe,4101,jd-codes
s2,홍길동,gildong@uni.example,,gildong,4102,
s3,"Smith, John",js1@uni.example,,jsmith1,4103,
s4,"Smith, John",js2@uni.example,,jsmith2,4104,
s5,Anna Lee,anna@uni.example,,anna_lee,4105,lab-anna
s6,Bo Lee,bo@uni.example,,lee,4106,anna
tmei,Mei Tan,tan.mei@uni.example,,,4107,
mei,Mei Wong,mei@uni.example,,,4108,
s9,Ada Group,ada@uni.example,team a,,4109,
s10,Bob Group,bob@uni.example,team a,,4110,
s11,Absent Abe,abe@uni.example,,,4111,
"""
Files = Mapping[str, str | bytes]


def lay_out(folder: Path, files: Files) -> Path:
    """Write these files below `folder`; a name that ends with / is an empty folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


GRADESCOPE = """\
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: s1
    :email: jane@uni.example
  :created_at: 2025-10-10 10:22:33 Z
submission_2:
  :submitters:
  - :name: Ada Group
    :email: ada@uni.example
  - :name: Bob Group
    :email: bob@uni.example
  :created_at: 2025-10-10 10:22:33 Z
submission_3:
  :submitters:
  - :name: John Smith
    :sid: gone
    :email: gone@uni.example
submission_4:
  :submitters:
  - :name: Anna Lee
    :sid: s5
    :email: bo@uni.example
submission_5:
  :submitters:
  - :name: 홍길동
    :sid: s2
"""
WORKSHEET = """\
Identifier,Full name,Email address,Status,Last modified (submission)
Participant 501,Jane Doe,jane@uni.example,Submitted,"Freitag, 10. Oktober 2025, 10:22"
Participant 502,Someone Else,gildong@uni.example,Submitted,"2025년 10월 10일 금요일, 오전 10:22"
Participant 503,John Smith,gone@uni.example,Submitted,-
Participant 504,John Smith,js2@uni.example,Submitted,-
"""
RECEIPT = "Name: {} ({})\nAssignment: HW_4\nDate Submitted: Friday, October 10, 2025\n"
TIME = "attempt_2025-10-1"
CASES: dict[str, tuple[Files, dict[str, tuple[str, str]]]] = {
    "canvas": (
        {
            "doejane_4101_9001_toy.py": RIGHT,
            "doejane_4101_9002_report-1.pdf": "%PDF-1.4",
            "홍길동_LATE_4102_9003_toy-2.ipynb": NOTEBOOK,
            "홍길동_LATE_4102_9004_toy-3.ipynb": NOTEBOOK,
            "smithjohn_4103_9005_hw.7z": PACKED,
            "smithjohn_9999_9006_toy.py": RIGHT,
            "wongmei_7777_9007_toy.py": RIGHT,
            "leeanna_4105_text.html": "<p>my answer</p>",
            "leebo_4106_9008_toy.pdf": PDF,
            "anon_x7Yz_9009_toy.py": RIGHT,
            "groupada_4109_9010_toy": RIGHT,
            "resubmission by mail - Mei Tan.py": RIGHT,
            ".DS_Store": "\0",
            "run/gradebook.db": "",
        },
        {
            "doejane_4101_9001_toy.py": ("s1", "graded"),
            "doejane_4101_9002_report-1.pdf": ("", "ignored:handed in with doejane_4101_9001_toy.py"),
            "홍길동_LATE_4102_9003_toy-2.ipynb": ("", "ignored:handed in with 홍길동_LATE_4102_9004_toy-3.ipynb"),
            "홍길동_LATE_4102_9004_toy-3.ipynb": ("s2", "graded"),
            "smithjohn_4103_9005_hw.7z": ("s3", "graded"),
            "smithjohn_9999_9006_toy.py": ("9999", "graded"),
            "wongmei_7777_9007_toy.py": ("7777", "graded"),
            "leeanna_4105_text.html": ("s5", "refused"),
            "leebo_4106_9008_toy.pdf": ("s6", "refused"),
            "anon_x7Yz_9009_toy.py": ("anon_x7Yz", "graded"),
            "groupada_4109_9010_toy": ("s9 s10", "graded"),
            "resubmission by mail - Mei Tan.py": ("", "ignored:not named as Canvas names"),
            ".DS_Store": ("", "ignored:hidden"),
            "run": ("", "ignored:results of an earlier batch"),
        },
    ),
    "moodle": (
        {
            "Jane Doe_501_assignsubmission_file/toy.py": RIGHT,
            "Jane Doe_501_assignsubmission_onlinetext/onlinetext.html": "see my file",
            "Someone Else_502_assignsubmission_file/toy.tar.xz": make_archive({"toy.py": RIGHT}, "pax", "xz"),
            "John Smith_503_assignsubmission_file/toy.py": RIGHT,
            "John Smith_504_assignsubmission_file/toy.py.txt": RIGHT,
            "Mei Tan_505_assignsubmission_file_/toy.py": RIGHT,
            "Lee Bo_506_assignsubmission_onlinetext/onlinetext.html": "text",
            "Nobody Known_4101_assignsubmission_file/toy.py": RIGHT,
            "Grades.csv": WORKSHEET,
            "notes.txt": "call Jane",
        },
        {
            "Jane Doe_501_assignsubmission_file": ("s1", "graded"),
            "Jane Doe_501_assignsubmission_onlinetext": ("", "ignored:text typed online"),
            "Someone Else_502_assignsubmission_file": ("s2", "graded"),
            "John Smith_503_assignsubmission_file": ("503", "graded"),
            "John Smith_504_assignsubmission_file": ("s4", "graded"),
            "Mei Tan_505_assignsubmission_file_": ("tmei", "graded"),
            "Lee Bo_506_assignsubmission_onlinetext": ("s6", "refused"),
            "Nobody Known_4101_assignsubmission_file": (
                "unknown: Nobody Known_4101_assignsubmission_file",
                "graded",
            ),
            "Grades.csv": ("", "ignored:worksheet"),
            "notes.txt": ("", "ignored:not named as Moodle"),
        },
    ),
    "moodle_flat": (
        {
            "Jane Doe_501_assignsubmission_file_toy.py": RIGHT,
            "Jane Doe_501_assignsubmission_file_data.csv": "1,2",
            "John Smith_503_assignsubmission_file_toy.py": RIGHT,
            "홍길동_502_assignsubmission_file_toy.ipynb.json": NOTEBOOK,
            "Mei Wong_508_assignsubmission_file_hw.rar": make_rar({"toy.py": RIGHT}),
            "toy.py": RIGHT,
        },
        {
            "Jane Doe_501_assignsubmission_file_toy.py": ("s1", "graded"),
            "Jane Doe_501_assignsubmission_file_data.csv": ("", "ignored:handed in with"),
            "John Smith_503_assignsubmission_file_toy.py": ("503", "graded"),
            "홍길동_502_assignsubmission_file_toy.ipynb.json": ("s2", "graded"),
            "Mei Wong_508_assignsubmission_file_hw.rar": ("mei", "graded"),
            "toy.py": ("", "ignored:not named as Moodle"),
        },
    ),
    "blackboard": (
        {
            f"HW_4_anna_lee_{TIME}0-10-22-05_toy.py": RIGHT,
            f"HW_4_anna_lee_{TIME}0-10-22-05.txt": RECEIPT.format("Anna Lee", "anna_lee"),
            f"HW_4_lee_{TIME}0-09-00-00_toy.py": "def double(:",
            f"HW_4_lee_{TIME}1-09-00-00_toy.py": RIGHT,
            f"HW_4_lee_{TIME}1-09-00-00_mei_{TIME}2-09-00-00_toy.py": RIGHT,
            f"HW_4_jdoe_{TIME}1-09-00-00_toy.tar.bz2": make_archive({"toy.py": RIGHT}, "pax", "bzip2"),
            f"HW_4_gone_{TIME}1-09-00-00_toy.py": RIGHT,
            f"HW_4_gildong_{TIME}1-09-00-00.txt": "no receipt at all",
        },
        {
            f"HW_4_anna_lee_{TIME}0-10-22-05_toy.py": ("s5", "graded"),
            f"HW_4_anna_lee_{TIME}0-10-22-05.txt": ("", "ignored:receipt"),
            f"HW_4_lee_{TIME}0-09-00-00_toy.py": ("", "ignored:an earlier attempt of s6"),
            f"HW_4_lee_{TIME}1-09-00-00_toy.py": ("s6", "graded"),
            f"HW_4_lee_{TIME}1-09-00-00_mei_{TIME}2-09-00-00_toy.py": ("", "ignored:handed in with"),
            f"HW_4_jdoe_{TIME}1-09-00-00_toy.tar.bz2": ("s1", "graded"),
            f"HW_4_gone_{TIME}1-09-00-00_toy.py": ("gone", "graded"),
            f"HW_4_gildong_{TIME}1-09-00-00.txt": ("", "ignored:receipt"),
        },
    ),
    "brightspace": (
        {
            "12-900 - Jane Doe - Oct 10, 2025 1022 PM/toy.py": RIGHT,
            "12-900 - Jane Doe - 9 oct. 2025 10 h 22/toy.py": "def double(:",
            "13-900 - 홍길동 - 2025년 10월 10일 오전 1022/toy.py": RIGHT,
            "14-900 - Anna Lee - 10. Okt. 2025 1022/hw.7z": PACKED,
            "15-900 - Lee - Bo - 10 de oct. de 2025 1022 a. m./toy.py": RIGHT,
            "16-900 - John Smith - Oct 10, 2025 922 AM/toy.py": RIGHT,
            "17-900 - Mei Tan - Oct 10, 2025 922 AM/notes.docx": "PK",
            "index.html": "<html>",
        },
        {
            "12-900 - Jane Doe - Oct 10, 2025 1022 PM": ("s1", "graded"),
            "12-900 - Jane Doe - 9 oct. 2025 10 h 22": ("", "ignored:an earlier attempt of s1"),
            "13-900 - 홍길동 - 2025년 10월 10일 오전 1022": ("s2", "graded"),
            "14-900 - Anna Lee - 10. Okt. 2025 1022": ("s5", "graded"),
            "15-900 - Lee - Bo - 10 de oct. de 2025 1022 a. m.": ("s6", "graded"),
            "16-900 - John Smith - Oct 10, 2025 922 AM": ("16", "graded"),
            "17-900 - Mei Tan - Oct 10, 2025 922 AM": ("tmei", "refused"),
            "index.html": ("", "ignored:Brightspace's own list"),
        },
    ),
    "gradescope": (
        {
            "submission_1/toy.py": RIGHT,
            "submission_2/toy.py": RIGHT,
            "submission_3/toy.py": RIGHT,
            "submission_4/toy.py": RIGHT,
            "submission_5/": "",
            "submission_99/toy.py": RIGHT,
            "submission_metadata.yml": GRADESCOPE,
        },
        {
            "submission_1": ("s1", "graded"),
            "submission_2": ("s10 s9", "graded"),
            "submission_3": ("gone", "graded"),
            "submission_4": ("unknown: submission_4", "graded"),
            "submission_5": ("s2", "refused"),
            "submission_99": ("", "ignored:not named as Gradescope"),
            "submission_metadata.yml": ("", "ignored:Gradescope's own list"),
        },
    ),
    "submitted": (
        {
            "s1/toy/toy.py": RIGHT,
            "s1/toy/timestamp.txt": "2025-10-10 10:22:33 UTC",
            "JDOE/toy/toy.py": "def double(:",
            "anna_lee/toy/toy": RIGHT,
            "mei/toy/toy.py": RIGHT,
            "Mei/toy/toy.py": RIGHT,
            "jsmith/toy/toy.py": RIGHT,
            "formgrade.log": "x",
        },
        {
            "s1": ("s1", "graded"),
            "JDOE": ("", "ignored:an earlier attempt of s1"),
            "anna_lee": ("s5", "graded"),
            "Mei": ("mei", "graded"),
            "mei": ("", "ignored:handed in with Mei"),
            "jsmith": ("jsmith", "graded"),
            "formgrade.log": ("", "ignored:not named as nbgrader"),
        },
    ),
    "plain": (
        {
            "tan_mei.py": RIGHT,
            "mei_final.py": RIGHT,
            "John Smith.py": RIGHT,
            "20251234_홍길동_a4.ipynb": NOTEBOOK,
            "toy_2.py": RIGHT,
            "jdoe.zip": make_zip({"toy.py": RIGHT}),
            "Jane Doe (1)/toy.py": RIGHT,
            "anna_lee": RIGHT,
            "lee.py.txt": RIGHT,
            "hw4 [bob@uni.example].7z": PACKED,
            "Absent Abe.pdf": PDF,
            "LICENSE": "MIT",
            "notes.md": "call Jane",
            "class.csv": "id\ns1\n",
        },
        {
            "tan_mei.py": ("tmei", "graded"),
            "mei_final.py": ("mei_final", "graded"),
            "John Smith.py": ("unknown: John Smith.py", "graded"),
            "20251234_홍길동_a4.ipynb": ("s2", "graded"),
            "toy_2.py": ("toy_2", "graded"),
            "jdoe.zip": ("", "ignored:handed in with Jane Doe (1)"),
            "Jane Doe (1)": ("s1", "graded"),
            "anna_lee": ("s5", "graded"),
            "lee.py.txt": ("s6", "graded"),
            "hw4 [bob@uni.example].7z": ("s10 s9", "graded"),
            "Absent Abe.pdf": ("s11", "refused"),
            "LICENSE": ("", "ignored:no Python"),
            "notes.md": ("", "ignored:no Python"),
            "class.csv": ("", "ignored:no Python"),
        },
    ),
}  # fmt: skip
