"""Texts that the kit carries, a file each; `helpers.data.text` reads them."""
