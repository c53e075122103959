"""Gathers what there is to translate: python -m tools.translations, or `make translations`.

Writes locale/headlight.pot, and brings each catalogue in line with it: new texts without a
translation, old ones at the end. Extracted are the arguments of _, N_ and ngettext, and the
sentences of the coded errors of model/, lab/ and rooms/ (see model/errors.py), and what the columns
of the Lab's tables hold.
"""

import ast
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from model.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
TEMPLATE = LOCALE / "headlight.pot"
FOLDERS = ("ui", "model", "lab", "rooms")
DOMAIN = "headlight"
CODED = frozenset({"CodedText", "CodedError"})  # a code, then the sentence
WIDTH = 100


def extract() -> Catalog:
    """Return every text, with the files in which it stands."""
    keywords = {"_": None, "N_": None, "ngettext": (1, 2)} | dict.fromkeys(coded_classes(), (2,))
    catalog = Catalog(
        project="Headlight",
        version=VERSION,
        msgid_bugs_address="-",
        header_comment="# The texts of Headlight, gathered by `make translations`.",
        fuzzy=False,
    )
    columns = [("lab", {"Column": (place,)}) for place in (1, 2)]  # a unit, and what it holds
    for folder, marks in [*((folder, keywords) for folder in FOLDERS), *columns]:
        with redirect_stderr(StringIO()):  # on texts for the log, and on columns without a unit
            found = sorted(extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=marks))
        for file, line, text, _comments, _context in found:
            if text:
                catalog.add(text, locations=[(f"{folder}/{file}", line)])
    return catalog


def coded_classes() -> frozenset[str]:
    """Return the names of the coded texts and errors, and of what inherits their constructor."""
    classes = {
        node.name: node
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    bases = {
        name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for name, node in classes.items()
        if not any(
            isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body
        )
    }
    found: frozenset[str] = CODED
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def catalogues() -> list[Path]:
    """Return the catalogues of this checkout."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(path: Path) -> Catalog:
    """Return a catalogue, or the template."""
    locale = None if path == TEMPLATE else path.parents[1].name
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN)


def write(path: Path, catalog: Catalog) -> None:
    """Write a catalogue, or the template; line numbers, which change all the time, stay out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, include_lineno=False, sort_by_file=True)


def main() -> None:
    """Write the template, and bring all catalogues in line with it."""
    template = extract()
    # A date that changed with every run would be a change of nothing.
    template.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
    write(TEMPLATE, template)
    print(f"{TEMPLATE.relative_to(ROOT)}: {len(template)} texts")
    for path in catalogues():
        catalog = read(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(path, catalog)
        done = sum(bool(message.id and any(message.string or ())) for message in catalog)
        print(f"{path.relative_to(ROOT)}: {done} of {len(template)} translated")


if __name__ == "__main__":
    main()
