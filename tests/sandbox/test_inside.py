"""The student's process: outputs as a notebook server's, calls and objects as the student's own."""

import json
import re
import time

import nbformat
import numpy as np
import pytest

from helpers.checking.observing import Local, Subject
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.proxy import Proxy, StudentCodeError
from helpers.grading.sandbox.sandbox import Sandbox, walls_available

pytestmark = pytest.mark.walls

KINDS = [
    "none",
    pytest.param("bubblewrap", marks=pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")),
]


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request):
    with Sandbox(request.param, Limits(call_seconds=5)) as sandbox:
        yield sandbox


@pytest.fixture
def student(sandbox):
    with sandbox.open() as student:
        yield student


# ---------------------------------------------------------------------------------------------------------------------
# Outputs
# ---------------------------------------------------------------------------------------------------------------------

CELLS = r'''
x = 1
x + 1
---
import sys
print("a"); print("b", end=""); print("c")
---
print("no result"); x;
---
def f(n):
    return 1 / n
f(0)
---
for i in range(3)
    pass
---
undefined_name
---
import matplotlib.pyplot as plt
plt.plot([1, 2, 4]); plt.title("$t$")
---
fig, ax = plt.subplots(1, 2, figsize=(4, 2)); ax[0].imshow([[1, 2], [3, 4]]); plt.show(); print("after")
---
plt.figure(); plt.plot([1]); plt.figure(); plt.plot([2]); None
---
from IPython.display import HTML, Image, Latex, clear_output, display, update_display
display(HTML("<b>x</b>"), {"a": 1}, metadata={"k": 1}); HTML("<i>")
---
h = display("first", display_id="d1")
h.update("second")
---
update_display("third", display_id="d1"); 3
---
print("gone"); clear_output(); print("kept")
---
print("gone"); clear_output(wait=True); print("kept")
---
x_, y_ = 1, 2
%who
---
_, __, _2, Out[1], In[1]
---
!echo hello; echo oops 1>&2
---
files = !echo a b
files
---
import asyncio
await asyncio.sleep(0, "slept")
---
import warnings; warnings.warn("careful")
---
raise SystemExit(3)
---
class E(Exception):
    def __str__(self): return "multi\nline é ∇"
raise E
---
try:
    1/0
except ZeroDivisionError as e:
    raise ValueError("chained") from e
---
import numpy as np, pandas as pd
pd.DataFrame({"a": [1, 2]})
---
%%capture out
print("captured")
---
out.stdout
---
%%bash
echo from bash
---
%matplotlib inline
plt.plot([3, 1]); plt.show()
---
len?
---
%nosuchmagic
---
raise KeyboardInterrupt
---
print(get_ipython().__class__.__name__, __name__)
---
class R:
    def _repr_html_(self): raise RuntimeError("bad repr")
    def __repr__(self): return "R!"
R()
---
display(Image(data=b"\x89PNG\r\n\x1a\n" + bytes(30), format="png")); Latex("$y$")
---
5
6
---
import traceback
try: 1/0
except Exception: traceback.print_exc()
---
if True:
	x = 1
        y = 2
'''.strip("\n").split("\n---\n")


@pytest.fixture(scope="module")
def nbclient_cells():
    nbclient = pytest.importorskip("nbclient")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    nb.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbclient.NotebookClient(nb, allow_errors=True, timeout=60, coalesce_streams=True).execute()
    return nb.cells


def without_words(output: dict) -> dict:
    """A figure says in words what it shows: the one thing that a kernel does not add."""
    if "image/png" not in output.get("metadata", {}):
        return output
    picture = {name: value for name, value in output["metadata"]["image/png"].items() if name != "alt"}
    kept = {mime: about for mime, about in output["metadata"].items() if mime != "image/png"}
    return {**output, "metadata": {**kept, **({"image/png": picture} if picture else {})}}


def comparable(outputs) -> str:
    text = json.dumps([without_words(output) for output in outputs], indent=1, ensure_ascii=False, sort_keys=True)
    text = re.sub(r"0x[0-9a-f]{8,}", "0x", text)
    return re.sub(r"ipykernel_\d+/\d+|\b\d{5,}(?=\.py)", "cell", text)


def test_outputs_are_those_of_nbclient_and_ipykernel(student, nbclient_cells):
    mine = [student.run(cell.source) for cell in nbclient_cells]  # all first: a cell may update an earlier one
    for cell, outputs in zip(nbclient_cells, mine):
        assert comparable(outputs) == comparable(cell.outputs), cell.source
        nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)]))
    assert student.execution_count == nbclient_cells[-1].execution_count


