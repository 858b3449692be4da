"""Makes a German-English corpus from LibreOffice's help: python3 lohelp.py FOLDER.

The pages of Debian's packages libreoffice-help-de and libreoffice-help-en-us have the same names, and the same
paragraphs on them the same ids. A pair of paragraphs with the same page and id is a sentence pair. Pages are dealt
to train, valid and test by a hash of their names, so that no page is in two of them.
"""

import hashlib
import html.parser
import pathlib
import subprocess
import sys
import tempfile

LANGUAGES = {"de": "libreoffice-help-de", "en": "libreoffice-help-en-us"}


class Paragraphs(html.parser.HTMLParser):
    """Text of the elements h1 ... h6 and p that have an id."""

    BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text = {}
        self.open = None

    def handle_starttag(self, tag, attributes):
        if tag in self.BLOCKS:
            key = dict(attributes).get("id")
            self.open = key if key and key not in self.text else None
            if self.open:
                self.text[self.open] = ""

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.text[self.open] += data


def paragraphs(path):
    parser = Paragraphs()
    parser.feed(path.read_text(encoding="utf-8"))
    return {key: " ".join(text.split()) for key, text in parser.text.items()}


def pages(package, scratch):
    """Help pages of a package by their path below the language's folder."""
    subprocess.run(["apt-get", "download", package], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    archive = next(scratch.glob(package + "_*.deb"))
    root = scratch / package
    subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
    found = {}
    for path in sorted(root.rglob("*.html")):
        parts = path.parts
        if "text" in parts:
            found["/".join(parts[parts.index("text"):])] = path
    return found


def split_of(page):
    share = int(hashlib.sha256(page.encode()).hexdigest()[:8], 16) % 100
    return "test" if share < 5 else "valid" if share < 9 else "train"


def main():
    folder = pathlib.Path(sys.argv[1])
    pairs = {"train": [], "valid": [], "test": []}
    seen = set()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        both = {language: pages(package, scratch) for language, package in LANGUAGES.items()}
        for page in sorted(both["de"].keys() & both["en"].keys()):
            german = paragraphs(both["de"][page])
            english = paragraphs(both["en"][page])
            for key in german:
                pair = (german[key], english.get(key, ""))
                if not all(pair) or pair[0] == pair[1] or pair in seen:
                    continue
                seen.add(pair)
                pairs[split_of(page)].append(pair)
    if not pairs["train"] or not pairs["valid"] or not pairs["test"]:
        sys.exit("the packages hold no pages in the expected layout")
    for split, lines in pairs.items():
        for index, language in enumerate(("de", "en")):
            text = "".join(pair[index] + "\n" for pair in lines)
            partial = folder / f"{split}.{language}.partial"
            partial.write_text(text, encoding="utf-8")
            partial.rename(folder / f"{split}.{language}")
        print(f"{split}: {len(lines)} pairs")


if __name__ == "__main__":
    main()
