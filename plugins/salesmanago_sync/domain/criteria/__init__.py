"""Criteria: the small language that says who takes part.

It has two back ends, SOQL and a mask over a frame, which select the same rows.
"""