@pytest.mark.parametrize(("source", "words"), [
    ("plt.plot([1]); plt.title('falls'); plt.xlabel('epoch'); plt.ylabel('loss')", "falls: loss over epoch"),
    ("f, (a, b) = plt.subplots(1, 2); f.suptitle('both'); a.set_title('left'); b.set_ylabel('right'); None",
     "both; left; right"),
    ("i = plt.imshow([[1, 2]]); plt.title('weights'); plt.colorbar(i, label='size')", "weights"),
    ("plt.plot([1]); plt.gcf().set_label('its own words'); plt.title('not this')", "its own words"),
    ("plt.plot([1]); plt.gcf().set_label('x' * 10_000)", "x" * 500),
    ("plt.plot([1]); plt.gcf().get_label = lambda: 1 / 0; plt.title('broken')", "broken"),
    ("plt.plot([1])", None),
])
def test_a_figure_says_in_words_what_it_shows(student, source, words):
    student.run("import matplotlib.pyplot as plt")
    picture = next(o for o in student.run(source) if "image/png" in o.get("data", {}))
    assert picture["metadata"].get("image/png", {}).get("alt") == words
    shown = student.run("fig = plt.figure(); plt.plot([1]); plt.title('last'); plt.close(fig); fig")[-1]
    assert shown["output_type"] == "execute_result"
    assert shown["metadata"]["image/png"] == {"alt": "last"}


@pytest.mark.parametrize(("alt", "words"), [
    (7, ""), ({"a": 1}, ""), (["x"], ""), ("two\nlines \x1b[1m\u202e", "two lines [1m"), ("x" * 10_000, "x" * 500),
])
def test_words_about_a_picture_are_one_line_of_bounded_length(student, alt, words):
    student.run("from IPython.display import display")
    said = {"alt": alt, "image/png": {"alt": alt, "width": 3}}
    (shown,) = student.run(f"display({{'image/png': 'AAAA'}}, raw=True, metadata={said!r})")
    assert shown["metadata"] == {"alt": words, "image/png": {"alt": words, "width": 3}}


def test_text_stands_in_the_order_in_which_it_was_written(student):
    outputs = student.run(
        "import os, subprocess, sys\nfor i in range(3):\n    print('p', i)\n    os.system(f'echo s {i}')\n"
        "    print('e', i, file=sys.stderr)\n    subprocess.run(['echo', 'r', str(i)])"
    )
    text = "".join(o["text"] for o in outputs)
    assert text == "".join(f"{who} {i}\n" for i in range(3) for who in "pser")
    assert {o["name"] for o in outputs} == {"stdout", "stderr"}


def test_forked_processes_and_threads_print_too(student):
    source = (
        "import multiprocessing as m, threading\np = m.get_context('fork').Process(target=print, args=('p',))\n"
        "p.start(); p.join()\nt = threading.Thread(target=print, args=('t',)); t.start(); t.join()"
    )
    assert student.run(source) == [{"output_type": "stream", "name": "stdout", "text": "p\nt\n"}]


def test_input_is_refused(student):
    (output,) = student.run("input('name? ')")
    assert output["ename"] == "StdinNotImplementedError"


def test_exit_ends_neither_the_process_nor_the_notebook(student):
    assert student.run("a = 1; exit()") == []
    assert student.run("a")[0]["data"]["text/plain"] == "1"


def test_silent_cells_leave_no_trace(student):
    student.run("1")
    assert student.run("print('x'); 2", silent=True) == []
    assert student.execution_count == 1
    assert student.run("_")[0]["data"]["text/plain"] == "1"
    assert student.execution_count == 2


def test_an_output_of_an_earlier_cell_is_updated_in_place(student):
    (shown,) = student.run("from IPython.display import display\nh = display('before', display_id=True)")
    assert student.run("h.update('after')") == []
    assert shown["data"] == {"text/plain": "'after'"}


def test_unseeded_random_numbers_are_the_same_in_every_run(sandbox):
    values = []
    for _ in range(2):
        with sandbox.open() as student:
            values.append(student.run("import random, numpy as np\n(np.random.rand(), random.random(), hash('a'))"))
    assert values[0] == values[1]


# ---------------------------------------------------------------------------------------------------------------------
# Calls
# ---------------------------------------------------------------------------------------------------------------------

