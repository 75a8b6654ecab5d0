"""Formulas of `helpers.checking.formulas` drawn as mathematics: MathML, which browsers show without any library."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from helpers.checking.formulas import COMPARISONS, Formula, written

GREEK = {name: chr(code) for name, code in (
    ("alpha", 945), ("beta", 946), ("gamma", 947), ("delta", 948), ("eps", 949), ("epsilon", 949), ("eta", 951),
    ("theta", 952), ("lam", 955), ("lambda", 955), ("mu", 956), ("rho", 961), ("sigma", 963), ("phi", 966))}
NAMES = {"sigmoid": "σ", "expit": "σ", "maximum": "max", "minimum": "min", "sum": "Σ", "relu": "relu"}
RELATIONS = {">=": "≥", "<=": "≤", "==": "="}
LOOSE, PRODUCT, TIGHT = 1, 2, 3  # how strongly the parts of an expression hold together


def drawn(formulas: Sequence[Formula], letters: Mapping[str, Any]) -> str:
    """MathML of formulas, a line each.

    letters: a case, which says what is a number: a product with one needs no ⊙.
    """
    scalars = {name for name, value in letters.items() if np.ndim(value) == 0}
    lines = []
    for formula in formulas:
        pen = _Pen(scalars)
        inner, _ = pen.draw(formula.tree)
        if formula.name:
            inner = f"{_letter(formula.name)}<mo>=</mo>{inner}"
            if pen.is_number(formula.tree):
                scalars.add(formula.name)
        lines.append(f'<div style="margin:4px 0"><math display="inline" xmlns="http://www.w3.org/1998/Math/MathML">'
                     f"<mrow>{inner}</mrow></math></div>")
    return "".join(lines)


def _letter(name: str) -> str:
    """`W2` as W with a subscript 2, `db_h` as db with a subscript h; Greek names as letters."""
    parts = re.fullmatch(r"([A-Za-z]+?)_?(\d+|_[A-Za-z0-9_]+)?", name)
    base, below = (parts.group(1), parts.group(2)) if parts else (name, None)
    d = "<mi>d</mi>" if len(base) > 1 and base[0] == "d" and base not in GREEK else ""
    base = base[1:] if d else base
    letter = f"<mi>{html.escape(GREEK.get(base, base))}</mi>"
    if below:
        letter = f"<msub>{letter}<mi>{html.escape(below.lstrip('_'))}</mi></msub>"
    return f"<mrow>{d}{letter}</mrow>" if d else letter


class _Pen:
    def __init__(self, scalars: set[str]):
        self.scalars = scalars

    def is_number(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return node.id in self.scalars
        if isinstance(node, ast.UnaryOp):
            return self.is_number(node.operand)
        if isinstance(node, ast.BinOp):
            return self.is_number(node.left) and self.is_number(node.right)
        return (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
                and written(node.func).removeprefix("np.") in ("len", "sum", "mean"))

    def draw(self, node: ast.AST) -> tuple[str, int]:
        """MathML of a tree, and how strongly it holds together."""
        return getattr(self, f"_{type(node).__name__}", self._other)(node)

    def _inside(self, node: ast.AST, strength: int) -> str:
        """A part, in brackets if it is looser than where it stands."""
        text, own = self.draw(node)
        return text if own >= strength else f"<mo>(</mo>{text}<mo>)</mo>"

    def _other(self, node: ast.AST) -> tuple[str, int]:
        return f"<mtext>{html.escape(written(node)[:200])}</mtext>", TIGHT

    def _Constant(self, node: ast.Constant) -> tuple[str, int]:
        return f"<mn>{html.escape(str(node.value)[:30])}</mn>", TIGHT

    def _Name(self, node: ast.Name) -> tuple[str, int]:
        return _letter(node.id), TIGHT

    def _Attribute(self, node: ast.Attribute) -> tuple[str, int]:
        return f"<msup><mrow>{self._inside(node.value, TIGHT)}</mrow><mo>⊤</mo></msup>", TIGHT

    def _UnaryOp(self, node: ast.UnaryOp) -> tuple[str, int]:
        sign = "−" if isinstance(node.op, ast.USub) else "+"
        return f"<mo>{sign}</mo>{self._inside(node.operand, PRODUCT)}", LOOSE

    def _BinOp(self, node: ast.BinOp) -> tuple[str, int]:
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(node.op, ast.Add) else "−"
            right = self._inside(node.right, LOOSE if isinstance(node.op, ast.Add) else PRODUCT)
            return f"{self._inside(node.left, LOOSE)}<mo>{sign}</mo>{right}", LOOSE
        if isinstance(node.op, ast.Div):
            above, below = self.draw(node.left)[0], self.draw(node.right)[0]
            return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>", PRODUCT
        if isinstance(node.op, ast.Pow):
            base = self._inside(node.left, TIGHT)
            return f"<msup><mrow>{base}</mrow><mrow>{self.draw(node.right)[0]}</mrow></msup>", TIGHT
        left, right = self._inside(node.left, PRODUCT), self._inside(node.right, PRODUCT)
        if isinstance(node.op, ast.Mult):
            numbers = self.is_number(node.left) or self.is_number(node.right)
            sign = "<mspace width='0.17em'/>" if numbers else "<mo>⊙</mo>"
            if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
                sign = "<mo>·</mo>"
            if not numbers and isinstance(node.right, ast.BinOp):  # (a ⊙ B C) is not (a ⊙ B) C
                right = self._inside(node.right, TIGHT)
            return f"{left}{sign}{right}", PRODUCT
        left, right = (f"<mo>(</mo>{text}<mo>)</mo>" if self._by_entry(part) else text
                       for text, part in ((left, node.left), (right, node.right)))
        return f"{left}<mspace width='0.17em'/>{right}", PRODUCT

    def _by_entry(self, node: ast.AST) -> bool:
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not (
            self.is_number(node.left) or self.is_number(node.right))

    def _Compare(self, node: ast.Compare) -> tuple[str, int]:
        sign = COMPARISONS.get(type(node.ops[0]), ("?",))[0]
        sign = html.escape(RELATIONS.get(sign, sign))
        return (f"<mo>[</mo>{self.draw(node.left)[0]}<mo>{sign}</mo>{self.draw(node.comparators[0])[0]}<mo>]</mo>",
                TIGHT)

    def _Call(self, node: ast.Call) -> tuple[str, int]:
        name = written(node.func).removeprefix("np.").removeprefix("numpy.")
        inner = "<mo>,</mo>".join(self.draw(argument)[0] for argument in node.args)
        if name in ("abs", "absolute", "fabs"):
            return f"<mo>|</mo>{inner}<mo>|</mo>", TIGHT
        if name == "sqrt":
            return f"<msqrt><mrow>{inner}</mrow></msqrt>", TIGHT
        if name == "outer" and len(node.args) == 2:
            a, b = (self._inside(argument, TIGHT) for argument in node.args)
            return f"{a}<msup><mrow>{b}</mrow><mo>⊤</mo></msup>", PRODUCT
        if name == "dot" and len(node.args) == 2:
            a, b = (self._inside(argument, PRODUCT) for argument in node.args)
            return f"{a}<mspace width='0.17em'/>{b}", PRODUCT
        if name == "transpose" and len(node.args) == 1:
            return f"<msup><mrow>{self._inside(node.args[0], TIGHT)}</mrow><mo>⊤</mo></msup>", TIGHT
        shown = f"<mi>{html.escape(NAMES.get(name, name)[:30])}</mi>"
        axis = next((written(k.value) for k in node.keywords if k.arg == "axis"), "")
        if axis:
            shown = f"<msub>{shown}<mtext>axis {html.escape(axis[:10])}</mtext></msub>"
        return f"{shown}<mo>(</mo>{inner}<mo>)</mo>", TIGHT

    def _Subscript(self, node: ast.Subscript) -> tuple[str, int]:
        return self.draw(node.value)  # a new axis is numpy's business
