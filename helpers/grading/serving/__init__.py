"""The service that grades what arrives: arrivals, attempts and their rules, the line, marks and pages, what it says.

Imports `pages`, `classes` and below.
"""
