"""Turn frames into arrays: faces, onset and apex, flow, action units, head motion. Only networks use torch.

May import: core."""
