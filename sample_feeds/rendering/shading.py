"""The colour of every pixel: metal mirrors its light, stones bend it, skin and cloth scatter it.

Deferred: ``rasteriser`` has said which quad a pixel sees.  Everything is in view space (millimetres, x right,
y up, z towards the camera), linear sRGB.  Compiled by numba.

Sources: Fresnel after Schlick (1994) for opaque surfaces and exact for dielectrics; soft shadows after
Fernando, "Percentage-closer soft shadows" (2005); ambient occlusion in screen space after Mittring (2007).
"""

import math

import numba
import numpy as np

_JIT = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
_INLINE = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True, inline="always")
_MAX_BOUNCES = 9
_PHASES = 23
_TAPS = 14
_RAYS = 12
_GOLDEN = 2.399963  # radians: points turned by it fill a disc evenly (Vogel, 1979)
_PHASE = (np.arange(_PHASES) * 0.2731)[:, None]
# A disc's points (x, y) and a sphere's (x, y, z, share of the reach), once for each of a few turns.
_DISC = np.stack(
    [
        np.sqrt((np.arange(_TAPS) + 0.5) / _TAPS) * np.cos(_GOLDEN * np.arange(_TAPS) + _PHASE),
        np.sqrt((np.arange(_TAPS) + 0.5) / _TAPS) * np.sin(_GOLDEN * np.arange(_TAPS) + _PHASE),
    ],
    axis=-1,
).astype(np.float32)
_HEIGHT = (np.arange(_RAYS) + 0.5) / _RAYS
_DOME = np.stack(
    [
        np.sqrt(1 - _HEIGHT**2) * np.cos(_GOLDEN * np.arange(_RAYS) + _PHASE),
        np.sqrt(1 - _HEIGHT**2) * np.sin(_GOLDEN * np.arange(_RAYS) + _PHASE),
        np.broadcast_to(_HEIGHT, (_PHASES, _RAYS)),
        np.broadcast_to(0.15 + 0.85 * ((np.arange(_RAYS) * 7 + 3) % _RAYS) / _RAYS, (_PHASES, _RAYS)),
    ],
    axis=-1,
).astype(np.float32)


@_JIT
def _noise(x, y, z):
    """Return smooth noise in [-1, 1] of period-free lattice values."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - ix, y - iy, z - iz
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for corner in range(8):
        cx, cy, cz = corner & 1, (corner >> 1) & 1, (corner >> 2) & 1
        wx = fx if cx else 1 - fx
        wy = fy if cy else 1 - fy
        wz = fz if cz else 1 - fz
        h = (int(ix) + cx) * 374761393 + (int(iy) + cy) * 668265263 + (int(iz) + cz) * 2147483647
        h = (h ^ (h >> 13)) * 1274126177
        h = (h ^ (h >> 16)) & 0xFFFF
        total += wx * wy * wz * (h / 32767.5 - 1.0)
    return total


@_JIT
def _cells(x, y, z):
    """Return the distance to the nearest of scattered points, about one per unit cube, and a hash of it."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    best, tag = 9.0, 0
    for dx in range(-1, 2):
        for dy in range(-1, 2):
            for dz in range(-1, 2):
                cx, cy, cz = ix + dx, iy + dy, iz + dz
                h = cx * 374761393 + cy * 668265263 + cz * 1440662683
                h = (h ^ (h >> 13)) * 1274126177
                h = h ^ (h >> 16)
                px = cx + (h & 255) / 255.0 - x
                py = cy + ((h >> 8) & 255) / 255.0 - y
                pz = cz + ((h >> 16) & 255) / 255.0 - z
                d = px * px + py * py + pz * pz
                if d < best:
                    best, tag = d, h & 1023
    return math.sqrt(best), tag


