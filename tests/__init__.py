"""Tests of syncd; a package so that `tests.support` means this folder and no other."""
