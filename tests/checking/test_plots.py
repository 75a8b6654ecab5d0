"""Every figure is drawn without a warning and says what it shows; what describe() tells of it is plain data."""

import importlib.util
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest

from helpers import plots
from helpers.checking import figures
from helpers.data import DataError

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
EPOCHS = np.arange(1, 41)
FALLING = np.exp(-EPOCHS / 10)
POINTS = RNG.normal(size=(60, 2))
SIDES = (POINTS[:, 0] > 0).astype(int)
IMAGES = RNG.random((12, 784))
LABELS = np.arange(12) % 10
TAKEN = np.where(np.arange(12) % 3, LABELS, (LABELS + 1) % 10)


@pytest.fixture(autouse=True)
def fresh():
    plt.close("all")
    yield
    plt.close("all")


def probability(points):
    return 1 / (1 + np.exp(-4 * points[:, 0]))


DRAWN = {
    "learning_curves": lambda **o: plots.learning_curves({"train": FALLING, "test": FALLING + 0.1}, **o),
    "loss_and_accuracy": lambda **o: plots.loss_and_accuracy({"train": FALLING}, {"train": 1 - FALLING}, **o),
    "hinges": lambda **o: plots.hinges(EPOCHS, RNG.random((4, 40)), points=([1, 2], [3, 4]), **o),
    "decision_boundary": lambda **o: plots.decision_boundary(probability, POINTS, SIDES, **o),
    "images": lambda **o: plots.images(IMAGES, LABELS, **o),
    "predictions": lambda **o: plots.predictions(IMAGES, LABELS, TAKEN, confidence=RNG.random(12), **o),
    "weights": lambda **o: plots.weights(IMAGES - 0.5, **o),
    "activations": lambda **o: plots.activations([RNG.normal(size=(30, 9)), np.maximum(0, RNG.normal(size=99))], **o),
    "confusion": lambda **o: plots.confusion([[5, 1], [0, 1200]], ["cat", "dog"], **o),
    "error_map": lambda **o: plots.error_map(RNG.normal(size=(8, 9)), **o),
    "embedding": lambda **o: plots.embedding(POINTS, SIDES, **o),
}


def plain(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(entry) for key, entry in value.items())
    if type(value) is np.ndarray:
        return value.dtype == np.float64
    return all(map(plain, value)) if type(value) is list else type(value) in (str, float, int, bool, type(None))


def only_figure():
    (figure,) = figures.describe()
    assert plain(figure)
    return figure


# -- every plot


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize("name", DRAWN)
def test_draws_in_one_figure_titled_and_white(name, style, tmp_path):
    with plt.style.context(style):
        drawn = DRAWN[name](title="What it shows")
        drawn.figure.savefig(tmp_path / "figure.png")
        seen = [ax for ax in drawn.figure.axes if ax.axison]
        ticks = [tick for ax in seen for tick in (*ax.get_xticklabels(), *ax.get_yticklabels())]
        assert all(max(to_rgb(tick.get_color())) < 0.5 for tick in ticks)
    picture = plt.imread(tmp_path / "figure.png")
    border = np.concatenate([picture[0, :, :3], picture[-1, :, :3]])
    assert np.median(border) == 1  # white under a dark style too
    assert (picture[..., :3].max(axis=2) < 0.5).mean() > 0.002  # with dark ink on it
    figure = only_figure()
    assert "What it shows" in [figure["title"], *(axes["title"].split("\n")[0] for axes in figure["axes"])]
    assert figure["label"].startswith("What it shows: ")
    assert figure["label"].endswith(".")


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"images", "predictions", "weights"}))
def test_axes_are_labelled(name):
    DRAWN[name]()
    axes = [axes for axes in only_figure()["axes"] if not axes["colorbar"]]
    assert axes
    assert any(part["xlabel"] for part in axes)
    assert axes[0]["ylabel"]


@pytest.mark.parametrize("name", ["learning_curves", "decision_boundary", "confusion", "error_map", "embedding"])
def test_draws_into_given_axes(name):
    _, ax = plt.subplots()
    curve = {
        "learning_curves": lambda: plots.learning_curves(FALLING, ax=ax),
        "decision_boundary": lambda: plots.decision_boundary(probability, POINTS, SIDES, ax=ax),
        "confusion": lambda: plots.confusion([[1]], ax=ax),
        "error_map": lambda: plots.error_map([1.0, 2.0], ax=ax),
        "embedding": lambda: plots.embedding(POINTS, SIDES, ax=ax),
    }[name]
    assert curve() is ax
    assert only_figure()["axes"][0]["xlabel"]


