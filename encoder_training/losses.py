"""What training minimises.  Pure tensors: no model, no data."""

import torch
from torch.nn import functional


def caption_loss(
    pictures: torch.Tensor, captions: torch.Tensor, fits: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Return the contrastive loss in which several captions are true of a picture and the reverse.

    Each true pair is asked for in equal shares, as in supervised contrastive learning
    (https://arxiv.org/abs/2004.11362, L_out).

    Args:
        pictures: Unit vectors, shape ``(pictures, dimension)``.
        captions: Unit vectors, shape ``(captions, dimension)``; each is true of at least one picture, and
            each picture has at least one.
        fits: Which captions are true of which pictures, shape ``(captions, pictures)``.
        scale: What similarities are multiplied by.
    """
    logits = scale * captions @ pictures.T
    wanted = fits.to(logits.dtype)
    of_captions = _spread(logits, wanted)
    of_pictures = _spread(logits.T, wanted.T)
    return 0.5 * (of_captions + of_pictures)


def true_pairs(claims: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Return which captions are true of which pictures, as ``captions.fits`` does, on the tensors' device.

    Args:
        claims: Bit sets, shape ``(captions, attributes)``.
        codes: Codes of pictures, shape ``(pictures, attributes)``.
    """
    bits = torch.ones_like(codes) << codes
    true = torch.ones(len(claims), len(codes), dtype=torch.bool, device=codes.device)
    for column in range(codes.shape[1]):
        true &= (claims[:, column, None] & bits[None, :, column]) != 0
    return true


def view_loss(pictures: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the loss of telling a piece's other picture from all other pictures.

    Args:
        pictures: Unit vectors; row ``i`` and row ``i + half`` show the same piece.
        temperature: What similarities are divided by.
    """
    count = len(pictures)
    logits = pictures @ pictures.T / temperature
    itself = torch.eye(count, dtype=torch.bool, device=pictures.device)
    logits = logits.masked_fill(itself, float("-inf"))
    partner = torch.arange(count, device=pictures.device).roll(count // 2)
    return functional.cross_entropy(logits, partner)


def attribute_loss(logits: list[torch.Tensor], codes: torch.Tensor) -> torch.Tensor:
    """Return the mean over attributes of the cross-entropy; ``codes`` has one column per attribute."""
    losses = [functional.cross_entropy(each, codes[:, place]) for place, each in enumerate(logits)]
    return torch.stack(losses).mean()


def _spread(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    share = wanted / wanted.sum(dim=1, keepdim=True).clamp(min=1.0)
    return -(share * logits.log_softmax(dim=1)).sum(dim=1).mean()
