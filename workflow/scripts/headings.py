"""The addresses of headings within a page. Imports nothing: the documentation's site uses it, too."""


def anchor(heading: str) -> str:
    """Return the address of a heading within a page, as GitHub makes it."""
    kept = (letter for letter in heading.lower() if letter.isalnum() or letter in "_- ")
    return "".join(kept).replace(" ", "-")