def test_the_users_style_is_left_alone():
    before = dict(matplotlib.rcParams)
    for draw in DRAWN.values():
        draw()
    assert dict(matplotlib.rcParams) == before


def test_a_plot_that_fails_leaves_no_figure():
    def broken(points):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        plots.decision_boundary(broken, POINTS, SIDES)
    with pytest.raises(DataError, match="shape"):
        plots.decision_boundary(lambda points: np.zeros(3), POINTS, SIDES)
    assert figures.describe() == ()


def test_panels_have_a_short_repr():
    assert repr(DRAWN["weights"]()) == "<12 panels>"


# -- each plot


def test_learning_curves_show_the_values():
    plots.learning_curves({"train": FALLING, "test": (EPOCHS * 10, FALLING + 0.1)}, ylabel="log-loss")
    (axes,) = only_figure()["axes"]
    assert (axes["xlabel"], axes["ylabel"], axes["yscale"]) == ("epoch", "log-loss", "log")
    assert axes["legend"] == ["train", "test"]
    train, test = axes["lines"]
    np.testing.assert_array_equal(train["x"], EPOCHS)
    np.testing.assert_array_equal(train["y"], FALLING)
    np.testing.assert_array_equal(test["x"], EPOCHS * 10)
    assert train["style"]["color"] != test["style"]["color"]
    assert train["style"]["line"] != test["style"]["line"]


@pytest.mark.parametrize(
    ("values", "scale"), [([1, 0.1, 0.0], "log"), ([0.0, 0.0], "linear"), ([-1.0, -2.0], "linear")]
)
def test_learning_curves_choose_a_scale_that_can_show_them(values, scale):
    plots.learning_curves(values).figure.canvas.draw()
    assert only_figure()["axes"][0]["yscale"] == scale


def test_a_curve_that_diverges_is_said():
    plots.learning_curves({"rate 10": [1, 5, np.inf, np.nan], "rate 1": [1, 0.5, 0.2, 0.1]}).figure.canvas.draw()
    (axes,) = only_figure()["axes"]
    assert axes["legend"] == ["rate 10 (not finite from 3 on)", "rate 1"]
    assert axes["lines"][0]["n"] == 4


def test_loss_and_accuracy_stand_side_by_side():
    DRAWN["loss_and_accuracy"]()
    loss, accuracy = only_figure()["axes"]
    assert (loss["ylabel"], loss["yscale"]) == ("loss", "log")
    assert (accuracy["ylabel"], accuracy["yscale"]) == ("accuracy", "linear")


def test_hinges_add_up():
    pieces = np.maximum(0, np.linspace(-1, 1, 21) - np.array([[-0.5], [0.5]]))
    plots.hinges(np.linspace(-1, 1, 21), pieces, offset=2.0)
    fit, parts = only_figure()["axes"]
    np.testing.assert_allclose(fit["lines"][0]["y"], pieces.sum(axis=0) + 2)
    np.testing.assert_array_equal([line["y"] for line in parts["lines"]], pieces)
    with pytest.raises(DataError, match="transpose"):
        plots.hinges(np.linspace(-1, 1, 21), pieces.T)


ANSWERS = {
    "probability": lambda p: 1 / (1 + np.exp(-p)),
    "score": lambda p: p,
    "column": lambda p: p[:, None] > 0,
    "two classes": lambda p: np.stack([-p, p], axis=1),
    "two classes, by columns": lambda p: np.stack([-p, p]),
}


