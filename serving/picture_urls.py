"""Where a picture's renditions are delivered: the one place that knows their addresses."""

from typing import Any

SIZES_PX = (160, 512, 1280)  # vision.renditions.LONGEST_SIDES_PX, named without importing what draws them


_VERSION_DIGITS = 16


def rendition_url(image_id: str, name: str, digest: str | None = None) -> str:
    """Return the address of one rendition: a size of ``SIZES_PX``, or ``cutout``.

    With its digest the address changes when the picture is rendered anew, and may be cached for ever.
    """
    version = "" if digest is None else f"?v={digest[:_VERSION_DIGITS]}"
    return f"/v1/images/{image_id}/{name}.webp{version}"


def is_current(version: str | None, digest: str) -> bool:
    """Tell whether the version in an address is that of a file with this digest."""
    return version == digest[:_VERSION_DIGITS]


def picture_urls(image_id: str) -> dict[str, Any]:
    """Return a picture's addresses, and a ``srcset`` of its sizes."""
    sizes = {str(size): rendition_url(image_id, str(size)) for size in SIZES_PX}
    return {
        "image_id": image_id,
        "sizes": sizes,
        "srcset": ", ".join(f"{url} {size}w" for size, url in sizes.items()),
    }
