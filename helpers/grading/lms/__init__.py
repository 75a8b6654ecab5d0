"""Learning management systems: what they give out, sorted into `submitted/`; what they take back. Imports `course`."""
