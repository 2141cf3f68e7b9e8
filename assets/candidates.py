"""Assembling a candidate snapshot: what the catalogue knows and what the encoder saw, handed to the index builder."""

from dataclasses import dataclass
