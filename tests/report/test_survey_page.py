"""The pages as readers get them: accessible, complete in both languages, harmless, and nothing fetched; looked at in a real browser."""

import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib.resources import files

import pandas as pd
import pytest

import surveysim as ss
from surveysim.report import html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
HOSTILE = "<script>alert(1)</script> \" ' \u202e =1+1 &amp;"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The survey's page with every part, in both languages."""
    folder = tmp_path_factory.mktemp("pages")
    spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}).model_copy(update={"name": HOSTILE})
    run = spec.run(seed=7, record=False)
    repeated = ss.Study(spec, changes=("study.repetitions=6",)).run(progress=False)
    budget = ss.error_budget(spec, 2)
    made = {lang: run.report(folder / f"{lang}.html", lang, repeated, budget) for lang in ("en", "zh")}
    made["plain"] = run.report(folder / "plain.html")
    return {"run": run, "repeated": repeated, **made}


class Outline(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.headings, self.links, self.attributes = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.attributes.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(attrs["href"])


@pytest.mark.parametrize("which", ["en", "zh", "plain"])
def test_page__a_screen_reader_finds_its_way(pages, which):
    text = pages[which].read_text(encoding="utf-8")
    page = Outline(text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith("data:") or link[1:] in page.ids, link
    for tag, attrs in page.attributes:
        if attrs.get("aria-labelledby"):
            assert attrs["aria-labelledby"] in page.ids
        if attrs.get("class") == "scroll":
            assert attrs["tabindex"] == "0"
            assert attrs["aria-label"]
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
    regions = [attrs["aria-label"] for _, attrs in page.attributes if attrs.get("role") == "region"]
    assert len(regions) == len(set(regions)) == page.tags.count("table") == page.tags.count("caption")
    assert not re.search("<th[^>]*></th>", text)
    figures = re.findall(r"<figure.*?</figure>", text, flags=re.S)
    assert len(figures) == page.tags.count("figure") > 5
    assert all("<figcaption>" in figure or "<h3>" in figure for figure in figures)
    for svg in re.findall(
        r"<svg[^>]*>(?:<title>[^<]+)?", text
    ):  # says what it shows, or stands beside the same numbers
        assert (
            'aria-hidden="true"' in svg
            or re.search(r"<svg[^>]*role=\"img\"[^>]*><title>[^<]+", svg)
            or 'class="at"' in svg
        )
    assert page.tags.count("main") == page.tags.count("nav") == 1
    assert 'class="skip"' in text


@pytest.mark.parametrize("which", ["en", "zh", "plain"])
def test_page__harmless_small_and_without_scripts(pages, which):
    text = pages[which].read_text(encoding="utf-8")
    page = Outline(text)
    assert len(text.encode()) < 3_000_000
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [a for _, attrs in page.attributes for a in attrs if a.startswith("on")]
    assert re.sub(r"https?://www\.w3\.org", "", text).count("://") == 0
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_page__every_part_is_there_and_in_chinese_no_english_is_left(pages):
    text = pages["zh"].read_text(encoding="utf-8")
    labels = html.labels("zh")
    for key in ("design", "study_section", "budget", "margins", "weights", "dispositions", "map", "downloads", "table"):
        assert f">{labels[key]}</h2>" in text
    plain = pages["plain"].read_text(encoding="utf-8")
    assert html.labels("en")["budget"] not in plain
    body = re.sub(r"<svg.*?</svg>|<style.*?</style>|href=\"data:[^\"]*\"|<[^>]+>", " ", text, flags=re.S)
    words = set(re.findall(r"[A-Za-z]{4,}", body))
    allowed = {
        "Kish",
        "AAPOR",
        "CASRO",
        "deff",
        "logit",
        "ADEMP",
        "COOP",
        "Morris",
        "White",
        "Crowther",
        "script",
        "alert",
        "performance",
    }
    assert words <= allowed | {
        "quot",
        "amp",
        "csv",
        "toml",
        "survey",
        "estimates",
        "margins",
        "weights",
        "dispositions",
        "provinces",
        "budget",
    }


@pytest.mark.parametrize("which", ["en", "zh"])
def test_page__says_first_what_was_found(pages, which):
    """Title, description and preview are the finding; three questions are answered before the first table."""
    text, labels = pages[which].read_text(encoding="utf-8").replace("\u00a0", " "), html.labels(which)
    head, _, rest = text.partition("<table")
    verdict = pages["run"].at_sizes()[1]
    title = re.search(r"<h1>([^<]+)</h1>", head).group(1)
    assert f"<title>{title} · {labels['title']}</title>" in head
    assert f'<meta property="og:title" content="{title}">' in head
    assert f"{verdict.before:.1f}" in title
    assert f"{verdict.now:.1f}" in title
    lead = re.search(r'<p class="lead">([^<]+)</p>', head).group(1)
    for name in ('name="description"', 'property="og:description"'):
        assert f'<meta {name} content="{lead}">' in head
    row = pages["run"].comparison().set_index("indicator_id").loc["internet_penetration"]
    sign = labels["percent_sign"]
    assert f"{row['estimate']:.1f}{sign} ± {row['moe']:.1f}" in head
    assert f"{row['parameter']:.1f}{sign}" in head
    for key in ("ask_quote", "ask_real", "ask_meaning"):
        assert f"<dt>{labels[key].format(now=f'{verdict.now:.1f}{sign}')}</dt>" in head
    own = verdict.table[(verdict.table["errors"] == "design") & (verdict.table["overlap"] == 0)]
    own = own.loc[(own["n"] - len(pages["run"].interviews)).abs().idxmin()]
    assert f"{verdict.now:.1f} ± {own['moe_now']:.1f}" in head
    assert rest.index(labels["statement"]) < rest.index(f">{labels['design']}</h2>")  # and how it was done comes last


@pytest.mark.parametrize("which", ["en", "zh"])
def test_page__writes_numbers_in_one_way(pages, which):
    """One style of percent sign, sizes in the words of the language, one word for one thing."""
    text = pages[which].read_text(encoding="utf-8")
    body = re.sub(
        r"<style.*?</style>|href=\"data:[^\"]*\"|style=\"[^\"]*\"|<svg.*?</svg>|<[^>]+>", " ", text, flags=re.S
    )
    signs = re.findall(r"\d(.?)%", body)
    assert signs
    assert set(signs) <= ({"\u00a0"} if which == "en" else set("0123456789（") | {""})
    assert "10k persons" not in body
    assert ("billion people" if which == "en" else "亿人") in body
    if which == "zh":
        assert not re.search("蒙特卡罗|真实值|。 [\u4e00-\u9fff]", text)
        assert not re.search(
            r"[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff ]", body
        )  # full-width marks between Chinese letters
        assert re.search(r"6-9 岁", body)
        assert not re.search(r"\d-\d+ ?网民", body)


def test_page__folds_and_keeps_its_contents(pages):
    """Sections fold without a script; the list of contents stays beside them, on a telephone folded."""
    text = pages["en"].read_text(encoding="utf-8")
    assert text.count("<section>") == text.count("<summary><h2") > 10
    assert len(re.findall(r"<section>\n<details open>", text)) > 8
    css = text[: text.index("</style>")]
    assert "position:sticky" in css
    assert "details::details-content" in css.partition("@media print")[2]  # folded parts are printed


def test_tables__lose_no_column_on_a_telephone(pages):
    """A table of more than three columns becomes cards, every cell with the name of its column."""
    text = pages["en"].read_text(encoding="utf-8")
    tables = re.findall(r"<table class=\"wide\">.*?</table>", text, flags=re.S)
    assert len(tables) > 5
    for table in tables:
        heads = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)", table)
        for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table):
            cells = re.findall(r"<td(?: class=\"text\")?(?: data-head=\"([^\"]*)\")?>([^<]*)", row)
            assert [head for head, value in cells if value] == [
                head for head, (_, value) in zip(heads[-len(cells) :], cells, strict=True) if value
            ]


