"""The training loop: batches in, checkpoints and a log out; the same bits from the same seed on a CPU.

All that a step draws follows from the seed and its number, so a checkpoint needs the weights, their running
average and the optimiser, and an interrupted run goes on as if nothing had been.
"""

import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from encoder_training import evaluation
from encoder_training.augmentation import crops, varied_crops
from encoder_training.batches import Steps, TensorBatch
from encoder_training.captions import known_words
from encoder_training.losses import attribute_loss, caption_loss, true_pairs, view_loss
from encoder_training.picture_set import PictureSet
from encoder_training.sampling import Sampler
from encoder_training.towers import Towers, export, vectors_of_pictures, vectors_of_texts

_LARGEST_SCALE = 100.0
_TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


class TrainingError(Exception):
    """A run cannot go on: other settings than its checkpoint's, or numbers that are not finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run is; two runs with the same settings and pictures end in the same bits.

    Attributes:
        steps: How many optimiser steps.
        seed: Of weights, batches, captions and augmentation.
        pieces_per_step: Pieces in a batch; pictures and captions are twice as many.
        learning_rate: Peak of AdamW, reached after ``warmup_steps``, then a cosine to nothing.
        weight_decay: Of matrices; biases, norms and scales have none.
        view_weight: Weight of the loss between two views of a piece.
        view_temperature: Its temperature.
        attribute_weight: Weight of the attribute heads.
        average: Decay of the running average of weights that is exported.
        precision: What the towers compute in; weights stay float32.
        alike_share: Share of a batch in families of alike pieces, once full.
        small_px: Side of pictures in the first ``small_share`` of steps; None for full size throughout.
            Only for towers without positional embeddings.
        small_share: See ``small_px``.
        is_compiled: Whether the picture tower is compiled: other last bits than without, the same each time.
            Needs a C++ compiler.
    """

    steps: int
    seed: int = 0
    pieces_per_step: int = 96
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup_steps: int = 100
    view_weight: float = 0.8
    view_temperature: float = 0.1
    attribute_weight: float = 0.3
    average: float = 0.998
    precision: str = "bfloat16"
    alike_share: float = 0.5
    small_px: int | None = None
    small_share: float = 0.4
    is_compiled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A small sample of held-out pieces with three pictures each, cropped once."""

    pictures: PictureSet
    pieces: int = 400


class Run:
    """One training run in a folder: ``checkpoint.pt``, ``log.jsonl``, and what was exported."""

    def __init__(
        self,
        settings: Settings,
        architecture: Path,
        train: PictureSet,
        folder: Path,
        *,
        device: str = "cpu",
        workers: int = 0,
    ) -> None:
        """Prepare a run.

        Args:
            settings: What it is.
            architecture: Of the model.
            train: What it is trained on.
            folder: Where it writes.
            device: ``cpu``, or ``cuda`` for a GPU, whose memory then holds all pictures.
            workers: Processes that draw batches ahead; the steps are the same with any number.
        """
        # Where a GPU's matrix products have no other way to be repeatable; read when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        # Filling fresh memory with NaN took an eighth of a step; nothing here reads what it did not write.
        torch.utils.deterministic.fill_uninitialized_memory = False
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.folder = folder
        described = json.loads(architecture.read_text())
        self._architecture = {name: described[name] for name in ("model_cfg", "preprocess_cfg")}
        self._set = train
        self._device = torch.device(device)
        self._workers = workers
        self.towers = Towers(architecture).to(self._device)
        if settings.is_compiled:
            self.towers.compile_pictures()
        sampler = Sampler(train, pieces_per_step=settings.pieces_per_step, seed=settings.seed)
        self._steps = Steps(sampler, self.towers.tokens, self._shares)
        # A GPU has all pictures in its memory: from anywhere else they would come too slowly.
        on_gpu = self._device.type != "cpu"
        self._pixels_there = torch.from_numpy(np.array(train.pixels)).to(self._device) if on_gpu else None
        self._optimiser = torch.optim.AdamW(
            _groups(self.towers, settings.weight_decay),
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.average = {name: tensor.detach().clone() for name, tensor in self.towers.state_dict().items()}
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint; False where there is none.

        Raises:
            TrainingError: If it was made with other settings, another architecture or other pictures.
        """
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        saved = torch.load(path, weights_only=True, map_location=self._device)
        if saved["identity"] != self._identity():
            message = f"checkpoint {path} belongs to the run {saved['identity']}, not to {self._identity()}"
            raise TrainingError(message)
        self.towers.load_state_dict(saved["towers"])
        self._optimiser.load_state_dict(saved["optimiser"])
        self.average = saved["average"]
        self.step = saved["step"]
        log = self.folder / "log.jsonl"
        # Lines are written before the checkpoint that they lead to; a kill may have torn the last one.
        kept = [line for line in log.read_text().splitlines() if _step_of(line) <= self.step]
        _write_text(log, "".join(f"{line}\n" for line in kept))
        return True

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        draft = self.folder / ".checkpoint.pt"
        torch.save(
            {
                "identity": self._identity(),
                "towers": self.towers.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "average": self.average,
                "step": self.step,
            },
            draft,
        )
        draft.replace(self.folder / "checkpoint.pt")

    def train(
        self,
        *,
        held_out: HeldOut | None = None,
        until: int | None = None,
        evaluate_every: int = 500,
        save_every: int = 200,
        log_every: int = 20,
    ) -> None:
        """Train up to ``until``, or to the end.

        Raises:
            TrainingError: If the loss is not finite.
        """
        last = min(until or self.settings.steps, self.settings.steps)
        started, since, waited = time.monotonic(), self.step, 0.0
        for batch in self._steps.between(self.step, last, self._workers):
            parts = self._take(batch)
            self.step += 1
            if self.step % log_every == 0 or self.step % save_every == 0 or self.step == last:
                told = {name: round(value.item(), 5) for name, value in parts.items()}
                self._require_finite(told["loss"])
                rate = (self.step - since) / max(time.monotonic() - started - waited, 1e-9)
                self._log({"step": self.step, "kind": "loss", **told, "steps_per_second": round(rate, 3)})
            pause = time.monotonic()
            if held_out and (self.step % evaluate_every == 0 or self.step == self.settings.steps):
                self._log({"step": self.step, "kind": "held_out", **self.evaluate(held_out)})
            if self.step % save_every == 0 or self.step == last:
                self.save()
            waited += time.monotonic() - pause

    def evaluate(self, held_out: HeldOut) -> dict[str, float]:
        """Return the model card's measures of the averaged weights on a small sample."""
        pictures = held_out.pictures
        count = min(held_out.pieces, len(pictures.pieces))
        per_piece = pictures.plan.per_piece
        own = {name: tensor.clone() for name, tensor in self.towers.state_dict().items()}
        self.towers.load_state_dict(self.average)
        self.towers.eval()
        side_px = self.towers.image_size_px
        vectors = []
        for at in range(0, count * per_piece, 512):
            rows = slice(at, min(at + 512, count * per_piece))
            pixels, boxes = torch.tensor(pictures.pixels[rows]), torch.tensor(pictures.boxes[rows])
            cut = crops(pixels.to(self._device), boxes.to(self._device), side_px)
            vectors.append(vectors_of_pictures(self.towers, cut))
        by_place = np.concatenate(vectors).reshape(count, per_piece, -1)
        measured = measures(
            pictures.pieces[:count], by_place, lambda texts: vectors_of_texts(self.towers, texts)
        )
        self.towers.load_state_dict(own)
        return {name: round(value, 4) for name, value in measured.items()}

    def export(self, weights: Path, words: Path | None = None) -> None:
        """Write the averaged weights, and the words that training knew."""
        export(self.towers, self.average, weights)
        if words:
            _write_text(words, "".join(f"{word}\n" for word in known_words()))

    def steps_per_second(self, steps: int) -> float:
        """Return how fast steps of this run are, and leave the run of no further use."""
        batches = self._steps.between(0, steps + 2, self._workers)
        for _ in range(2):
            self._take(next(batches))["loss"].item()
        started = time.monotonic()
        for batch in batches:
            loss = self._take(batch)["loss"]
        loss.item()  # waits for the device
        return steps / (time.monotonic() - started)

    def _shares(self, step: int) -> tuple[float, float]:
        """Return the chance of views from outside the studio, and the share of alike pieces, at a step."""
        progress = step / self.settings.steps
        return _ramp(progress, 0.02, 0.3), self.settings.alike_share * _ramp(progress, 0.05, 0.3)

    def _take(self, batch: TensorBatch) -> dict[str, torch.Tensor]:
        settings = self.settings
        self.towers.train()
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.step, settings)
        batch = batch.to(self._device)
        pixels = self._pixels(batch.rows)
        true = true_pairs(batch.claims, batch.codes)
        precision = _TYPES[settings.precision]
        half = torch.autocast(self._device.type, precision, enabled=settings.precision != "float32")
        # The flash kernel's backward takes 30 times as long on rows of a dozen tokens; this one is exact too.
        with half, sdpa_kernel(SDPBackend.MATH):
            pictures = self.towers.encode_pictures(pixels)
            texts = self.towers.encode_tokens(batch.tokens)
        scale = self.towers.clip.logit_scale.exp().clamp(max=_LARGEST_SCALE)
        by_caption = caption_loss(pictures, texts, true, scale)
        by_view = view_loss(pictures, settings.view_temperature)
        by_attribute = attribute_loss(self.towers.attribute_logits(pictures), batch.codes[:, :-1])
        loss = by_caption + settings.view_weight * by_view + settings.attribute_weight * by_attribute
        self._optimiser.zero_grad(set_to_none=True)
        with sdpa_kernel(SDPBackend.MATH):
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.towers.parameters(), 2.0)
        self._optimiser.step()
        self._follow()
        return {
            "loss": loss.detach(),
            "caption": by_caption.detach(),
            "view": by_view.detach(),
            "attribute": by_attribute.detach(),
            "scale": scale.detach(),
        }

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            message = f"the loss of step {self.step} is {loss}: take a lower learning rate"
            raise TrainingError(message)

    def _pixels(self, rows: torch.Tensor) -> torch.Tensor:
        progress = self.step / self.settings.steps
        side_px = self.towers.image_size_px
        if self.settings.small_px and progress < self.settings.small_share:
            side_px = self.settings.small_px
        generator = torch.Generator(self._device).manual_seed(self.settings.seed * 1_000_003 + self.step)
        at = rows.cpu().numpy()
        boxes = torch.from_numpy(self._set.boxes[at]).to(self._device)
        if self._pixels_there is None:
            pixels = torch.from_numpy(self._set.pixels[at])
        else:
            pixels = self._pixels_there[rows]
        return varied_crops(pixels, boxes, side_px, _ramp(progress, 0.05, 0.6), generator)

    def _follow(self) -> None:
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        own = self.towers.state_dict()
        moving = [name for name, tensor in own.items() if tensor.is_floating_point()]
        follow = get_ema_multi_avg_fn(decay)  # one call for all: hundreds would keep a GPU waiting
        with torch.no_grad():
            follow([self.average[name] for name in moving], [own[name] for name in moving], None)
            for name in own.keys() - set(moving):
                self.average[name].copy_(own[name])

    def _identity(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "architecture": self._architecture,
            "pictures": asdict(self._set.plan),
            "pieces": len(self._set.pieces),
        }

    def _log(self, line: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)  # noqa: T201 - the run's own voice


