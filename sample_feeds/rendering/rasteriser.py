"""Which quad each pixel sees: a z-buffer over quads that were projected to the screen.

Compiled by numba: a picture at twice its size costs some milliseconds per ten thousand quads.
"""

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def to_view(
    corners: NDArray[np.float64],
    normals: NDArray[np.float64],
    turn: NDArray[np.float64],
    centre: NDArray[np.float64],
    seen: NDArray[np.float32],
    facing: NDArray[np.float32],
) -> None:  # pragma: no cover - compiled
    """Turn points about ``centre`` into view space, and their normals with them.

    Args:
        corners: Shape ``(n, 4, 3)``, in mm.
        normals: Same shape.
        turn: Rotation, shape ``(3, 3)``.
        centre: The point that becomes the origin, shape ``(3,)``.
        seen: Turned corners, shape ``(n, 4, 3)``; filled.
        facing: Turned normals; filled.
    """
    for quad in range(corners.shape[0]):
        for corner in range(4):
            x = corners[quad, corner, 0] - centre[0]
            y = corners[quad, corner, 1] - centre[1]
            z = corners[quad, corner, 2] - centre[2]
            u, v, w = normals[quad, corner, 0], normals[quad, corner, 1], normals[quad, corner, 2]
            for axis in range(3):
                seen[quad, corner, axis] = turn[axis, 0] * x + turn[axis, 1] * y + turn[axis, 2] * z
                facing[quad, corner, axis] = turn[axis, 0] * u + turn[axis, 1] * v + turn[axis, 2] * w


@numba.njit(cache=True, nogil=True)
def to_screen(
    seen: NDArray[np.float32],
    distance: float,
    focal: float,
    width: int,
    height: int,
    nearest: float,
    screen: NDArray[np.float32],
) -> None:  # pragma: no cover - compiled
    """Project points of view space, shape ``(n, 4, 3)``, to (column, row, nearness) of ``fill_depth``.

    Nearness is -1 for what lies closer to the camera than ``nearest`` mm, or behind it.
    """
    for quad in range(seen.shape[0]):
        for corner in range(4):
            away = distance - seen[quad, corner, 2]
            near = 1.0 / away if away > nearest else -1.0
            screen[quad, corner, 0] = width * 0.5 + focal * seen[quad, corner, 0] * near
            screen[quad, corner, 1] = height * 0.5 - focal * seen[quad, corner, 1] * near
            screen[quad, corner, 2] = near


@numba.njit(cache=True, nogil=True)
def along_axes(
    seen: NDArray[np.float32], axes: NDArray[np.float32], turned: NDArray[np.float32]
) -> tuple[float, float, float, float, float]:  # pragma: no cover - compiled
    """Fill ``turned`` with points' places along three axes.

    Returns:
        The least and greatest of the first two, and the least of the third.
    """
    low_u, low_v, low_w = 1e30, 1e30, 1e30
    high_u, high_v = -1e30, -1e30
    for quad in range(seen.shape[0]):
        for corner in range(4):
            x, y, z = seen[quad, corner, 0], seen[quad, corner, 1], seen[quad, corner, 2]
            u = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
            v = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
            w = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
            turned[quad, corner, 0], turned[quad, corner, 1], turned[quad, corner, 2] = u, v, w
            low_u, low_v, low_w = min(low_u, u), min(low_v, v), min(low_w, w)
            high_u, high_v = max(high_u, u), max(high_v, v)
    return low_u, high_u, low_v, high_v, low_w


@numba.njit(cache=True, nogil=True)
def fill_depth(
    quads: NDArray[np.float32],
    skip: NDArray[np.bool_],
    depth: NDArray[np.float32],
    ids: NDArray[np.int32],
) -> None:  # pragma: no cover - compiled
    """Paint quads into a depth buffer; the nearest wins.

    Args:
        quads: Corners as (column, row, nearness), shape ``(n, 4, 3)``; a quad is its triangles 0 1 2 and
            0 2 3.  Nearness grows towards the camera, is linear on the screen, and is positive before it.
        skip: Quads to leave out, shape ``(n,)``.
        depth: Nearness so far, shape ``(height, width)``, 0 where there is nothing; changed.
        ids: ``2 * quad + triangle`` of what is seen, -1 where there is nothing; changed.
    """
    height, width = depth.shape
    for quad in range(quads.shape[0]):
        if skip[quad]:
            continue
        for half in range(2):
            one, other = 1 + half, 2 + half
            ax, ay, az = quads[quad, 0, 0], quads[quad, 0, 1], quads[quad, 0, 2]
            bx, by, bz = quads[quad, one, 0], quads[quad, one, 1], quads[quad, one, 2]
            cx, cy, cz = quads[quad, other, 0], quads[quad, other, 1], quads[quad, other, 2]
            if az <= 0 or bz <= 0 or cz <= 0:
                continue
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            if abs(area) < 1e-9:
                continue
            left = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
            right = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
            top = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
            bottom = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
            if left > right or top > bottom:
                continue
            scale = 1.0 / area
            step_b = -(cy - ay) * -scale
            step_c = -(by - ay) * scale
            for row in range(top, bottom + 1):
                y = row + 0.5 - ay
                x = left + 0.5 - ax
                share_b = (x * (cy - ay) - y * (cx - ax)) * scale
                share_c = ((bx - ax) * y - (by - ay) * x) * scale
                for column in range(left, right + 1):
                    if share_b >= 0 and share_c >= 0 and share_b + share_c <= 1:
                        near = az + share_b * (bz - az) + share_c * (cz - az)
                        if near > depth[row, column]:
                            depth[row, column] = near
                            ids[row, column] = 2 * quad + half
                    share_b += step_b
                    share_c += step_c
