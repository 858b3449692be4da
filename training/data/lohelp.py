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


def call(purpose, *words, **options):
    """Runs a program; one line with its first complaint where that fails."""
    try:
        result = subprocess.run(words, capture_output=True, text=True, errors="replace", **options)
    except OSError as error:
        sys.exit(f"{purpose}: {words[0]} cannot be run ({error.strerror})")
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        errors = [line for line in lines if line.startswith("E: ")] or lines
        sys.exit(f"{purpose}: {words[0]}: {errors[0].removeprefix('E: ')}")


def pages(package, scratch):
    """Help pages of a package by their path below the language's folder."""
    call(f"no Debian package {package}", "apt-get", "download", package, cwd=scratch)
    archive = next(scratch.glob(package + "_*.deb"), None)
    if archive is None:
        sys.exit(f"apt-get left no archive of {package}")
    root = scratch / package
    call(f"cannot unpack {archive.name}", "dpkg-deb", "--extract", str(archive), str(root))
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
    texts = {f"{split}.{language}": "".join(pair[index] + "\n" for pair in lines)
             for split, lines in pairs.items() for index, language in enumerate(("de", "en"))}
    for name, text in texts.items():
        if (folder / name).exists() and (folder / name).read_bytes() != text.encode():
            sys.exit(f"{folder / name} is there and is not what these packages give: "
                     "give another --out, or take it away")
    for name, text in texts.items():
        partial = folder / f"{name}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.rename(folder / name)
    for split, lines in pairs.items():
        print(f"{split}: {len(lines)} pairs")


if __name__ == "__main__":
    main()
