"""Where digits come from: files in torchvision's layout, the bundled ones, the network.

Imports numpy and libraries only.
"""
