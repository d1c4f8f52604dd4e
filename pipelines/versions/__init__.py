"""Packaged versions: written, wrapped, admitted, verified and run."""
