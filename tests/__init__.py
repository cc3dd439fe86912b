"""Tests of the formula, and the lab that they run in."""
