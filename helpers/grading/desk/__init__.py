"""The desk: a person grades written answers, one question at a time, alike answers together. Imports `pages`."""
