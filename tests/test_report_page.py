"""The page: complete in itself, and true to the numbers in the files."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from report_run import write_run
from spikeseg.errors import CorruptFileError
from spikeseg.report import write_report

SECTIONS = ["scores", "pictures", "forming", "steps", "rates", "layers", "training", "data"]
VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """What a browser would see: attributes, sections, table rows, and the text by element id."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.html = html
        self.open, self.links, self.sections, self.rows = [], [], [], {}
        self.text, self.captions, self.views = [], {}, []
        self.feed(html)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[k] for k in ("src", "href", "action", "poster", "data") if k in attrs]
        if tag == "section":
            self.sections.append(attrs["id"])
        if "data-view" in attrs:
            self.views.append(attrs["data-view"])
        row = attrs.get("data-row") or (self.open[-1][1] if self.open else None)
        if tag == "td":
            self.rows.setdefault(row, []).append("")
        if tag not in VOID:
            self.open.append((tag, row))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if not {"style", "script"} & {tag for tag, _ in self.open}:
            self.text.append(data)
            if any(tag == "td" for tag, _ in self.open):
                self.rows[self.open[-1][1]][-1] += data

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())

    def number(self, row, column):
        return float(self.rows[row][column].replace("\N{MINUS SIGN}", "-"))


def page_of(folder, **options):
    made = write_run(folder, **options)
    path = write_report(folder)
    assert path == folder / "report.html"
    return Page(path.read_text(encoding="utf-8")), made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("run"))


