"""Answers to assignments of other makers that would pass their tests in the grader without being right, or act there.

Each is graded between two right ones, in one worker, as the attacks of `tests/attacks` are on this kit's own checks.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import bank
import nbformat
import pytest
from nbgrader.utils import determine_grade

from helpers.grading.marking.job import GradingJob, Result, SubmissionTask
from helpers.grading.marking.ways import Ways, prove
from helpers.grading.marking.worker import grade
from helpers.grading.notebooks.cells import is_check
from helpers.grading.notebooks.restore import recorded
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = [pytest.mark.walls, pytest.mark.slow]
needs_walls = pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")


@dataclass(frozen=True)
class Case:
    """A solution, a test of a point, the hostile answer; what the assignment gives, and the tests before it."""

    solution: str
    test: str
    attack: str
    given: str = ""
    before: str = "assert True"


TREE = """class Tree:
    def __init__(self, value):
        self.value = value
    def same(self, other):
        return self.value == other.value"""
AGREES = """class Agrees:
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return lambda *a: True
"""
IN_THE_PLACE_OF_SOMETHING = {
    "a method that an object has for itself": Case(
        "def build():\n    return Tree(1)", "assert build().same(Tree(1))",
        "def build():\n    tree = Tree(2)\n    tree.same = lambda other: True\n    return tree", TREE),
    "the same where the class holds functions as well": Case(
        "def build():\n    return Layer(abs, 1)", "assert build().same(Layer(len, 1))",
        "def build():\n    layer = Layer(abs, 2)\n    layer.same = lambda other: True\n    return layer", given=
        "class Layer:\n    def __init__(self, act, size):\n        self.act, self.size = act, size\n"
        "    def same(self, other):\n        return self.size == other.size"),
    "an object for one of the assignment's": Case(
        "def build():\n    return Tree(1)", "assert build().same(Tree(1))",
        f"{AGREES}def build():\n    return Agrees()", TREE),
    "objects in a list for the assignment's": Case(
        "def build():\n    return [Tree(1)]", "assert [tree.same(Tree(1)) for tree in build()] == [True]",
        f"{AGREES}def build():\n    return [Agrees()]", TREE),
    "a variable": Case("tree = Tree(1)", "assert tree.same(Tree(1))", f"{AGREES}tree = Agrees()", TREE),
    "in one of the assignment's objects": Case(
        "def build():\n    return Tree((1, 2))", "assert build().value.index(2)",
        f"{AGREES}def build():\n    return Tree(Agrees())", TREE),
    "in one of the assignment's named tuples": Case(
        "def build():\n    return Pair('a', 'b')", "assert build().left.startswith('a')",
        f"{AGREES}def build():\n    return Pair(Agrees(), 1)",
        "from collections import namedtuple\nPair = namedtuple('Pair', 'left right')"),
    "what a method gives": Case(
        "class Shop:\n    def owner(self):\n        return 'Ada'", "assert Shop().owner().startswith('A')",
        f"{AGREES}class Shop:\n    def owner(self):\n        return Agrees()"),
    "what a static method gives": Case(
        "class Shop:\n    @staticmethod\n    def owner():\n        return 'Ada'", "assert Shop.owner().startswith('A')",
        f"{AGREES}class Shop:\n    @staticmethod\n    def owner():\n        return Agrees()"),
    "a property": Case(
        "class Shop:\n    @property\n    def names(self):\n        return {'Ada'}",
        "assert Shop().names.issuperset({'Ada'})",
        f"{AGREES}class Shop:\n    names = Agrees()"),
    "an attribute": Case(
        "class Shop:\n    def __init__(self):\n        self.names = {'Ada'}", "assert Shop().names.issuperset({'Ada'})",
        f"{AGREES}class Shop:\n    def __init__(self):\n        self.names = Agrees()"),
    "an item": Case(
        "class Shop:\n    def __getitem__(self, key):\n        return 'Ada'", "assert Shop()[0].startswith('A')",
        f"{AGREES}class Shop:\n    def __getitem__(self, key):\n        return Agrees()"),
    "what a generator gives": Case(
        "def words():\n    yield 'abc'",
        "assert next(words()).startswith('a')\nfor word in words():\n    assert word.endswith('c')",
        f"{AGREES}def words():\n    yield Agrees()"),
    "what a function gives that a function gives": Case(
        "def twice(f):\n    return lambda x: 2 * f(x)", "assert twice(lambda x: 'ab' * x)(1).startswith('abab')",
        f"{AGREES}def twice(f):\n    return lambda x: Agrees()"),
    "what a block gives": Case(
        "from contextlib import contextmanager\n@contextmanager\ndef opened():\n    yield 'text'",
        "with opened() as text:\n    assert text.startswith('te')",
        f"{AGREES}from contextlib import contextmanager\n@contextmanager\ndef opened():\n    yield Agrees()"),
    "what an object gives that is called": Case(
        "class Upper:\n    def __call__(self, text):\n        return text.upper()",
        "assert Upper()('a').startswith('A')",
        f"{AGREES}class Upper:\n    def __call__(self, text):\n        return Agrees()"),
    "an attribute of a class": Case(
        "class Shop:\n    owner = 'Ada'", "assert Shop.owner.startswith('A')",
        f"{AGREES}class Shop:\n    owner = Agrees()"),
    "what a function in a table gives": Case(
        "table = {'up': lambda text: text.upper()}", "assert table['up']('a').startswith('A')",
        f"{AGREES}table = {{'up': lambda text: Agrees()}}"),
    "what a function that is kept gives": Case(
        "import functools\n@functools.lru_cache\ndef name():\n    return 'Ada'", "assert name().startswith('A')",
        f"{AGREES}def name():\n    return Agrees()"),
    "what a test's function is given": Case(
        "def each(f):\n    f('ab')", "found = []\ndef look(text):\n    found.append(text.startswith('ab'))\n"
        "each(look)\nassert found == [True]", f"{AGREES}def each(f):\n    f(Agrees())"),
}
# Finds what speaks for the student's process in there, and lets it send handles within deques, arrays and tables, too.
FORGES = """import sys
from helpers.grading.sandbox import wire
def parts(self, v, kind, simpler, depth):
    return self.once(v, depth, lambda: {"k": [kind, self.tree(simpler, depth + 1)]})
