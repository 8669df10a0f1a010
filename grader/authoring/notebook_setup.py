"""The set-up of a notebook: the cells that make it run in Jupyter, on Colab and on Kaggle, offline as well.

With torch they also pick `DEVICE`, a GPU if there is one, which the cells that train a model use.

A solution asks for them with an empty cell, `# %% tags=["set-up"]`. They define `read_sample`, which the cells of the
solution use. What belongs to the notebook only is in a cell, not in a module: a kit may be unpacked anywhere.
"""

from collections.abc import Collection

from grader.model.assignment import Assignment

SETUP_TAG = "set-up"
HUB = "hub"
TORCH = "torch"

_TEXT = """\
## Before you begin

Run the next cell first; there is nothing to fill in. It installs what is missing and finds the data.{device}
The whole notebook takes about {minutes} on two cores, without a GPU and without the internet. On Colab or Kaggle,
upload the folder of this notebook as it is.

A cell that uses an open TODO stops with the name of that TODO. After each part, save the notebook and run
`!grader check {notebook} -a {name}` in a cell. The [handout](handout.md) has the shapes, an example and the points.
Parts that are marked *not graded* are for you.

## 시작하기 전에

다음 셀부터 실행하세요. 채울 것은 없습니다. 없는 패키지를 설치하고 데이터를 찾습니다.{device_ko}
노트북 전체는 코어 두 개에서 {minutes_ko}쯤 걸리며, GPU도 인터넷도 필요 없습니다. Colab이나 Kaggle에서는
이 노트북이 들어 있는 폴더를 그대로 올리세요.

아직 채우지 않은 TODO를 쓰는 셀은 그 TODO의 이름을 알려 주며 멈춥니다.
한 부분을 마칠 때마다 노트북을 저장하고 셀에서
`!grader check {notebook} -a {name} --lang ko`를 실행하세요. 텐서의 크기, 예, 점수는 [안내문](handout.ko.md)에 있습니다.
*채점하지 않음*이라고 적힌 부분은 여러분을 위한 것입니다."""

_CODE = """\
import importlib.util
from pathlib import Path

missing = [name for name in {packages} if importlib.util.find_spec(name) is None]
checkers = [] if importlib.util.find_spec("grader") else [str(path) for path in Path.cwd().glob("grader_check-*.whl")]
if missing or checkers:
    %pip install --quiet {{" ".join(missing + checkers)}}
"""

_DEVICE_TEXT = " It also picks the\ndevice: the larger models below run on a GPU if there is one."
_DEVICE_TEXT_KO = " 장치도 고릅니다.\nGPU가 있으면 아래의 큰 모델들은 GPU에서 돕니다."

_DEVICE = """
import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
print("device:", DEVICE)
"""

_FIND = '''

def find_sample(name: str) -> Path:
    """Return where a file or folder of the data is: beside this notebook, in the course, or among Kaggle's inputs."""
    folders = [Path.cwd(), *(folder / "datasets" / kind for folder in Path.cwd().parents for kind in ("samples", "."))]
    for place in (folder / name for folder in folders):
        if place.exists():
            return place
    for place in Path("/kaggle/input").glob(f"**/{name}"):
        return place
    raise FileNotFoundError(f"{name} is missing: it belongs beside this notebook, in {Path.cwd()}")
'''

_READ = '''

def read_sample(name: str) -> list[str]:
    """Return the lines of a sample file."""
    return find_sample(name).read_text(encoding="utf-8").splitlines()
'''

_HUB = """
import warnings

# Progress bars want a package that plain Jupyter lacks; nothing here needs them.
warnings.filterwarnings("ignore", message="IProgress not found")

# The models of this notebook, tiny ones, so that no network is needed. Leave these lines out to load the real ones.
%env HF_HUB_OFFLINE=1
%env HF_HUB_CACHE={find_sample("hub")}
"""


def write_setup(assignment: Assignment, packages: Collection[str]) -> tuple[str, str]:
    """Return the text and the code of an assignment's set-up cells."""
    seconds = assignment.description.notebook_seconds
    text = _TEXT.format(
        notebook=assignment.module.removesuffix(".py") + ".ipynb",
        name=assignment.name,
        device=_DEVICE_TEXT if TORCH in packages else "",
        device_ko=_DEVICE_TEXT_KO if TORCH in packages else "",
        minutes=f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes",
        minutes_ko=f"{seconds}초" if seconds < 100 else f"{round(seconds / 60)}분",
    )
    data = assignment.description.data
    parts = [_CODE.format(packages=sorted(packages))]
    parts += [_DEVICE] if TORCH in packages else []
    parts += [_FIND] if data else []
    parts += [_READ] if set(data) - {HUB} else []
    parts += [_HUB] if HUB in data else []
    return text, "".join(parts).rstrip("\n")