@_JIT
def _look(x, y, z, rough, sky, cards):
    """Return the environment's colour in a direction, blurred by a surface's roughness."""
    t = min(max(y / (0.25 + rough), -1.0), 1.0)
    if t >= 0:
        t = t * (2 - t)
        r = sky[1, 0] + (sky[0, 0] - sky[1, 0]) * t
        g = sky[1, 1] + (sky[0, 1] - sky[1, 1]) * t
        b = sky[1, 2] + (sky[0, 2] - sky[1, 2]) * t
    else:
        t = -t
        t = t * (2 - t)
        r = sky[1, 0] + (sky[2, 0] - sky[1, 0]) * t
        g = sky[1, 1] + (sky[2, 1] - sky[1, 1]) * t
        b = sky[1, 2] + (sky[2, 2] - sky[1, 2]) * t
    for i in range(cards.shape[0]):
        towards = x * cards[i, 0] + y * cards[i, 1] + z * cards[i, 2]
        if towards <= 0.02:
            continue
        # Roughness widens a card and thins it by the same area.
        au = cards[i, 3] * cards[i, 3] + cards[i, 4] * cards[i, 4] + cards[i, 5] * cards[i, 5]
        av = cards[i, 6] * cards[i, 6] + cards[i, 7] * cards[i, 7] + cards[i, 8] * cards[i, 8]
        su = 1.0 + 1.2 * rough * math.sqrt(au)
        sv = 1.0 + 1.2 * rough * math.sqrt(av)
        u = abs(x * cards[i, 3] + y * cards[i, 4] + z * cards[i, 5]) / (towards * su)
        v = abs(x * cards[i, 6] + y * cards[i, 7] + z * cards[i, 8]) / (towards * sv)
        soft = min(cards[i, 12] + 1.6 * rough, 0.95)
        if u >= 1 + soft or v >= 1 + soft:
            continue
        cu = min(max((1 + soft - u) / (2 * soft), 0.0), 1.0)
        cv = min(max((1 + soft - v) / (2 * soft), 0.0), 1.0)
        cover = cu * cu * (3 - 2 * cu) * cv * cv * (3 - 2 * cv) / (su * sv)
        cover *= min(towards / 0.2, 1.0)
        r += (cards[i, 9] - r) * cover
        g += (cards[i, 10] - g) * cover
        b += (cards[i, 11] - b) * cover
    return r, g, b


@_JIT
def _fresnel(cosine, ior_from, ior_to):
    """Return the share of unpolarised light that a dielectric boundary mirrors."""
    sine2 = (ior_from / ior_to) ** 2 * (1 - cosine * cosine)
    if sine2 >= 1:
        return 1.0
    inside = math.sqrt(1 - sine2)
    s = (ior_from * cosine - ior_to * inside) / (ior_from * cosine + ior_to * inside)
    p = (ior_from * inside - ior_to * cosine) / (ior_from * inside + ior_to * cosine)
    return 0.5 * (s * s + p * p)


