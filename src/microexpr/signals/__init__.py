"""Turn frames into arrays: faces, onset and apex, flow, action units, head motion. No torch.

May import: core.
"""
