"""What a notebook imports: `check`, `data`, `gradients`, `plots`. Students receive this folder without `grading/`."""

__all__ = ["check", "data", "gradients", "plots"]
__version__ = "2.0.0"
