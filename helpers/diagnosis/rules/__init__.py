"""One family of explanations a module; each rule takes a `WrongGradient` and yields explanations.

Imports `diagnosis.wrong` and `diagnosis.factors`.
"""
