"""Attributes that pictures suggest beside what feeds state: style, era, motif, setting, look and craft."""