def measures(
    pieces: Sequence[Any], by_place: NDArray[np.float32], encode: evaluation.EncodeTexts
) -> dict[str, float]:
    """Return the measures of held-out pieces whose pictures are packshot, another studio view, one outside.

    Args:
        pieces: The pieces.
        by_place: Unit vectors, shape ``(pieces, pictures of each, dimension)``.
        encode: Turns texts into unit vectors.
    """
    mixed = by_place[np.arange(len(pieces)), np.arange(len(pieces)) % 3]
    everything = [piece for piece in pieces for _ in range(3)]
    flat = by_place[:, :3].reshape(len(everything), -1)
    return {
        "text_to_image_at_10": evaluation.text_to_image(pieces, mixed, encode).share,
        "short_query_at_1": evaluation.first_hits(pieces, mixed, encode).share,
        "studio_view_at_1": evaluation.other_view(by_place[:, 0], by_place[:, 1], k=1).share,
        "studio_view_at_10": evaluation.other_view(by_place[:, 0], by_place[:, 1], k=10).share,
        "outside_view_at_1": evaluation.other_view(by_place[:, 0], by_place[:, 2], k=1).share,
        "outside_view_at_10": evaluation.other_view(by_place[:, 0], by_place[:, 2], k=10).share,
        "category": evaluation.zero_shot(everything, flat, encode, "category").share,
        "stone": evaluation.zero_shot(everything, flat, encode, "stone").share,
        "metal": evaluation.zero_shot(everything, flat, encode, "metal").share,
    }


def learning_rate(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: a straight rise, then half a cosine."""
    warmup = min(settings.warmup_steps, max(settings.steps // 10, 1))
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(settings.steps - warmup, 1)
    return settings.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def settings_from(values: dict[str, Any]) -> Settings:
    """Return settings from those of the given values that are settings and are not None."""
    names = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in values.items() if name in names and value is not None})


def _groups(towers: Towers, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [parameter for parameter in towers.parameters() if parameter.ndim >= 2]
    others = [parameter for parameter in towers.parameters() if parameter.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return math.inf


def _ramp(progress: float, start: float, end: float) -> float:
    return min(max((progress - start) / (end - start), 0.0), 1.0)


def _write_text(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