@_JIT
def _through_stone(
    px, py, pz, dx, dy, dz, nx, ny, nz, planes, first, last, ior, ar, ag, ab, spread, sky, cards
):
    """Follow a ray into a convex stone: it splits at every facet, and the mirrored part goes on."""
    cosine = -(dx * nx + dy * ny + dz * nz)
    if cosine <= 0.02:
        cosine = 0.02
    mirrored = _fresnel(cosine, 1.0, ior)
    rx, ry, rz = dx + 2 * cosine * nx, dy + 2 * cosine * ny, dz + 2 * cosine * nz
    er, eg, eb = _look(rx, ry, rz, 0.02, sky, cards)
    red, green, blue = mirrored * er, mirrored * eg, mirrored * eb
    k = 1.0 / ior
    inner = math.sqrt(max(1 - k * k * (1 - cosine * cosine), 0.0))
    tx, ty, tz = (
        k * dx + (k * cosine - inner) * nx,
        k * dy + (k * cosine - inner) * ny,
        k * dz + (k * cosine - inner) * nz,
    )
    left = 1.0 - mirrored
    travelled = 0.0
    for bounce in range(_MAX_BOUNCES):
        nearest, hit = 1e9, -1
        for plane in range(first, last):
            away = tx * planes[plane, 0] + ty * planes[plane, 1] + tz * planes[plane, 2]
            if away > 1e-6:
                t = (
                    planes[plane, 3] - (px * planes[plane, 0] + py * planes[plane, 1] + pz * planes[plane, 2])
                ) / away
                if t < nearest and t > -1e-3:
                    nearest, hit = t, plane
        if hit < 0:
            break
        nearest = max(nearest, 0.0)
        px, py, pz = px + nearest * tx, py + nearest * ty, pz + nearest * tz
        travelled += nearest
        mx, my, mz = planes[hit, 0], planes[hit, 1], planes[hit, 2]
        c = tx * mx + ty * my + tz * mz
        back = _fresnel(c, ior, 1.0)
        if bounce == _MAX_BOUNCES - 1:
            back = 0.0
        if back < 1.0:
            # Colours leave at slightly different angles: the fire of a stone.
            for channel in range(3):
                n = ior + (channel - 1) * spread
                sine2 = n * n * (1 - c * c)
                if sine2 >= 1:
                    ox, oy, oz = tx, ty, tz
                else:
                    out = math.sqrt(1 - sine2)
                    ox, oy, oz = (
                        n * tx + (out - n * c) * mx,
                        n * ty + (out - n * c) * my,
                        n * tz + (out - n * c) * mz,
                    )
                er, eg, eb = _look(ox, oy, oz, 0.03, sky, cards)
                # Underneath a stone is its setting, not the open sky.
                up = min(max(0.55 + 1.1 * (ox * nx + oy * ny + oz * nz), 0.14), 1.3)
                er, eg, eb = er * up, eg * up, eb * up
                if channel == 0:
                    red += left * (1 - back) * er * math.exp(-ar * travelled)
                elif channel == 1:
                    green += left * (1 - back) * eg * math.exp(-ag * travelled)
                else:
                    blue += left * (1 - back) * eb * math.exp(-ab * travelled)
        left *= back
        if left < 0.02:
            break
        tx, ty, tz = tx - 2 * c * mx, ty - 2 * c * my, tz - 2 * c * mz
    return red, green, blue


@_JIT
def _shadow(x, y, z, axes, shadow_map, near, origin, scale, softness, phase):
    """Return how much of the key light reaches a point, in [0, 1]."""
    size = shadow_map.shape[0]
    u = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2] - origin[0]) * scale
    v = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2] - origin[1]) * scale
    w = x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2] + origin[2]
    if u < -22 or v < -22 or u >= size + 22 or v >= size + 22:
        return 1.0
    # Most paper is far from any shadow: one look at a coarse map says so.
    if not near[min(max(int(v), 0), size - 1) >> 4, min(max(int(u), 0), size - 1) >> 4]:
        return 1.0
    low = max(w, 0.0) + 0.2
    gap, blockers = 0.0, 0
    for i in range(_TAPS):
        c, r = int(u + 22.0 * _DISC[phase, i, 0]), int(v + 22.0 * _DISC[phase, i, 1])
        if 0 <= c < size and 0 <= r < size and shadow_map[r, c] > low:
            gap += shadow_map[r, c] - w
            blockers += 1
    if blockers == 0:
        return 1.0
    radius = min(max(gap / blockers * softness * scale, 1.2), 24.0)
    lit = 0
    for i in range(_TAPS):
        c, r = int(u + radius * _DISC[phase, i, 0]), int(v + radius * _DISC[phase, i, 1])
        if not (0 <= c < size and 0 <= r < size and shadow_map[r, c] > low):
            lit += 1
    return lit / _TAPS


@_JIT
def _open(x, y, z, nx, ny, nz, depth, focal, distance, reach, phase):
    """Return how open the half sphere over a point is, in [0, 1]: 0 in a crevice."""
    height, width = depth.shape
    hidden = 0.0
    for i in range(_RAYS):
        vx, vy, vz = _DOME[phase, i, 0], _DOME[phase, i, 1], _DOME[phase, i, 2]
        if vx * nx + vy * ny + vz * nz < 0:
            vx, vy, vz = -vx, -vy, -vz
        length = reach * _DOME[phase, i, 3]
        sx, sy, sz = x + length * vx + 0.02 * nx, y + length * vy + 0.02 * ny, z + length * vz + 0.02 * nz
        away = distance - sz
        if away <= 1:
            continue
        c = int(width * 0.5 + focal * sx / away)
        r = int(height * 0.5 - focal * sy / away)
        if 0 <= c < width and 0 <= r < height and depth[r, c] > 0:
            gap = away - 1.0 / depth[r, c]
            if 0.04 < gap < 2.5 * reach:
                hidden += 1.0
    return 1.0 - hidden / _RAYS


