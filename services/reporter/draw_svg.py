"""A process of its own that draws one SVG, from standard input, as a PNG: `python -I draw_svg.py`.

It dies of too much time or memory, or of a fault in the drawing library, in place of the reporter.
Exit code 3 is a drawing that the library refuses; its reason is on standard error.
"""

import resource
import sys

from vl_convert import svg_to_png

CPU_SECONDS = 5
MEMORY = 600_000_000
"""Bytes; a logo takes some 30,000,000."""
REFUSED = 3


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    try:
        png = svg_to_png(sys.stdin.buffer.read().decode())
    except (RuntimeError, ValueError) as error:
        print(str(error).partition("\n")[0], file=sys.stderr)
        sys.exit(REFUSED)
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
