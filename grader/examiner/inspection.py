"""Read in a submission's source, without running it, what the examiner has to know of it.

Forbidden names, open stubs, functions that TODOs share, signatures, and code that staff should look at. A student's
source is parsed behind the wall (`examiner.confined_reader`, asked by `examiner.inspector`), code of our own in this
process.
"""

import ast

from grader.examiner.canonical import LookUp
from grader.examiner.explain import find_spans, list_signatures
from grader.examiner.forbidden_names import review_source
from grader.examiner.outside_names import find_outside_names
from grader.examiner.regions import list_shared_todos, read_functions
from grader.examiner.review_flags import list_oddities
from grader.examiner.source_findings import MAX_ODDITIES, MAX_UNCLEAR, Inspection, Rules
from grader.examiner.stubs import list_stubs
from grader.model.marks import SENTINEL


def inspect_source(source: str, rules: Rules, look_up: LookUp | None = None) -> Inspection:
    """Inspect a module that parses. `look_up` is as in `examiner.canonical`."""
    tree = ast.parse(source)
    review = review_source(source, tree, rules.todos, rules.reference, look_up)
    oddities = list_oddities(tree)
    return Inspection(
        uses=review.uses,
        unclear=review.unclear[:MAX_UNCLEAR],
        more_unclear=max(len(review.unclear) - MAX_UNCLEAR, 0),
        oddities=tuple(oddities[:MAX_ODDITIES]),
        more_oddities=max(len(oddities) - MAX_ODDITIES, 0),
        stubs=tuple(list_stubs(tree)) if SENTINEL in source else (),
        functions=read_functions(source, tree, list_shared_todos(rules.todos, rules.reference)),
        signatures=list_signatures(tree, rules.signatures),
        spans=find_spans(tree, [place for todo in rules.todos for place in todo.where]),
        outside=find_outside_names(tree, rules.todos),
    )