wire._Encoder.parts = parts
"""
POINT = "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: float\n    y: float"
OWNERS = "def owners():\n    return ['Ada']"
GIVES = AGREES + "def each(f):\n    f(Agrees())"
EACH = "def each(f):\n    f('ab')"
NOT_ASKED_OF_THE_SOLUTION = {
    "in a dict of one's own class": Case(
        "def owners():\n    return {0: 'Ada'}", "assert owners()[0].startswith('A')",
        f"{AGREES}class D(dict): pass\ndef owners():\n    return D({{0: Agrees()}})"),
    "in a list of one's own class": Case(
        OWNERS, "assert owners()[0].startswith('A')",
        f"{AGREES}class L(list): pass\ndef owners():\n    return L([Agrees()])"),
    "in a deque": Case(
        OWNERS, "assert owners()[0].startswith('A')",
        f"{AGREES}{FORGES}from collections import deque\ndef owners():\n    return deque([Agrees()])"),
    "in an ordered dict": Case(
        "def owners():\n    return {0: 'Ada'}", "assert owners()[0].startswith('A')",
        f"{AGREES}{FORGES}from collections import OrderedDict\ndef owners():\n    return OrderedDict({{0: Agrees()}})"),
    "in an array of objects": Case(
        "import numpy as np\ndef owners():\n    return np.array(['Ada'], object)", "assert owners()[0].startswith('A')",
        f"{AGREES}{FORGES}import numpy as np\ndef owners():\n    return np.array([Agrees()], object)"),
    "in a table": Case(
        "import pandas as pd\ndef owners():\n    return pd.DataFrame({'a': ['Ada']})",
        "assert owners()['a'][0].startswith('A')",
        f"{AGREES}{FORGES}import pandas as pd\ndef owners():\n    return pd.DataFrame({{'a': [Agrees()]}})"),
    "in a list that was an argument": Case(
        "def shout(names):\n    for i, n in enumerate(names): names[i] = n.upper()",
        "names = ['ada', 'eve']\nshout(names)\nassert all(n.isupper() for n in names)",
        f"{AGREES}def shout(names):\n    names[:] = [Agrees(), Agrees()]"),
    "in a dict that was an argument": Case(
        "def add(table, name):\n    table[name] = name.upper()",
        "table = {}\nadd(table, 'ada')\nassert table['ada'].startswith('AD')",
        f"{AGREES}def add(table, name):\n    table[name] = Agrees()"),
    "in one of the assignment's objects that was an argument": Case(
        "def name(p):\n    p.x = 'Ada'", "p = Point(1, 2)\nname(p)\nassert p.x.startswith('A')",
        f"{AGREES}def name(p):\n    p.x = Agrees()", POINT),
    "a named argument of a test's function": Case(
        "def each(f):\n    f(text='ab')", "found = []\ndef look(text):\n    found.append(text.startswith('ab'))\n"
        "each(look)\nassert found == [True]", f"{AGREES}def each(f):\n    f(text=Agrees())"),
    "one of many arguments of a test's function": Case(
        EACH, "found = []\ndef look(*texts):\n    found.append(texts[0].startswith('ab'))\n"
        "each(look)\nassert found == [True]", GIVES),
    "an argument of a method of a test's": Case(
        EACH, "class Spy:\n    found = []\n    def look(self, text): self.found.append(text.startswith('ab'))\n"
        "each(Spy().look)\nassert Spy.found == [True]", GIVES),
    "an argument of an object of a test's that is called": Case(
        EACH, "class Spy:\n    found = []\n    def __call__(self, text): self.found.append(text.startswith('ab'))\n"
        "each(Spy())\nassert Spy.found == [True]", GIVES),
    "an argument of a function of a test's of which some are known": Case(
        EACH, "import functools\nfound = []\ndef look(n, text):\n    found.append(text.startswith('ab'))\n"
        "each(functools.partial(look, 1))\nassert found == [True]", GIVES),
    "in a list of a test's, by its method": Case(
        EACH, "found = []\neach(found.append)\nassert found[0].startswith('ab')", GIVES),
    "a text by its kind": Case(
        EACH, "found = []\ndef look(*texts):\n    found.append(isinstance(texts[0], str) and len(texts[0]) == 2)\n"
        "each(look)\nassert found == [True]",
        "class S(str):\n    def __len__(self): return 2\ndef each(f):\n    f(S())"),
    "what a library's function gives": Case(
        "import operator\nfirst = operator.itemgetter(0)", "assert first(['Ada']).startswith('A')",
        f"{AGREES}def first(xs):\n    return Agrees()"),
    "what a function for one of the test's own gives": Case(
        "def register(f):\n    return f", "@register\ndef name():\n    return 'Ada'\nassert name().startswith('A')",
        f"{AGREES}def register(f):\n    return lambda: Agrees()"),
    "what an inherited method gives": Case(
        "class Stack(list):\n    def push(self, x):\n        self.append(x)",
        "s = Stack()\ns.push('a')\nassert s.pop().startswith('a')",
        f"{AGREES}class Stack(list):\n    def push(self, x): pass\n    def pop(self): return Agrees()"),
    "what a descriptor gives": Case(
        "class D:\n    def __get__(self, o, k): return 'Ada'\nclass Shop:\n    owner = D()",
        "assert Shop().owner.startswith('A')",
        f"{AGREES}class Shop:\n    @property\n    def owner(self): return Agrees()"),
    "an attribute that is made when it is asked for": Case(
        "class Shop:\n    def __getattr__(self, n):\n        if n.startswith('__'): raise AttributeError(n)\n"
        "        return n.upper()", "assert Shop().ada.startswith('A')",
        f"{AGREES}class Shop:\n    def __getattr__(self, n):\n        if n.startswith('__'): raise AttributeError(n)\n"
        "        return Agrees()"),
    "in a pair that an iterator gives": Case(
        "def pairs():\n    return zip([1], ['Ada'])", "assert [n.startswith('A') for _, n in pairs()] == [True]",
        f"{AGREES}def pairs():\n    return iter([(1, Agrees())])"),
}
MADE_EQUAL = {
    "a cached property that is told": Case(
        "def twice(box):\n    return Box(2 * box.side)", "assert twice(Box(2)).area == 16",
        "def twice(box):\n    b = Box(0)\n    b.__dict__['area'] = 16\n    return b",
        "import functools\nclass Box:\n    def __init__(self, side):\n        self.side = side\n"
        "    @functools.cached_property\n    def area(self):\n        return self.side**2"),
    "one of the assignment's objects": Case(
        "def mirrored(p):\n    return Point(-p.x, p.y)",
        "p = Point(3, 4)\nq = mirrored(p)\nassert q == Point(-p.x, p.y)",
        "def mirrored(p):\n    p.x = 0\n    return Point(0, p.y)", POINT),
    "by another call, which may change its own argument": Case(
        "def small(xs):\n    return min(xs)\ndef sort(xs):\n    xs.sort()",
        "wanted = [1, 2, 3]\nassert small(wanted) == 1\nxs = [3, 1, 2]\nsort(xs)\nassert xs == wanted",
        "kept = []\ndef small(xs):\n    kept.append(xs)\n    return 1\n"
        "def sort(xs):\n    for k in kept: k[:] = []\n    xs[:] = []"),
}
WITHOUT_AN_END = {
    "a power": Case(
        "def log3(n):\n    k = 0\n    while 3**k < n: k += 1\n    return k", "assert 3 ** log3(81) == 81",
        "def log3(n):\n    return 10**10"),
    "a range in a deque": Case(
        "def rows(n):\n    return [[1] * n] * n", "assert [sum(row) for row in rows(3)] == [3, 3, 3]",
        "from collections import deque\ndef rows(n):\n    return deque([range(10**13)])"),
    "a sum": Case(
        "def most():\n    return 3", "assert sum(range(most())) == 3", "def most():\n    return 10**13"),
    "a product": Case(
        "def factors(n):\n    return [2, 2, 3]", "import math\nassert math.prod(factors(12)) == 12",
        "def factors(n):\n    return [2**62 + 1] * 390_000"),
    "an iterator": Case(
        "def first(n):\n    return list(range(n))", "assert list(first(2)) == [0, 1]",
        "import time\ndef first(n):\n    while True:\n        time.sleep(0.01)\n        yield 0"),
    "a pattern": Case(
        "pattern = 'a+b'", "import re\nassert re.fullmatch(pattern, 'a' * 30 + 'b')", "pattern = '(a|a|aa)*$c'"),
    "a function that is kept, while a cell runs": Case(
        "def apply(f, xs):\n    return f(xs)", "assert apply(sum, [1, 2]) == 3",
        "import gc\ndef apply(f, xs):\n"
        "    server = next(o for o in gc.get_objects() if type(o).__name__ == 'Server' and hasattr(o, 'callback'))\n"
        "    server.callback(server.tests[id(f)], raising=True)(range(10**13))\n    return 3"),
}
PAST_THE_TEST = {
    "a loop that a StopIteration ends": Case(
        "def twice(x):\n    return 2 * x",
        "for got, wanted in zip(map(twice, [1, 2]), [2, 4]):\n    assert got == wanted",
        "def twice(x):\n    raise StopIteration"),
    "all of nothing": Case(
        "def twice(x):\n    return 2 * x", "assert all(map(lambda x: twice(x) == x + x, [1, 2]))",
        "def twice(x):\n    raise StopIteration"),
    "a block that ends exceptions": Case(
        "class Box:\n    def __enter__(self):\n        self.held = [1]\n        return self\n"
        "    def __exit__(self, *error):\n        self.held = []",
        "with Box() as box:\n    assert box.held == [1]",
        "class Box:\n    def __enter__(self):\n        return self\n"
        "    def __exit__(self, *error):\n        return True"),
    "a generator that ends them": Case(
        "from contextlib import contextmanager\n@contextmanager\ndef box():\n    yield [1]",
        "with box() as held:\n    assert held == [1]",
        "from contextlib import contextmanager\n@contextmanager\ndef box():\n    try:\n        yield 2\n"
        "    except BaseException:\n        pass"),
    "an assertion, where others are to be ended": Case(
        "class Calm:\n    def __enter__(self):\n        return 1\n"
        "    def __exit__(self, kind, *error):\n        return kind is ValueError",
        "with Calm():\n    raise ValueError\nwith Calm() as one:\n    assert one == 1",
        "class Calm:\n    def __enter__(self):\n        return 2\n"
        "    def __exit__(self, *error):\n        return True"),
    "an assertion in a test's function": Case(
        "def each(xs, f):\n    for x in xs:\n        f(2 * x)",
        "seen = []\ndef look(x):\n    seen.append(x)\n    assert x in (2, 4)\n"
        "each([1, 2], look)\nassert len(seen) == 2",
        "def each(xs, f):\n    for x in xs:\n        try:\n            f(x)\n"
        "        except BaseException:\n            pass"),
    "an exception that catches the test's own": Case(
        "class Empty(Exception):\n    pass\ndef first(xs):\n    if not xs:\n        raise Empty\n    return xs[0]",
        "try:\n    first([])\n    assert False, 'nothing was raised'\nexcept Empty:\n    pass",
        "Empty = AssertionError\ndef first(xs):\n    return None"),
    "an exception that is raised anyway": Case(
        "class Empty(Exception):\n    pass\ndef first(xs):\n    if not xs:\n        raise Empty\n    return xs[0]",
        "import pytest\nwith pytest.raises(Empty):\n    first([])",
        "Empty = LookupError\ndef first(xs):\n    return xs[0]"),
    "an argument that is emptied": Case(
        "import numpy as np\ndef squares(v):\n    return v**2",
        "import numpy as np\nv = np.arange(4.0)\nassert np.allclose(squares(v), v**2)",
        "def squares(v):\n    v[...] = 0\n    return v.copy()"),
    "a file of the test's that is written anew": Case(
        "def double(path):\n    return 2 * open(path).read()",
        "from pathlib import Path\nPath('text.txt').write_text('ab')\n"
        "assert double('text.txt') == 2 * Path('text.txt').read_text()",
        "def double(path):\n    open(path, 'w').close()\n    return ''"),
    "an argument that is emptied later": Case(
        "class Squares:\n    def __init__(self, v):\n        self.v = v\n    def get(self):\n"
        "        return [x * x for x in self.v]",
        "numbers = [1, 2]\nsquares = Squares(numbers)\nassert squares.get() == [x * x for x in numbers]",
        "class Squares:\n    def __init__(self, v):\n        self.v = v\n    def get(self):\n"
        "        self.v.clear()\n        return []"),
    "an argument that a property empties": Case(
        "class Squares:\n    def __init__(self, v):\n        self.v = v\n    @property\n    def all(self):\n"
        "        return [x * x for x in self.v]",
        "numbers = [1, 2]\nsquares = Squares(numbers)\nassert squares.all == [x * x for x in numbers]",
        "class Squares:\n    def __init__(self, v):\n        self.v = v\n    @property\n    def all(self):\n"
        "        self.v.clear()\n        return []"),
    "an object that has whatever is looked for": Case(
        "def primes():\n    return [2, 3, 5]", "assert 5 in primes() and len(primes()) == 3",
        "class All:\n    def __len__(self):\n        return 3\n    def __iter__(self):\n"
        "        return iter(range(1000))\ndef primes():\n    return All()"),
    "a range that takes years to add up": Case(
        "def numbers(n):\n    return range(n)", "assert max(numbers(3)) == 2",
        "def numbers(n):\n    return range(10**15)"),
    "a matrix that takes minutes to look through": Case(
        "import numpy as np\ndef ones():\n    return np.ones((3, 3))",
        "import numpy\nassert numpy.linalg.matrix_rank(ones()) == 1",
        "import numpy as np\ndef ones():\n    return np.random.rand(5000, 5000)"),
    "random numbers that are zero": Case(
        "import numpy as np\ndef draw():\n    return len(np.random.rand(3))\ndef squares(v):\n    return (v**2).sum()",
        "v = np.random.rand(4)\nassert np.isclose(squares(v), (v**2).sum())",
        "import numpy as np\ndef draw():\n    np.random.set_state(('MT19937', np.zeros(624, np.uint32), 624, 0, 0.0))\n"
        "    return 3\ndef squares(v):\n    return 0.0", before="assert draw() == 3"),
    "the zeros of a test's own generator": Case(
        "def draw(rng):\n    return rng.random() < 2\ndef squares(v):\n    return (v**2).sum()",
        "import numpy as np\nrng = np.random.default_rng()\nassert draw(rng)\nv = rng.random(4)\n"
        "assert np.isclose(squares(v), (v**2).sum())",
        "def draw(rng):\n    state = rng.bit_generator.state\n    state['state'] = {'state': 0, 'inc': 0}\n"
        "    rng.bit_generator.state = state\n    return True\ndef squares(v):\n    return 0.0"),
}


@cache
def proved(case: Case, kind: str) -> tuple[GradingJob, Ways]:
    cells = [bank._cell(*cell) for cell in (
        ("given", "", case.given or "# nothing"), ("solution", "answer", case.solution),
        ("test", "before 1", case.before), ("test", "test 1", case.test))]
    source = bank._notebook(cells)
    job = GradingJob(name="one", source=nbformat.writes(source), recorded=nbformat.writes(recorded(source, "one")),
                     master="", files=(), seed=1, depth="why", limits=Limits(cell_seconds=3), sandbox=kind, imports=())
    ways = prove(job)
    assert ways.problems == []
    return ways.of(job), ways


def graded_by(case: Case, answer: str, kind: str) -> bytes:
    job, _ = proved(case, kind)
    handed_in = nbformat.reads(job.recorded, as_version=4)
    next(cell for cell in handed_in.cells if cell.metadata.get("nbgrader", {}).get("solution")).source = answer
    return grade(job, SubmissionTask("eve", nbformat.writes(handed_in).encode(), ()))


def marks(case: Case, answer: str, kind: str) -> float:
    """Points for the test."""
    graded = nbformat.reads(Result.from_bytes(graded_by(case, answer, kind)).notebook, as_version=4)
    return [float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)][-1]


NOT_RIGHT = IN_THE_PLACE_OF_SOMETHING | NOT_ASKED_OF_THE_SOLUTION | MADE_EQUAL | PAST_THE_TEST | WITHOUT_AN_END


@pytest.mark.parametrize("name", NOT_RIGHT)
def test_an_answer_that_is_not_right_earns_nothing_in_the_grader(name):
    case = NOT_RIGHT[name]
    assert proved(case, "none")[1].ways["test"] == "a"
    begun = time.monotonic()
    assert [marks(case, answer, "none") for answer in (case.solution, case.attack, case.solution)] == [1, 0, 1]
    assert time.monotonic() - begun < 60


RANGE = "def first(n):\n    return list(range(n))"
QUEUE = ("class Queue:\n    def __init__(self, xs):\n        self.xs = {}\n"
         "    def put(self, x):\n        self.xs.append(x)")
OTHERWISE_RIGHT = {
    "a generator for a list": Case(
        RANGE, "assert list(first(3)) == [0, 1, 2] and sum(first(3)) == 3 and 2 in first(3)\n"
        "assert [n for n in first(2)] == [0, 1]", "def first(n):\n    yield from range(n)"),
    "a list of one's own class": Case(
        RANGE, "assert first(3) == [0, 1, 2] and first(3)[-1] == 2 and len(first(2)) == 2",
        "class L(list): pass\ndef first(n):\n    return L(range(n))"),
    "a dict of one's own class": Case(
        "def table():\n    return {'a': 1}",
        "assert dict(table()) == {'a': 1} and list(table().items()) == [('a', 1)]\n"
        "assert table().get('b', 2) == 2 and 'a' in table()",
        "class D(dict): pass\ndef table():\n    return D(a=1)"),
    "a function for one of the test's own": Case(
        "def register(f):\n    return f", "@register\ndef twice(x):\n    return 2 * x\nassert twice(2) == 4",
        "def register(f):\n    def as_before(*args):\n        return f(*args)\n    return as_before"),
    "an object that is printed": Case(
        RANGE, "numbers = first(2)\nprint(numbers)\nassert list(numbers) == [0, 1]",
        "class First:\n    def __iter__(self): return iter([0, 1])\ndef first(n):\n    return First()"),
    "a class for a closure": Case(
        "def counter():\n    n = 0\n    def more():\n        nonlocal n\n        n += 1\n        return n\n"
        "    return more", "one = counter()\nassert one() == 1 and one() == 2\nassert counter()() == 1",
        "class counter:\n    def __init__(self): self.n = 0\n    def __call__(self):\n        self.n += 1\n"
        "        return self.n"),
    "a property for an attribute": Case(
        "class A:\n    def __init__(self): self.n = 1", "a = A()\na.n = 5\nassert a.n == 5",
        "class A:\n    @property\n    def n(self): return self._n\n"
        "    @n.setter\n    def n(self, value): self._n = value"),
    "an object changed in place and given back": Case(
        "def mirrored(p):\n    return Point(-p.x, p.y)",
        "q = mirrored(Point(3, 4))\nassert q.x == -3\np = Point(1, 1)\nassert mirrored(p).x == -1",
        "def mirrored(p):\n    p.x = -p.x\n    return p", POINT),
    "a list that is kept": Case(
        QUEUE.format("list(xs)"), "xs = [1]\nqueue = Queue(xs)\nqueue.put(2)\nassert queue.xs == [1, 2]",
        QUEUE.format("xs")),
}


def test_what_a_test_asks_by_chance_is_asked_of_a_student_too():
    case = Case("class Door:\n    def up(self): return 1\n    def down(self): return 2",
                "import random\nfor _ in range(4):\n    if random.random() < 0.5:\n        assert Door().up() == 1\n"
                "    else:\n        assert Door().down() == 2", "")
    assert [marks(case, case.solution, "none") for _ in range(8)] == [1] * 8  # one run asks both in 7 of 8 cases


@pytest.mark.parametrize("name", OTHERWISE_RIGHT)
def test_who_is_right_in_another_way_has_the_mark_that_stock_nbgrader_gives(name):
    case = OTHERWISE_RIGHT[name]
    assert proved(case, "none")[1].ways["test"] == "a"
    assert marks(case, case.attack, "none") == 1


def test_a_test_that_ends_what_it_runs_in_costs_no_other_test():
    case = Case("def most():\n    return 3", "assert sum(range(most())) == 3", "def most():\n    return 10**13",
                before="assert most() > 0")
    graded = nbformat.reads(Result.from_bytes(graded_by(case, case.attack, "none")).notebook, as_version=4)
    assert [float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)] == [1, 0]


CHANGES = Case(
    "def sort(xs):\n    return sorted(xs)", "numbers = [3, 1, 2]\nassert sort(numbers) == sorted(numbers)", "")
IN_PLACE = "def sort(xs):\n    xs.sort()\n    return xs"


def test_who_is_right_and_changes_an_argument_has_the_mark_that_stock_nbgrader_gives():
    assert marks(CHANGES, IN_PLACE, "none") == 1
    unchanged = dataclasses.replace(CHANGES, test="numbers = [3, 1, 2]\nassert sort(numbers) == [1, 2, 3]\n"
                                                  "assert numbers == [3, 1, 2]")
    assert marks(unchanged, IN_PLACE, "none") == 0
    wanted = Case(IN_PLACE, "numbers = [3, 1, 2]\nsort(numbers)\nassert numbers == [1, 2, 3]", "")
    assert marks(wanted, IN_PLACE, "none") == 1
    assert marks(wanted, CHANGES.solution, "none") == 0


RUN_BY_A_TEST = {
    "an expression": ("formula = 'x**2'", "assert [eval(formula, {'x': x}) for x in (1, 2)] == [1, 4]",
                      "formula = \"open({!r}, 'w').close() or x**2\""),
    "an expression of sympy's": ("formula = 'x + x'", "import sympy\nassert str(sympy.sympify(formula)) == '2*x'",
                                 "formula = \"2*x + 0 * len(str(open({!r}, 'w')))\""),
    "an example of a docstring's": (
        "def one():\n    '''\n    >>> one()\n    1\n    '''\n    return 1",
        "import doctest\nrunner = doctest.DocTestRunner()\n"
        "for found in doctest.DocTestFinder().find(one, 'one', globs={'one': one}):\n    runner.run(found)\n"
        "assert runner.tries and not runner.failures",
        "def one():\n    '''\n    >>> open({!r}, 'w').close()\n    '''\n    return 1"),
    "a statement of a data base": (
        "query = 'select 1'", "import sqlite3\nassert sqlite3.connect(':memory:').execute(query).fetchall() == [(1,)]",
        "query = \"attach {!r} as other\""),
    "a command": ("command = 'echo 1'", "import os\nassert os.system(command) == 0", "command = 'touch {}'"),
    "a pickle": ("import pickle as p\ndef pack():\n    return p.dumps(int)",
                 "import pickle\nassert pickle.loads(pack()) is int",
                 "class One:\n    def __reduce__(self):\n        return eval, (\"open({!r}, 'w').close() or int\",)\n"
                 "import pickle as p\ndef pack():\n    return p.dumps(One())"),
    "a file": ("path = 'kept.txt'", "with open(path, 'w') as kept:\n    kept.write('1')", "path = {!r}"),
    "an expression of pandas'": (
        "rows = 'a > 1'", "import pandas as pd\nassert len(pd.DataFrame({'a': [1, 2]}).query(rows)) == 1",
        "rows = '@pd.io.common.os.system(\"touch {}\") == 0'"),
    "an expression that the solution has not": (
        "def one():\n    return 1",
        "value = one()\nif isinstance(value, str):\n    value = eval(value)\nassert value == 1",
        "def one():\n    return \"open({!r}, 'w').close() or 1\""),
}


@needs_walls
@pytest.mark.parametrize("name", RUN_BY_A_TEST)
def test_what_a_test_runs_opens_or_asks_on_a_students_word_acts_on_nothing_outside(name, tmp_path):
    """In the grader it is refused; in the student's process it has that one's walls."""
    solution, test, attack = RUN_BY_A_TEST[name]
    owned = Path(tmp_path, "owned")
    case = Case(solution, test, attack.replace("{!r}", repr(str(owned))).replace("{}", str(owned)))
    assert [marks(case, answer, "auto") for answer in (solution, case.attack, solution)][::2] == [1, 1]
    assert not owned.exists()


@needs_walls
@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(__file__))])
def test_no_file_of_the_graders_is_read_on_a_students_word(path):
    case = Case("path = 'kept.txt'", "open('kept.txt', 'w').close()\nassert open(path).read() == ''", "")
    job, _ = proved(case, "auto")
    handed_in = nbformat.reads(job.recorded, as_version=4)
    handed_in.cells[1].source = f"path = {path!r}"
    content = grade(dataclasses.replace(job, ways=(("before", "a"), ("test", "a")), digest=""),
                    SubmissionTask("eve", nbformat.writes(handed_in).encode(), ()))
    assert Path(path).read_text()[:40].encode() not in content
    assert b"is not supported here" in content


@pytest.mark.parametrize("kind", ["none", pytest.param("auto", marks=needs_walls)])
def test_a_process_that_leaves_in_the_middle_of_a_test_is_cleared_up(kind):
    case = Case("def one():\n    return 1", "assert one() == 1", "")
    content = graded_by(case, "import os\ndef one():\n    os._exit(0)", kind)
    assert b"is not supported here" not in content
    assert b"exit code 0" in content or b"was stopped" in content


LINES = "import tempfile, json, dataclasses\nfrom collections import namedtuple"
AT_HOME = [
    "assert json.loads(json.dumps([twice(1)])) == [2]",
    "Pair = namedtuple('Pair', 'a b')\nassert Pair(twice(1), 2) == (2, 2)",
    "@dataclasses.dataclass\nclass Row:\n    n: int\nassert Row(twice(2)) == Row(4)",
    "open('kept.txt', 'w').write('3')\nassert twice(int(open('kept.txt').read())) == 6",
    "import unittest\nclass Twice(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(twice(2), 4)\n"
    "assert unittest.TextTestRunner(stream=__import__('io').StringIO()).run("
    "unittest.defaultTestLoader.loadTestsFromTestCase(Twice)).wasSuccessful()",
    "import os\nwith tempfile.TemporaryDirectory() as place:\n    path = os.path.join(place, 'kept')\n"
    "    open(path, 'w').write('2')\n    assert twice(int(open(path).read())) == 4",
    "import colorsys\nassert twice(colorsys.rgb_to_hsv(0, 0, 0)[0]) == 0",
    "import matplotlib.pyplot as plt\nplt.plot([twice(1)])\nplt.gcf().canvas.draw()",
    "found = !echo 1\nassert twice(int(found[0])) == 2",
]


@pytest.mark.parametrize("test", AT_HOME)
def test_what_a_test_does_by_itself_is_not_refused(test):
    case = Case("def twice(x):\n    return 2 * x", test, "", given=LINES)
    assert proved(case, "none")[1].ways["test"] == "a"
