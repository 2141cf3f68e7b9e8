"""Pictures as training sees them: cropped as the encoder crops, then varied more and more.

Domain randomisation from the first step hurts on plain packshots, so ``strength`` grows from 0 to 1 with
progress.  Hue stays: a stone's and a metal's colour is what captions speak of.  Exposure hardly rises: fine
silver on white paper is soon gone.
"""

import math

import torch
from torch.nn import functional


def crops(pixels: torch.Tensor, boxes: torch.Tensor, side_px: int) -> torch.Tensor:
    """Return the pictures' boxes, unvaried, resized to ``side_px``, values in [0, 1].

    Args:
        pixels: Bytes, shape ``(n, height, width, 3)``.
        boxes: Left, top, right, bottom as shares of the frame, shape ``(n, 4)``.
        side_px: Side of the result.
    """
    return _sampled(pixels, _to_grid(boxes), side_px)


def varied_crops(
    pixels: torch.Tensor, boxes: torch.Tensor, side_px: int, strength: float, generator: torch.Generator
) -> torch.Tensor:
    """Return varied pictures, shape ``(n, 3, side_px, side_px)``, values in [0, 1].

    Args:
        pixels: As for ``crops``.
        boxes: As for ``crops``.
        side_px: Side of the result.
        strength: 0 for hardly varied to 1 for what a careless phone does.
        generator: Decides everything; on the device of the pixels.
    """
    count, device = len(pixels), pixels.device

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.empty(count, device=device).uniform_(low, high, generator=generator)

    def chance(share: float) -> torch.Tensor:
        return torch.rand(count, device=device, generator=generator) < share

    whole = torch.tensor([0.0, 0.0, 1.0, 1.0], device=device).expand(count, 4)
    boxes = torch.where(chance(0.05 + 0.15 * strength)[:, None], whole, boxes)
    matrix = _to_grid(boxes)
    zoom = torch.exp(uniform(-0.12, 0.1) * (0.4 + 0.9 * strength))
    turn = uniform(-1.0, 1.0) * math.radians(4 + 14 * strength)
    flip = torch.where(chance(0.5), -1.0, 1.0)
    own = torch.zeros(count, 2, 3, device=device)
    own[:, 0, 0] = zoom * torch.cos(turn) * flip
    own[:, 0, 1] = -zoom * torch.sin(turn)
    own[:, 1, 0] = zoom * torch.sin(turn) * flip
    own[:, 1, 1] = zoom * torch.cos(turn)
    own[:, :, 2] = torch.stack((uniform(-1, 1), uniform(-1, 1)), dim=1) * (0.03 + 0.07 * strength)
    linear = matrix[:, :, :2] @ own[:, :, :2]
    offset = (matrix[:, :, :2] @ own[:, :, 2:]) + matrix[:, :, 2:]
    result = _sampled(pixels, torch.cat((linear, offset), dim=2), side_px)

    result = _recoloured(
        result,
        gain=torch.exp(uniform(-0.3, 0.06) * (0.3 + 0.7 * strength)),
        cast=(torch.rand(count, 3, device=device, generator=generator) * 2 - 1) * (0.012 + 0.035 * strength),
        contrast=torch.exp(uniform(-0.3, 0.15) * (0.2 + 0.8 * strength)),
        colour=1.0 + uniform(-0.3, 0.25) * (0.2 + 0.8 * strength),
    )
    blurred = chance(0.1 + 0.2 * strength).nonzero().squeeze(1)
    mixed = uniform(0.3, 1.0)[blurred].view(-1, 1, 1, 1)
    sharp = result[blurred]
    soft = functional.avg_pool2d(sharp.contiguous(), 3, 1, 1, count_include_pad=False)
    result[blurred] = sharp + mixed * (soft - sharp)
    noisy = chance(0.1 + 0.2 * strength).nonzero().squeeze(1)
    sigma = uniform(0.005, 0.05)[noisy].view(-1, 1, 1, 1)
    noise = torch.randn((len(noisy), *result.shape[1:]), device=device, generator=generator)
    result[noisy] += sigma * noise
    return result.clamp_(0.0, 1.0)


def _recoloured(
    pictures: torch.Tensor,
    *,
    gain: torch.Tensor,
    cast: torch.Tensor,
    contrast: torch.Tensor,
    colour: torch.Tensor,
) -> torch.Tensor:
    """Change saturation, contrast, tint and exposure in one pass; all are linear in a pixel."""
    count = len(pictures)
    grey = torch.full((3, 3), 1 / 3, device=pictures.device)
    saturation = (
        colour.view(-1, 1, 1) * torch.eye(3, device=pictures.device) + (1 - colour).view(-1, 1, 1) * grey
    )
    light = (gain[:, None] * (1 + cast))[:, :, None]
    matrix = light * contrast.view(-1, 1, 1) * saturation
    middle = pictures.mean(dim=(1, 2, 3)).view(-1, 1, 1)
    offset = light * (1 - contrast).view(-1, 1, 1) * middle
    return torch.baddbmm(offset, matrix, pictures.reshape(count, 3, -1)).view_as(pictures)


def _to_grid(boxes: torch.Tensor) -> torch.Tensor:
    """Return the affine maps from the result's coordinates in [-1, 1] to the frame's."""
    left, top, right, bottom = boxes.unbind(dim=1)
    matrix = torch.zeros(len(boxes), 2, 3, device=boxes.device)
    matrix[:, 0, 0] = right - left
    matrix[:, 1, 1] = bottom - top
    matrix[:, 0, 2] = left + right - 1.0
    matrix[:, 1, 2] = top + bottom - 1.0
    return matrix


def _sampled(pixels: torch.Tensor, matrix: torch.Tensor, side_px: int) -> torch.Tensor:
    planes = pixels.permute(0, 3, 1, 2).float().div_(255.0)
    grid = functional.affine_grid(matrix, [len(pixels), 3, side_px, side_px], align_corners=False)
    return functional.grid_sample(planes, grid, mode="bilinear", padding_mode="border", align_corners=False)
