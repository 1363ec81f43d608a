"""What masking costs against the parse of the same text, in one run: `bench_mask.py TREE [STEP]`; aim: at most 1.5."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from linter.syntax.conditionals import blank, blanked_spans, has_conditionals
from linter.syntax.mask import mask
from linter.syntax.parse import parse_image, parser
from linter.syntax.scrub import identifiers_of, scrub
from tests.benchmarks.bench_syntax import FOLDERS, whole_image


def main(tree: str, step: int = 20) -> None:
    """Print the figures."""
    files = sorted(p for folder in FOLDERS for p in (Path(tree) / folder).rglob("*.c"))[::step]
    masking = masked_parse = raw_parse = whole = 0.0
    for path in files:
        image = whole_image(path)
        source = image.text
        start = time.process_time()
        clean = scrub(source)
        blanks = blanked_spans(clean) if has_conditionals(clean) else []
        text, _ = mask(source, blank(clean, blanks) if blanks else clean, identifiers_of(source), blanks)
        masked = time.process_time()
        parser().parse(text)
        parsed = time.process_time()
        parser().parse(source)
        bare = time.process_time()
        parse_image(image)
        masking, masked_parse = masking + masked - start, masked_parse + parsed - masked
        raw_parse, whole = raw_parse + bare - parsed, whole + time.process_time() - bare
    print(
        f"{len(files)} files: masking {masking:.2f} s, "
        f"parse of the masked text {masked_parse:.2f} s, raw {raw_parse:.2f} s"
    )
    print(f"masking / parse of the raw text {masking / raw_parse:.2f}, parse_image / raw parse {whole / raw_parse:.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "kernel").is_dir():
        print("skipped: give the path of a kernel tree")
    else:
        main(sys.argv[1], *(int(a) for a in sys.argv[2:3]))