@pytest.mark.parametrize("axis", ["rows", "columns"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_the_boundary_is_where_the_classifier_changes_its_mind(answer, axis):
    points = POINTS if axis == "rows" else POINTS.T
    first = (lambda p: p[:, 0]) if axis == "rows" else (lambda p: p[0])
    ax = plots.decision_boundary(lambda p: ANSWERS[answer](first(p) - 0.3), points, SIDES, axis=axis)
    (axes,) = only_figure()["axes"]
    assert sum(scatter["n"] for scatter in axes["scatters"]) == 60
    assert axes["legend"] == ["class 0", "class 1"]
    assert len(axes["contours"]) == 1
    (line,) = [c for c in ax.collections if hasattr(c, "levels")]
    where = np.concatenate([path.vertices for path in line.get_paths()])
    np.testing.assert_allclose(where[:, 0], 0.3, atol=0.03)


def test_regions_of_many_classes():
    plots.decision_boundary(lambda p: np.stack([p[:, 0], p[:, 1], -p.sum(axis=1)], axis=1), POINTS, SIDES)
    (image,) = only_figure()["axes"][0]["images"]
    assert image["shape"] == [150, 150]


@pytest.mark.parametrize("labels", [SIDES[None], SIDES[:, None], np.eye(2)[SIDES], np.eye(2)[SIDES].T])
def test_labels_may_lie_any_way(labels):
    plots.decision_boundary(probability, POINTS, labels)
    counts = [scatter["n"] for scatter in only_figure()["axes"][0]["scatters"]]
    assert counts == np.bincount(SIDES).tolist()


@pytest.mark.parametrize("layout", [IMAGES, IMAGES.T, IMAGES.reshape(12, 28, 28), (IMAGES * 255).astype(np.uint8)])
def test_images_may_lie_any_way(layout):
    assert len(plots.images(layout, LABELS, n=7)) == 7
    axes = [part for part in only_figure()["axes"] if part["images"]]
    assert [part["title"] for part in axes] == [str(label) for label in LABELS[:7]]
    shown = axes[3]["images"][0]["array"]
    np.testing.assert_allclose(shown / shown.max(), IMAGES[3].reshape(28, 28) / IMAGES[3].max(), atol=0.01)


def test_images_of_another_size_are_refused():
    with pytest.raises(DataError, match="784"):
        plots.images(np.zeros((3, 100)))
    assert len(plots.images(np.zeros((3, 100)), shape=(10, 10))) == 3


def test_predictions_say_what_is_right():
    classes = list("abcdefghij")
    plots.predictions(IMAGES, LABELS, TAKEN, confidence=np.full(12, 0.25), classes=classes)
    titles = [axes["title"] for axes in only_figure()["axes"] if axes["images"]]
    assert titles[:2] == ["says b, 25%\nis a", "says b, 25%\nright"]
    plt.close("all")
    assert len(plots.predictions(IMAGES, LABELS, TAKEN, wrong_only=True)) == 4
    with pytest.raises(DataError, match="every one of them is classified right"):
        plots.predictions(IMAGES, LABELS, LABELS, wrong_only=True)


@pytest.mark.parametrize("W", [IMAGES - 0.5, (IMAGES - 0.5).T])
def test_weights_share_a_scale_around_zero(W):
    panels = plots.weights(W, names=list("abcdefghijkl"), n=5)
    assert len({panel.images[0].get_clim() for panel in panels}) == 1
    low, high = panels[0].images[0].get_clim()
    assert low == -high < 0
    assert [axes["title"] for axes in only_figure()["axes"] if not axes["colorbar"]] == list("abcde")
    assert len(plots.weights(np.zeros(784))) == 1


def test_a_net_that_has_blown_up_is_drawn_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.weights(np.full((3, 784), np.nan))
        plots.decision_boundary(lambda points: np.full(len(points), np.nan), POINTS, SIDES)


def test_activations_count_what_they_do_not_draw():
    layer = np.r_[np.zeros(30), np.linspace(1, 2, 60), [np.nan] * 10]
    plots.activations([layer, -layer[:90]], ["first", "second"])
    first, second = only_figure()["axes"]
    assert first["title"].split("\n")[0] == "first"
    assert "33% zeros" in first["title"]
    assert "10% not finite" in first["title"]
    assert first["bars"][0]["height"].sum() == pytest.approx(0.6)
    assert first["xlim"] == second["xlim"]
    plots.activations([np.zeros(5), np.full(3, np.nan), np.ones(4)])  # nothing to draw is no error


def test_confusion_writes_the_counts():
    plots.confusion([[5, 1], [0, 1200]], ["cat", "dog"])
    (axes,) = only_figure()["axes"]
    assert axes["texts"] == ["5", "1", "1,200"]
    assert (axes["xlabel"], axes["ylabel"]) == ("taken for", "true class")
    plots.confusion([[0, 0], [0, 3]])  # a class without samples


@pytest.mark.parametrize("difference", [np.zeros((3, 4)), [np.nan, 1.0], np.full((2, 2), np.inf), np.zeros((2, 3, 4))])
def test_error_maps_of_odd_arrays(difference):
    plots.error_map(difference).figure.canvas.draw()


def test_an_error_map_names_the_largest_entry():
    difference = np.zeros((5, 6))
    difference[3, 4], difference[1, 1] = -0.5, 0.25
    plots.error_map(difference, title="W1")
    axes = only_figure()["axes"][0]
    assert axes["title"] == "W1\nlargest -0.5 at [3, 4]"
    np.testing.assert_array_equal(axes["images"][0]["array"], difference)


def test_an_embedding_names_its_classes():
    plots.embedding(POINTS.T, SIDES, ["left", "right"])
    (axes,) = only_figure()["axes"]
    assert axes["legend"] == ["left", "right"]
    assert [scatter["label"] for scatter in axes["scatters"]] == ["left", "right"]


# -- describe


def test_describe_without_matplotlib():
    # a child that never imports matplotlib: the module must neither need it nor bring it in
    program = (
        "import importlib.util, sys; spec = importlib.util.spec_from_file_location('figures', sys.argv[1]); "
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module); "
        "print(module.describe(), 'matplotlib' in sys.modules)"
    )
    path = importlib.util.find_spec("helpers.checking.figures").origin
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("() False\n", "")


def test_describe_tells_all_it_promises():
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
    figure.suptitle("Both")
    left.plot([1, 2, 3], [4, 5, 6], "r--o", label="line")
    left.plot([1, 2], [np.nan, 1])
    left.scatter([1, 2], [3, 4], label="dots")
    left.set(title="Left", xlabel="x", ylabel="y", yscale="log", xlim=(1, 3))
    left.legend(loc="upper left")
    left.annotate("here", (1, 4))
    right.bar([1, 2], [3, 4], 0.5, label="bars")
    right.imshow(np.arange(6).reshape(2, 3))
    mesh = right.pcolormesh(np.arange(12).reshape(3, 4))
    figure.colorbar(mesh)
    first = plt.figure(7)
    plt.figure(1)
    one, seven = figures.describe()
    assert plt.gcf() is figure
    assert first.number == seven["number"] == 7
    assert plain(one)
    assert (one["title"], one["size"]) == ("Both", [7.0, 3.0])
    a, b, bar = one["axes"]
    assert (a["title"], a["xlabel"], a["ylabel"], a["yscale"], a["xlim"]) == ("Left", "x", "y", "log", [1.0, 3.0])
    assert (a["legend"], a["texts"]) == (["line", "dots"], ["here"])
    assert a["lines"][0]["style"] == {"line": "--", "marker": "o", "color": "#ff0000"}
    np.testing.assert_array_equal(a["lines"][0]["y"], [4, 5, 6])
    assert a["lines"][1]["label"] == ""
    np.testing.assert_array_equal(a["scatters"][0]["xy"], [[1, 3], [2, 4]])
    np.testing.assert_allclose(b["bars"][0]["x"], [0.75, 1.75])
    np.testing.assert_array_equal(b["bars"][0]["height"], [3, 4])
    assert [image["shape"] for image in b["images"]] == [[2, 3], [3, 4]]
    assert [a["colorbar"], b["colorbar"], bar["colorbar"]] == [False, False, True]


def test_describe_thins_and_leaves_out_what_is_large():
    _, ax = plt.subplots()
    ax.plot(np.arange(123_456))
    ax.scatter(np.arange(20_000), np.arange(20_000))
    ax.imshow(np.zeros((100, 100)))
    (axes,) = only_figure()["axes"]
    (line,) = axes["lines"]
    assert (line["n"], len(line["x"]), line["x"][0], line["x"][-1]) == (123_456, 10_000, 0, 123_455)
    assert (axes["scatters"][0]["n"], axes["scatters"][0]["xy"].shape) == (20_000, (10_000, 2))
    assert axes["images"] == [{"shape": [100, 100], "array": None}]


def test_describe_survives_odd_artists():
    class Hostile(str):
        def __str__(self):
            raise RuntimeError("no text for you")

    figure, ax = plt.subplots()
    ax.plot([1, 2], [3, 4], label="good")
    ax.plot(["a", "b"], [1, 2])  # categories
    ax.errorbar([1, 2], [3, 4], [1, 1])
    ax.stem([1, 2], [3, 4])
    ax.fill_between([1, 2], [3, 4])
    ax.hist([1, 2, 3], histtype="step")
    ax.quiver([1], [1], [1], [1])
    ax.get_xlabel = None
    ax.title.get_text = lambda: Hostile("t")
    ax.lines[0].get_xdata = None
    figure.add_subplot(projection="3d").plot([1, 2], [1, 2], [1, 2])
    one = only_figure()
    assert one["axes"][0]["xlabel"] == ""
    assert one["axes"][0]["ylim"] is not None
    assert len(one["axes"]) == 2
    assert all(line["label"] != "good" for line in one["axes"][0]["lines"])


@pytest.mark.parametrize("count", [2, 7, 8, 11])
def test_no_two_curves_share_a_colour(count):
    axes = plots.learning_curves({f"curve {number}": [2.0, 1.0] for number in range(count)})
    assert len({line.get_color() for line in axes.lines}) == count