@_JIT
def _behind(backdrop, u, v):
    """Return a backdrop's colour at ``u`` and ``v`` in [0, 1], between its pixels by straight lines."""
    height, width = backdrop.shape[0], backdrop.shape[1]
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max(v * height - 0.5, 0.0), height - 1.001)
    left, top = int(x), int(y)
    fx, fy = x - left, y - top
    right, low = min(left + 1, width - 1), min(top + 1, height - 1)
    a, b, c, d = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
    return (
        a * backdrop[top, left, 0]
        + b * backdrop[top, right, 0]
        + c * backdrop[low, left, 0]
        + d * backdrop[low, right, 0],
        a * backdrop[top, left, 1]
        + b * backdrop[top, right, 1]
        + c * backdrop[low, left, 1]
        + d * backdrop[low, right, 1],
        a * backdrop[top, left, 2]
        + b * backdrop[top, right, 2]
        + c * backdrop[low, left, 2]
        + d * backdrop[low, right, 2],
    )


@_JIT
def _hue(t):
    """Return a colour of the rainbow for t in [0, 1)."""
    r = 0.5 + 0.5 * math.cos(6.2832 * t)
    g = 0.5 + 0.5 * math.cos(6.2832 * (t - 0.33))
    b = 0.5 + 0.5 * math.cos(6.2832 * (t - 0.67))
    return r, g, b


