"""Networks that make clips and stand in no table as recognisers; each is trained for groups of subjects. No files.

They keep `microexpr.method.NetworkMethod`'s contract, so the engine trains them: a group is a fold.
"""