def test_downloads__hold_the_tables(pages):
    text = pages["en"].read_text(encoding="utf-8")
    found = {
        name: base64.b64decode(body)
        for name, body in re.findall(r'download="([^"]+)" href="data:[^,]*base64,([^"]*)"', text)
    }
    assert set(found) == {
        "estimates.csv",
        "performance.csv",
        "margins.csv",
        "weights.csv",
        "dispositions.csv",
        "provinces.csv",
        "budget.csv",
        "survey.toml",
    }
    estimates = pd.read_csv(io.BytesIO(found["estimates.csv"]))
    wanted = pages["run"].comparison()
    assert estimates["indicator_id"].tolist() == wanted["indicator_id"].tolist()
    assert abs(estimates["estimate"] / wanted["estimate"] - 1).max() < 1e-9
    assert len(pd.read_csv(io.BytesIO(found["provinces.csv"]))) == 31
    assert "landline_share" in found["survey.toml"].decode()


def test_page__a_study_with_several_methods_and_domains_shows_its_first(tmp_path):
    small = {
        "population": {"scale": 0.01},
        "sample": {"interviews": 3000, "minimum_per_province": 0, "minimum_per_unit": 2},
    }
    spec = ss.SurveySpec.preset("cnnic-2024-12", **small, estimation={"indicators": ["internet_penetration"]})
    ends = [{"name": "internet_penetration", "numerator": "internet", "denominator": "persons"}]
    ends.append({"name": "by town", "numerator": "internet", "denominator": "persons", "by": ["urban"]})
    keys = spec.model_dump() | {"study": {"repetitions": 4}, "estimands": ends}
    keys["methods"] = [{"name": "all"}, {"name": "sex", "weighting": {"margins": ["sex"]}}]
    several = ss.Study(keys).run(progress=False)
    text = spec.run(seed=1, record=False).report(tmp_path / "a.html", repetitions=several).read_text(encoding="utf-8")
    assert "Internet penetration" in text