@_JIT
def shade(
    ids, depth, corners, normals, part_of, materials, solids, planes, to_model, focal, distance,
    sky, cards, key, key_colour, ambient, shadow_strength, softness,
    shadow_axes, shadow_map, shadow_near, shadow_origin, shadow_scale,
    ground, backdrop, out, alpha,
):  # fmt: skip
    """Fill ``out`` with linear colours, and ``alpha`` with 1 where the piece or a prop is.

    Args:
        ids, depth: As ``rasteriser.fill_depth`` left them, shape ``(height, width)``.
        corners, normals: Of all quads in view space, shape ``(n, 4, 3)``.
        part_of: Each quad's part, shape ``(n,)``.
        materials: A row per part, as ``materials.material_row`` gives it.
        solids: First and last plane of each part that is a traced stone, else equal; shape ``(parts, 2)``.
        planes: Outward normal and offset of the stones' facets in view space, shape ``(m, 4)``.
        to_model: Rotation from view space to the piece's own frame, in which surfaces have their grain.
        focal: Focal length in pixels.
        distance: From the camera to the view space's origin, in mm.
        sky, cards, key, key_colour, ambient: See ``light.Light``.
        shadow_strength, softness: How dark shadows are, how fast they blur.
        shadow_axes, shadow_map, shadow_origin, shadow_scale: The key light's own depth buffer.
        shadow_near: Which of its blocks of 16 x 16 have something in or near them.
        ground: Plane ``(nx, ny, nz, offset)`` that catches shadows; a zero normal for none.
        backdrop: Linear colours behind everything, shape ``(any, any, 3)``: it is stretched to the picture.
        out: Linear colours, shape ``(height, width, 3)``; filled.
        alpha: Shape ``(height, width)``; filled.
    """
    height, width = ids.shape
    # What comes from everywhere, for surfaces that scatter.
    ar = 0.45 * sky[0, 0] + 0.35 * sky[1, 0] + 0.2 * sky[2, 0]
    ag = 0.45 * sky[0, 1] + 0.35 * sky[1, 1] + 0.2 * sky[2, 1]
    ab = 0.45 * sky[0, 2] + 0.35 * sky[1, 2] + 0.2 * sky[2, 2]
    level = max((ar + ag + ab) / 3, 1e-3)
    ar, ag, ab = ar / level, ag / level, ab / level
    for row in range(height):
        for column in range(width):
            dx, dy, dz = column + 0.5 - width * 0.5, height * 0.5 - row - 0.5, -focal
            length = math.sqrt(dx * dx + dy * dy + dz * dz)
            dx, dy, dz = dx / length, dy / length, dz / length
            phase = (column * 12 + row * 7) % _PHASES
            found = ids[row, column]
            if found < 0:
                alpha[row, column] = 0.0
                lit, open_ = 1.0, 1.0
                if ground[0] != 0 or ground[1] != 0 or ground[2] != 0:
                    slope = dx * ground[0] + dy * ground[1] + dz * ground[2]
                    if slope < -0.01:
                        t = (ground[3] - distance * ground[2]) / slope
                        if 0 < t < 9 * distance:
                            x, y, z = t * dx, t * dy, distance + t * dz
                            lit = _shadow(
                                x,
                                y,
                                z,
                                shadow_axes,
                                shadow_map,
                                shadow_near,
                                shadow_origin,
                                shadow_scale,
                                softness,
                                phase,
                            )
                            if lit < 1.0:
                                open_ = _open(
                                    x, y, z, ground[0], ground[1], ground[2],
                                    depth, focal, distance, 2.5, phase,
                                )  # fmt: skip
                            else:
                                open_ = 1.0
                dark = (1 - shadow_strength * (1 - lit)) * (0.45 + 0.55 * open_)
                r, g, bl = _behind(backdrop, (column + 0.5) / width, (row + 0.5) / height)
                out[row, column, 0], out[row, column, 1], out[row, column, 2] = r * dark, g * dark, bl * dark
                continue
            alpha[row, column] = 1.0
            quad, half = found >> 1, found & 1
            one, other = 1 + half, 2 + half
            part = part_of[quad]
            # The point: where the ray meets the triangle's plane; its shares: by areas.
            x0, y0, z0 = corners[quad, 0, 0], corners[quad, 0, 1], corners[quad, 0, 2]
            e1x, e1y, e1z = corners[quad, one, 0] - x0, corners[quad, one, 1] - y0, corners[quad, one, 2] - z0
            e2x, e2y, e2z = (
                corners[quad, other, 0] - x0,
                corners[quad, other, 1] - y0,
                corners[quad, other, 2] - z0,
            )
            away = 1.0 / depth[row, column]
            x, y, z = -dx / dz * away, -dy / dz * away, distance - away
            qx, qy, qz = x - x0, y - y0, z - z0
            d11 = e1x * e1x + e1y * e1y + e1z * e1z
            d12 = e1x * e2x + e1y * e2y + e1z * e2z
            d22 = e2x * e2x + e2y * e2y + e2z * e2z
            q1 = qx * e1x + qy * e1y + qz * e1z
            q2 = qx * e2x + qy * e2y + qz * e2z
            det = max(d11 * d22 - d12 * d12, 1e-12)
            b = min(max((d22 * q1 - d12 * q2) / det, 0.0), 1.0)
            c = min(max((d11 * q2 - d12 * q1) / det, 0.0), 1.0)
            a = 1 - b - c
            nx = a * normals[quad, 0, 0] + b * normals[quad, one, 0] + c * normals[quad, other, 0]
            ny = a * normals[quad, 0, 1] + b * normals[quad, one, 1] + c * normals[quad, other, 1]
            nz = a * normals[quad, 0, 2] + b * normals[quad, one, 2] + c * normals[quad, other, 2]
            length = math.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-12))
            nx, ny, nz = nx / length, ny / length, nz / length
            facing = dx * nx + dy * ny + dz * nz
            if facing > 0:  # the back of a thin sheet, or a silhouette's interpolated normal
                if facing > 0.25:
                    nx, ny, nz = -nx, -ny, -nz
                else:
                    nx, ny, nz = nx - facing * dx, ny - facing * dy, nz - facing * dz
                    length = math.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-12))
                    nx, ny, nz = nx / length, ny / length, nz / length
            kind = int(materials[part, 0])
            cr, cg, cb = materials[part, 1], materials[part, 2], materials[part, 3]
            rough, ior = materials[part, 4], materials[part, 5]
            if kind == 1 and solids[part, 1] > solids[part, 0]:
                stray = 0.022 if ior > 2.0 else 0.008
                r, g, bl = _through_stone(
                    x, y, z, dx, dy, dz, nx, ny, nz, planes, solids[part, 0], solids[part, 1], ior,
                    materials[part, 6], materials[part, 7], materials[part, 8], stray, sky, cards,
                )  # fmt: skip
                out[row, column, 0], out[row, column, 1], out[row, column, 2] = r, g, bl
                continue
            # Grain: where the point is on the piece itself.
            mx = to_model[0, 0] * x + to_model[0, 1] * y + to_model[0, 2] * z
            my = to_model[1, 0] * x + to_model[1, 1] * y + to_model[1, 2] * z
            mz = to_model[2, 0] * x + to_model[2, 1] * y + to_model[2, 2] * z
            reach = 1.6
            if kind >= 7:
                reach = 5.0
            open_ = _open(x, y, z, nx, ny, nz, depth, focal, distance, reach, phase)
            lit = 1.0
            towards = nx * key[0] + ny * key[1] + nz * key[2]
            if towards > 0 or kind == 7:
                lit = _shadow(
                    x + 0.15 * nx, y + 0.15 * ny, z + 0.15 * nz,
                    shadow_axes, shadow_map, shadow_near, shadow_origin, shadow_scale, softness, phase,
                )  # fmt: skip
            lit = 1 - shadow_strength * (1 - lit)
            if kind == 0:
                relief, scale = materials[part, 9], materials[part, 10]
                if relief == 1:  # brushed along the piece's x axis
                    tilt = 0.10 * _noise(mx * 0.25, my / scale, mz / scale)
                    tilt2 = 0.06 * _noise(mx * 0.5 + 9.1, my / scale * 2.1, mz / scale * 2.1)
                    ny, nz = ny + tilt + tilt2, nz + tilt - tilt2
                elif relief == 2:  # hammered
                    e = 0.12
                    d0, tag = _cells(mx / scale, my / scale, mz / scale)
                    d1, _ = _cells((mx + e) / scale, my / scale, mz / scale)
                    d2, _ = _cells(mx / scale, (my + e) / scale, mz / scale)
                    d3, _ = _cells(mx / scale, my / scale, (mz + e) / scale)
                    k = -0.55 * scale / e
                    gx, gy, gz = k * (d1 * d1 - d0 * d0), k * (d2 * d2 - d0 * d0), k * (d3 * d3 - d0 * d0)
                    # The slope is in the piece's frame: back to the camera's by the transpose.
                    nx += to_model[0, 0] * gx + to_model[1, 0] * gy + to_model[2, 0] * gz
                    ny += to_model[0, 1] * gx + to_model[1, 1] * gy + to_model[2, 1] * gz
                    nz += to_model[0, 2] * gx + to_model[1, 2] * gy + to_model[2, 2] * gz
                elif relief == 3:  # blasted
                    nx += 0.12 * _noise(mx / scale, my / scale, mz / scale)
                    ny += 0.12 * _noise(mx / scale + 31.7, my / scale, mz / scale)
                    nz += 0.12 * _noise(mx / scale, my / scale + 17.3, mz / scale)
                length = math.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-12))
                nx, ny, nz = nx / length, ny / length, nz / length
            facing = -(dx * nx + dy * ny + dz * nz)
            if facing < 0.0:
                facing = 0.0
            rx, ry, rz = dx + 2 * facing * nx, dy + 2 * facing * ny, dz + 2 * facing * nz
            if kind == 0:
                er, eg, eb = _look(rx, ry, rz, rough, sky, cards)
                edge = (1 - facing) ** 5
                # In a crevice metal mirrors metal: darker, and of its own colour.
                hide = 1 - open_
                shut = 1 - 0.75 * hide
                fr, fg, fb = cr + (1 - cr) * edge, cg + (1 - cg) * edge, cb + (1 - cb) * edge
                own = 0.30 * hide * (0.6 + 0.4 * lit)
                soft = 0.86 + 0.14 * lit
                r = fr * er * shut * soft + own * cr * cr * ar
                g = fg * eg * shut * soft + own * cg * cg * ag
                bl = fb * eb * shut * soft + own * cb * cb * ab
            else:
                er, eg, eb = _look(rx, ry, rz, rough, sky, cards)
                shine = _fresnel(max(facing, 0.02), 1.0, ior)
                wrap = 0.0
                if kind == 7:
                    wrap = 0.28
                direct = max((towards + wrap) / (1 + wrap), 0.0) * lit * (1 - ambient) * 1.5
                around = ambient * open_ * (0.62 + 0.38 * ny) * 1.35
                wr = (direct * key_colour[0] + around * ar) * min(level * 1.55, 1.15)
                wg = (direct * key_colour[1] + around * ag) * min(level * 1.55, 1.15)
                wb = (direct * key_colour[2] + around * ab) * min(level * 1.55, 1.15)
                if kind == 1:  # a cabochon glows on the side that the light leaves through
                    deep = max(-(nx * key[0] + ny * key[1] + nz * key[2]) * 0.6 + 0.55, 0.0)
                    glow = 0.25 + 0.95 * deep * deep
                    sr, sg, sb = _look(-rx * 0.4 + dx, -ry * 0.4 + dy * 1.2, -rz * 0.4 + dz, 0.35, sky, cards)
                    r = cr * (0.55 * wr + glow * 0.6 * (0.3 + 0.7 * sr)) + shine * er
                    g = cg * (0.55 * wg + glow * 0.6 * (0.3 + 0.7 * sg)) + shine * eg
                    bl = cb * (0.55 * wb + glow * 0.6 * (0.3 + 0.7 * sb)) + shine * eb
                elif kind == 2:  # nacre: soft, with a shimmer that turns with the angle
                    hr, hg, hb = _hue(0.9 + 0.55 * facing + 0.05 * _noise(mx * 0.4, my * 0.4, mz * 0.4))
                    sheen = 0.16 * (1 - facing)
                    er2, eg2, eb2 = _look(rx, ry, rz, 0.5, sky, cards)
                    r = cr * (0.62 * wr + 0.38 * er2) * (1 - sheen + 2 * sheen * hr) + 0.7 * shine * er
                    g = cg * (0.62 * wg + 0.38 * eg2) * (1 - sheen + 2 * sheen * hg) + 0.7 * shine * eg
                    bl = cb * (0.62 * wb + 0.38 * eb2) * (1 - sheen + 2 * sheen * hb) + 0.7 * shine * eb
                elif kind == 3:  # opal: patches that flash at their own angles
                    d, tag = _cells(mx * 0.9 + 0.3 * _noise(mx, my, mz), my * 0.9, mz * 0.9)
                    hr, hg, hb = _hue(tag / 1023.0 + 0.8 * facing)
                    flash = max(0.0, math.cos(5.0 * facing + tag * 0.37)) ** 2 * 0.9
                    r = (cr * (1 - 0.75 * flash) + 0.85 * flash * hr) * wr + shine * er
                    g = (cg * (1 - 0.75 * flash) + 0.85 * flash * hg) * wg + shine * eg
                    bl = (cb * (1 - 0.75 * flash) + 0.85 * flash * hb) * wb + shine * eb
                elif kind == 4:  # turquoise in its matrix
                    v = abs(
                        _noise(mx * 0.45, my * 0.45, mz * 0.45) + 0.5 * _noise(mx * 1.1, my * 1.1, mz * 1.1)
                    )
                    vein = max(0.0, 1 - v / 0.09) * 0.8
                    mottle = 1 + 0.12 * _noise(mx * 0.8 + 5, my * 0.8, mz * 0.8)
                    r = (cr * mottle * (1 - vein) + 0.045 * vein) * wr + shine * er
                    g = (cg * mottle * (1 - vein) + 0.030 * vein) * wg + shine * eg
                    bl = (cb * mottle * (1 - vein) + 0.018 * vein) * wb + shine * eb
                elif kind == 6:  # moonstone: a blue sheen that floats inside
                    float_ = max(0.0, nx * 0.3 * key[0] + ny * key[1] * 0.6 + nz * 0.75) ** 6
                    r = cr * (0.45 * wr + 0.22) * (1 - 0.3 * float_) + 0.10 * float_ + shine * er
                    g = cg * (0.45 * wg + 0.24) + 0.22 * float_ + shine * eg
                    bl = cb * (0.45 * wb + 0.28) + 0.50 * float_ + shine * eb
                elif kind == 7:  # skin: red light wanders further inside
                    fine = 0.5 * _noise(mx * 1.3, my * 1.3, mz * 1.3) + 0.5 * _noise(
                        mx * 4.1, my * 4.1, mz * 4.1
                    )
                    blotch = _noise(mx * 0.12 + 3, my * 0.12, mz * 0.12)
                    tone = 1 + 0.05 * fine + 0.06 * blotch
                    red = max((towards + 0.45) / 1.45, 0.0) * lit * (1 - ambient) * 1.5
                    wr = 0.55 * wr + 0.45 * (red * key_colour[0] + around * ar) * min(level * 1.55, 1.15)
                    warm = 0.10 * (1 - open_)
                    r = cr * tone * wr * (1 + warm) + 0.5 * shine * er * open_
                    g = cg * tone * wg * (1 - 0.02 * blotch) + 0.5 * shine * eg * open_
                    bl = cb * tone * wb * (1 - 0.03 * blotch) + 0.5 * shine * eb * open_
                elif kind == 8:  # a weave
                    weave = math.sin(mx * 9.0) * math.sin(my * 9.0 + mz * 9.0)
                    tone = 0.92 + 0.10 * weave + 0.07 * _noise(mx * 2.0, my * 2.0, mz * 2.0)
                    rim = 0.12 * (1 - facing) ** 3
                    r, g, bl = cr * tone * wr + rim * wr, cg * tone * wg + rim * wg, cb * tone * wb + rim * wb
                elif kind == 10:  # strands
                    strand = _noise(mx * 3.0, my * 0.25, mz * 3.0)
                    tone = 0.75 + 0.45 * strand
                    gloss = max(0.0, 1 - abs(ny + 0.15 * strand)) ** 8 * 0.10
                    r, g, bl = (
                        cr * tone * wr + gloss * wr,
                        cg * tone * wg + gloss * wg,
                        cb * tone * wb + gloss * wb,
                    )
                elif kind == 11:  # leather's grain
                    d, tag = _cells(mx * 1.5, my * 1.5, mz * 1.5)
                    tone = 0.8 + 0.3 * d
                    r = cr * tone * wr + 0.5 * shine * er * open_
                    g = cg * tone * wg + 0.5 * shine * eg * open_
                    bl = cb * tone * wb + 0.5 * shine * eb * open_
                elif kind == 5:
                    r, g, bl = cr * wr + shine * er, cg * wg + shine * eg, cb * wb + shine * eb
                else:
                    r, g, bl = cr * wr, cg * wg, cb * wb
            out[row, column, 0], out[row, column, 1], out[row, column, 2] = r, g, bl


_CODES = 4096
_LEVELS = np.arange(_CODES + 1) / _CODES
_SRGB = (
    255.0
    * np.where(_LEVELS <= 0.0031308, 12.92 * _LEVELS, 1.055 * np.maximum(_LEVELS, 1e-9) ** (1 / 2.4) - 0.055)
).astype(np.float32)


@_JIT
def develop(linear, alpha, exposure, factor, out):
    """Expose, compress highlights as film does, encode as sRGB, and average blocks of ``factor`` pixels.

    What lies behind (``alpha`` 0) is not compressed: white paper stays white.
    """
    height, width = out.shape[0], out.shape[1]
    share = np.float32(1.0 / (factor * factor))
    for row in range(height):
        for column in range(width):
            for channel in range(3):
                total = np.float32(0.0)
                for i in range(factor):
                    for j in range(factor):
                        v = linear[row * factor + i, column * factor + j, channel] * exposure
                        if v > 0.72 and alpha[row * factor + i, column * factor + j] > 0:
                            v = 0.72 + 0.28 * (1 - math.exp(-(v - 0.72) / 0.28 * 0.8))
                        total += _SRGB[int(min(max(v, 0.0), 1.0) * _CODES)]
                out[row, column, channel] = int(total * share + 0.5)
