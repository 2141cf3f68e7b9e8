"""Where a picture's renditions are delivered: the one place that knows their addresses."""

from typing import Any

SIZES_PX = (160, 512, 1280)  # vision.renditions.LONGEST_SIDES_PX, named without importing what draws them


def rendition_url(image_id: str, name: str) -> str:
    """Return the address of one rendition: a size of ``SIZES_PX``, or ``cutout``."""
    return f"/v1/images/{image_id}/{name}.webp"


def picture_urls(image_id: str) -> dict[str, Any]:
    """Return a picture's addresses, and a ``srcset`` of its sizes."""
    sizes = {str(size): rendition_url(image_id, str(size)) for size in SIZES_PX}
    return {
        "image_id": image_id,
        "sizes": sizes,
        "srcset": ", ".join(f"{url} {size}w" for size, url in sizes.items()),
    }