VARIANTS = {
    "whole": {},
    "no baseline": {"baseline": False},
    "no V scores": {"v_scores": False},
    "five classes": {"num_classes": 5, "v_scores": False},
    "one example, one epoch": {"num": 1, "num_epochs": 1},
    "no epoch": {"num_epochs": 0},
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_every_kind_of_run_gives_all_sections_in_order_and_loads_nothing(tmp_path, options):
    page, _ = page_of(tmp_path, **options)
    assert page.sections == SECTIONS
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert "http" not in re.sub(r'http-equiv="Content', "", page.html)
    assert not re.search(r"@import|url\((?!data:)|fetch\(|XMLHttpRequest", page.html)


def test_the_scores_shown_are_those_in_the_file(whole):
    page, made = whole
    stages = made["metrics.json"]["stages"]
    for name in ("pixel_accuracy", "miou", "dice", "v_rand", "v_info"):
        ann, snn = (stages[key][name] for key in ("ann", "snn"))
        assert page.number(name, 0) == pytest.approx(ann, abs=5.1e-5)
        assert page.number(name, 1) == pytest.approx(snn, abs=5.1e-5)
        assert page.number(name, 2) == pytest.approx(snn - ann, abs=5.1e-5)


def test_the_scores_of_each_class_are_those_in_the_file(tmp_path):
    page, made = page_of(tmp_path, num_classes=4)
    stages = made["metrics.json"]["stages"]
    for kind in ("iou", "dice_per_class"):
        for index in range(4):
            shown = [page.number(f"{kind}-{index}", column) for column in (0, 1)]
            expected = [stages[key][kind][index] for key in ("ann", "snn")]
            assert shown == pytest.approx(expected, abs=5.1e-5)


def test_spikes_steps_and_operations_are_those_in_the_file(whole):
    page, _ = whole
    assert page.rows["num_steps"][:2] == ["1", "32"]
    assert page.rows["spikes"][1] == "0.432"
    assert page.rows["operations"] == ["2.10 billion MACs", "1.37 billion ACs", "× 0.652"]
    assert "counts, not energy" in page.words


def test_the_layers_shown_are_those_in_the_file(whole):
    page, made = whole
    for layer in made["layers.json"]["layers"]:
        cells = page.rows[f"layer-{layer['name']}"]
        assert float(cells[0].split()[0]) == pytest.approx(100 * layer["relative_error"], abs=0.051)
        assert cells[1].split()[0] == f"{layer['dead']:,}"
        assert cells[2].split()[0] == f"{layer['saturated']:,}"
        shares = " · ".join(
            f"{100 * layer[f'{name}_band']:.1f} % {name}" for name in ("under", "in", "over")
        )
        assert shares in page.words


@pytest.mark.parametrize(
    ("miou", "expected"),
    [
        (0.9012, "At 32 time steps the spiking network is 0.003 mIoU below its ANN"),
        (0.9041, "the spiking network matches the mIoU of its ANN (0.904 against 0.904)"),
        (0.9143, "the spiking network is 0.010 mIoU above its ANN (0.914 against 0.904)"),
        (0.7043, "clearly loses against its ANN: 0.200 mIoU lower (0.704 against 0.904)"),
    ],
)
def test_the_verdict_says_how_far_the_spiking_network_is(tmp_path, miou, expected):
    page, _ = page_of(tmp_path, snn_miou=miou)
    assert expected in page.words
    assert "with 0.432 spikes per neuron and image." in page.words


def test_the_steps_it_takes_are_those_from_which_the_curve_stays_close(whole):
    page, made = whole
    points = made["metrics.json"]["curve"]
    far = [p["num_steps"] for p in points if p["miou"] < 0.9043 - 0.01]
    assert f"From {max(far) + 1} steps on it stays within 0.01 mIoU" in page.words


def test_a_curve_that_stays_far_is_said_to_be_far(tmp_path):
    page, _ = page_of(tmp_path, snn_miou=0.7)
    assert "After 32 steps it is still −0.204 mIoU from the ANN" in page.words


def test_each_slider_step_shows_its_accuracy_on_all_images(whole):
    page, made = whole
    for point in made["metrics.json"]["curve"]:
        shown = f"pixel accuracy {point['pixel_accuracy']:.3f} , mIoU {point['miou']:.3f}"
        assert (shown in page.words) == (point["num_steps"] in (1, 2, 4, 8, 16, 32))


def test_the_regularizer_is_compared_only_where_there_is_a_baseline(tmp_path, whole):
    page, made = whole
    cells = page.rows["mIoU of the spiking network"]
    assert cells == ["0.9012", "0.8634", "+0.0378"]
    layers = made["metrics.json"]["baseline"]["layers"]
    total = sum(layer["num_neurons"] for layer in layers)
    share = sum(layer["in_band"] * layer["num_neurons"] for layer in layers) / total
    assert page.rows["Neurons in the band"][1] == f"{100 * share:.1f} %"
    other, _ = page_of(tmp_path, baseline=False)
    assert "mIoU of the spiking network" not in other.rows
    assert "trained without the firing-rate regularizer" in other.words


def test_a_run_without_a_separating_class_has_no_v_rows_and_says_why(tmp_path):
    page, _ = page_of(tmp_path, v_scores=False)
    assert "v_rand" not in page.rows
    assert "they need a class that separates objects" in page.words


def test_a_class_that_the_images_lack_shows_a_dash(tmp_path):
    made = write_run(tmp_path)["metrics.json"]
    made["stages"]["snn"]["iou"][1] = None
    (tmp_path / "metrics.json").write_text(json.dumps(made))
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert page.rows["iou-1"] == ["0.9093", "–", "–"]


def test_a_training_that_diverged_is_said_to_have(tmp_path):
    write_run(tmp_path)
    path = tmp_path / "history.csv"
    lines = path.read_text().splitlines()
    lines[-2:] = [re.sub(r"^(\d+,\d+),[^,]+", r"\1,nan", line) for line in lines[-2:]]
    path.write_text("\n".join(lines))
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "not a finite number in 2 epochs" in page.words
    assert not any("nan" in path for path in re.findall(r" d=\"([^\"]*)\"", page.html))


def test_a_run_whose_stages_were_called_one_by_one_has_no_times(tmp_path):
    made = write_run(tmp_path)["metrics.json"]
    del made["seconds"], made["training"]
    (tmp_path / "metrics.json").write_text(json.dumps(made))
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "called one by one" in page.words


def test_text_from_the_files_is_escaped(whole):
    page, made = whole
    assert made["config.json"]["command"] in page.words
    assert "membranes <2 pixels> were kept" in page.words


def test_the_settings_and_versions_are_told(whole):
    page, _ = whole
    for words in ("seed: 7", "images 0 to 15 train; 16 to 19 are held out", "sha256 0123abcd"):
        assert words in page.words
    assert "run: spikeseg 0.1.0; this page: spikeseg 0.1.0" in page.words
    assert "119,234 parameters; 400 optimizer steps on 3,200 crops in 1 min 15 s" in page.words


def test_the_same_run_gives_the_same_page(tmp_path):
    write_run(tmp_path)
    first = write_report(tmp_path).read_bytes()
    assert write_report(tmp_path).read_bytes() == first


def test_a_report_that_fails_leaves_the_older_one_as_it_was(tmp_path):
    write_run(tmp_path)
    first = write_report(tmp_path).read_bytes()
    (tmp_path / "layers.json").write_text("{")
    with pytest.raises(CorruptFileError):
        write_report(tmp_path)
    assert (tmp_path / "report.html").read_bytes() == first


def test_the_report_needs_no_torch():
    code = "import sys, spikeseg.report; print(sorted({'torch', 'lightning'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