def test_page__one_frame_alone_has_no_empty_percentages(tmp_path):
    small = {
        "population": {"scale": 0.01},
        "sample": {"interviews": 3000, "minimum_per_province": 0, "minimum_per_unit": 2},
    }
    small["sample"]["landline_share"] = 0.0
    spec = ss.SurveySpec.preset("cnnic-2024-12", **small, estimation={"indicators": ["internet_penetration"]})
    for lang in ("en", "zh"):
        text = spec.run(seed=1, record=False).report(tmp_path / f"{lang}.html", lang).read_text(encoding="utf-8")
        assert "–%" not in text
        assert "– %" not in text.replace("\u00a0", " ")


def test_page__the_same_bytes_when_written_again(pages, tmp_path):
    again = pages["run"].report(tmp_path / "again.html")
    assert again.read_bytes() == pages["plain"].read_bytes()


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_colours__have_contrast_in_light_and_dark():
    """WCAG 2.1: 4.5 for text, 3 for graphics."""
    css = (files("surveysim.report") / "templates" / "style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", block)) for block in css.split("@media screen")[:2])
    for theme in (light, light | dark):
        for ground in ("page", "panel"):
            for text in ("ink", "muted", "first"):
                assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)
            for graphic in ("second", "alert"):
                assert contrast(theme[graphic], theme[ground]) >= 3, (graphic, ground)
        for k in range(5):
            assert contrast(theme[f"on-scale-{k}"], theme[f"scale-{k}"]) >= 4.5, k
        assert contrast(theme["page"], theme["ink"]) >= 4.5  # what a hover or a tap tells


def browse(folder, *flags):
    return subprocess.run(
        [CHROMIUM, *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", *map(str, flags)],
        capture_output=True, text=True, timeout=120, check=False, encoding="utf-8",
    )  # fmt: skip


def fetched(page, folder, *flags):
    """Addresses that a page asked the network for; the browser's own errands have no page behind them."""
    log = folder / "net.json"
    done = browse(folder, f"--log-net-log={log}", *flags, page.as_uri())
    asked = [e["params"] for e in json.loads(log.read_text(encoding="utf-8"))["events"] if "url" in e.get("params", {})]
    return [a["url"] for a in asked if a.get("initiator") not in ("not an origin", None)], done


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize(("which", "dark"), [("en", False), ("zh", True)])
def test_browser__shows_the_page_and_fetches_nothing(pages, which, dark, tmp_path):
    from matplotlib.image import imread

    shot = tmp_path / "shot.png"
    theme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    urls, done = fetched(
        pages[which], tmp_path, "--window-size=1100,1800", "--hide-scrollbars", f"--screenshot={shot}", *theme
    )
    assert shot.exists(), done.stderr[-500:]
    assert not urls
    image = imread(shot)
    assert image.shape[:2] == (1800, 1100)
    assert (image[5, 5, :3].mean() < 0.3) == dark  # the ground
    assert image[..., :3].std() > 0.05  # and something on it


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_browser__a_page_that_fetches_is_noticed(tmp_path):
    (tmp_path / "bad.html").write_text('<img src="http://127.0.0.1:9/x.png">', encoding="utf-8")
    urls, _ = fetched(tmp_path / "bad.html", tmp_path, f"--screenshot={tmp_path / 'shot.png'}")
    assert urls == ["http://127.0.0.1:9/x.png"]


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_browser__narrow_windows_scroll_tables_not_the_page(pages, tmp_path):
    """The page in a frame of 420 pixels: its own width stays, tables and drawings scroll inside."""
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{pages["en"].as_uri()}" style="width:420px;height:900px;border:0"></iframe><p id="w"></p><script>'
        'document.getElementById("f").onload = e => {const d = e.target.contentDocument.documentElement;'
        'document.getElementById("w").textContent = JSON.stringify([d.scrollWidth, d.clientWidth])}</script>',
        encoding="utf-8",
    )
    done = browse(
        tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=4000", "--dump-dom", frame.as_uri()
    )
    inner, outer = json.loads(re.search(r'<p id="w">(\[[^<]*\])</p>', done.stdout).group(1))
    assert inner <= outer
