"""Pages as trees, to be looked at."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

import tinyhtml5


@dataclass(frozen=True)
class Page:
    """A page of the site."""

    root: Element

    @classmethod
    def of(cls, html: str) -> "Page":
        """The page of a document."""
        return cls(tinyhtml5.parse(html, namespace_html_elements=False))

    def find(self, path: str) -> list[Element]:
        """The elements of a path such as `figure[@id='months']//td`."""
        return self.root.findall(f".//{path}")

    def texts(self, path: str) -> list[str]:
        """Their texts."""
        return [text_of(one) for one in self.find(path)]

    def rows(self, figure: str) -> list[list[str]]:
        """The body of the table of a figure, with the heads of its rows."""
        return [[text_of(cell) for cell in row] for row in self.find(f"figure[@id='{figure}']//tbody/tr")]


def text_of(element: Element) -> str:
    """All text in an element, white space made single."""
    return " ".join("".join(element.itertext()).split())