FUNCTIONS = """
import sys, warnings
import numpy as np
def double(x, factor=2, *, unused=None):
    print("doubling"); print("err", file=sys.stderr); warnings.warn("careful")
    return {"y": factor * x, "n": (x.size, 1j, None, b"z")}
def spoil(a, b, c):
    b[0] = 99; c["k"].append(1)
def unfilled(x):
    # a comment
    raise NotImplementedError("your code here")
def broken(x):
    y = x + 1
    return y.nothing
class Net:
    depth = 3
    def __init__(self, w): self.w = w
    def forward(self, x): return self.w * x
    def __getitem__(self, i): return self.w[i]
    def __len__(self): return 3
def make(w): return Net(w)
def use(net, x): return net.forward(x)
def apply(f, n): return [f(i) for i in range(n)]
net = Net(np.arange(3.0))
table = {"a": [1, 2]}
""".strip()


def test_a_remote_observes_what_a_local_observes(student):
    student.run(FUNCTIONS)
    space = {"__name__": "x"}
    exec(FUNCTIONS, space)
    cases = {
        "double": (np.arange(3.0),),
        "spoil": (1, np.ones(2), {"k": []}),
        "unfilled": (1,),
        "broken": (np.ones(2),),
        "nothing": (),
        "table": (),
    }
    for name, args in cases.items():
        remote, local = student.subject(name), Local(name, *([space[name]] if name in space else []))
        assert isinstance(remote, Subject)
        a, b = remote.observe(*args), local.observe(*args)
        assert repr(a.value) == repr(b.value)
        assert (a.changed, a.printed, a.warned) == (b.changed, b.printed, b.warned)
        assert (a.error is None) == (b.error is None)
        if a.error:
            assert (a.error.type, a.error.message) == (b.error.type, b.error.message)
        assert (remote.missing(), remote.callable(), remote.parameters()) == (
            local.missing(),
            local.callable(),
            local.parameters(),
        )


def test_arguments_that_a_call_changes_are_named_and_stay_as_they_were_here(student):
    student.run(FUNCTIONS)
    b, c = np.ones(2), {"k": []}
    assert student.subject("spoil").observe(0, b, c).changed == (1, 2)
    assert b.tolist() == [1, 1]
    assert c == {"k": []}


def test_an_error_names_the_students_own_line(student):
    student.run("pass")
    student.run(FUNCTIONS)
    error = student.subject("broken").observe(np.ones(2)).error
    assert (error.type, error.line) == ("AttributeError", "return y.nothing")
    assert FUNCTIONS.splitlines()[error.lineno - 1].strip() == error.line
    assert student.subject("unfilled").observe(1).error.type == "NotImplementedError"


def test_an_object_comes_back_as_a_remote(student):
    student.run(FUNCTIONS)
    net = student.subject("make")(np.ones(2))
    assert isinstance(net, Proxy)
    assert "Net" in repr(net)
    assert net.forward(2).tolist() == [2, 2]
    assert student.subject("use")(net, 3).tolist() == [3, 3]
    assert student.subject("net").w.fetch().value.tolist() == [0, 1, 2]
    assert student.subject("net").depth.value() == 3
    assert student.subject("net")[2] == 2
    assert [float(x) for x in student.subject("net")] == [0, 1, 2]
    assert student.subject("net.forward").observe(2).value.tolist() == [0, 2, 4]
    assert student.subject("net").nothing.missing()
    with pytest.raises(StudentCodeError, match="NameError: name 'nosuch' is not defined"):
        student.subject("use")(student.subject("nosuch"), 1)


def test_a_function_passed_in_stays_with_the_grader(student):
    student.run(FUNCTIONS)
    secret = np.array([10.0, 98765.4321])
    observed = student.subject("apply").observe(lambda i: secret * i, 3)
    assert [v.tolist() for v in observed.value] == [(secret * i).tolist() for i in range(3)]
    student.run("def keep(f):\n    global kept\n    kept = f\n    return f.__closure__ is None, repr(f)")
    student.subject("keep").observe(lambda: secret)
    assert "98765" not in json.dumps(student.run("vars(kept), kept.__closure__, kept.__defaults__"))
    (output,) = student.run("kept()")  # later it cannot be asked
    assert output["ename"] == "CallbackError"


def test_a_function_passed_in_may_call_the_students(student):
    student.run(FUNCTIONS)
    use, net = student.subject("use"), student.subject("net")
    assert student.subject("apply")(lambda i: use(net, i)[1], 3) == [0, 1, 2]


def test_a_function_passed_in_that_fails_is_the_callers_error_there(student):
    student.run(FUNCTIONS)
    error = student.subject("apply").observe(lambda i: 1 / i, 3).error
    assert (error.type, error.message) == ("CallbackError", "ZeroDivisionError: division by zero")


def test_a_generator_travels_in_its_state(student):
    student.run("def draw(rng): return rng.normal(size=3)")
    rng = np.random.default_rng(5)
    rng.random()
    value = student.subject("draw").observe(rng).value
    np.testing.assert_array_equal(value, rng.normal(size=3))


def test_an_argument_that_cannot_travel_is_the_checks_mistake(student):
    student.run(FUNCTIONS)
    with pytest.raises(TypeError, match="cannot travel"):
        student.subject("double").observe(object())
    assert student.subject("unfilled").observe(1).error.type == "NotImplementedError"


def test_figures_are_described_only_if_asked_for_and_never_shown_later(student):
    pytest.importorskip("helpers.checking.figures")
    student.run("import matplotlib.pyplot as plt\ndef draw(x, show):\n    plt.plot(x)\n    if show: plt.show()")
    assert student.subject("draw").observe([1, 2], False).figures == ()
    for show in (False, True):
        observed = student.subject("draw").observe([1, 2], show, figures=True)
        assert len(observed.figures) == 1
        assert observed.error is None
    assert student.run("1")[0]["output_type"] == "execute_result"


def test_hostile_values_are_data(student):
    student.run(
        "class Liar:\n    __class__ = int\n    def __eq__(s, o): return True\n    def __array__(s, *a, **k): 1/0\n"
        "class Rude(Exception):\n    def __str__(self): raise SystemExit\n"
        "def liar(): return Liar()\ndef rude(): raise Rude\ndef leave(): raise SystemExit\n"
        "def deep():\n    x = []\n    for _ in range(500): x = [x]\n    return x\n"
        "def large():\n    import numpy as np\n    return np.zeros(60_000_000)\ndef endless(): return endless()"
    )
    assert isinstance(student.subject("liar").observe().value, Proxy)
    assert student.subject("rude").observe().error.type == "Rude"
    assert student.subject("leave").observe().error.type == "SystemExit"
    assert student.subject("deep").observe().error.type == "ResultTooLarge"
    assert student.subject("large").observe().error.type == "ResultTooLarge"
    assert student.subject("endless").observe().error.type == "RecursionError"
    assert student.ended is None


@pytest.mark.parametrize(
    "reply",
    [
        "b'junk' * 100",
        "b'BBH1' + bytes([255]) * 12",
        "frame({'id': N})",
        "frame({'id': N, 'observation': 5})",
        "frame({'id': N, 'observation': {'error': (1, 2), 'changed': 'x', 'printed': 5, 'seconds': 'long'}})",
        "frame({'id': N, 'observation': {'value': Reference('own', (1, 'x'))}})",
        "frame({'id': N, 'observation': {'warned': ('x' * 9999,), 'figures': 3, 'printed': 'p' * 99999}})",
        "frame([1, 2])",
        "frame({'callback': [1], 'id': 1, 'args': ()})",
        "frame({'callback': 1, 'id': [1], 'args': ()})",
        "frame({'id': N, 'count': 10**400, 'observation': {'seconds': 10**400, 'value': None}})",
        "frame({'id': [N, N]})",
        "frame({'output': {'output_type': ['x']}})",
        "frame({'clear': __import__('numpy').ones(3)})",
        "frame({'callback': 7, 'id': 1, 'args': ()})",
        "b''.join([frame({'output': {'output_type': 'evil'}})] * 10)",
    ],
)
def test_a_process_that_speaks_for_itself_is_data_all_the_same(student, reply):
    student.run(
        "import gc, os, socket\nfrom helpers.grading.sandbox.wire import encode, Reference\n"
        "def frame(x): return b''.join(bytes(p) for p in encode(x))\n"
        "wire = [s for s in gc.get_objects() if isinstance(s, socket.socket) and s.fileno() >= 0][-1]\n"
        f"def lie():\n    for N in range(2, 9): os.write(wire.fileno(), {reply})\n    os._exit(0)"
    )
    observed = student.subject("lie").observe()
    assert observed.value is None
    assert len(observed.printed) <= 2000
    outputs = student.run("1")
    assert [o["output_type"] for o in outputs] in ([], ["error"])
    for o in outputs:
        assert o["ename"] == "ProcessEnded"


def test_a_cell_and_a_call_take_little_time(student):
    student.run("def f(x): return x")
    f, x = student.subject("f"), np.ones(10)
    for act in (lambda: student.run("1"), lambda: f.observe(x)):
        act()
        best = min(_seconds(act) for _ in range(20))
        assert best < 0.01


def _seconds(act) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
