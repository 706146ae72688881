"""HTNet: a hierarchical transformer on the flow of four areas of the face. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain; four areas [B, 3, 14, 14], put together to 28 x 28.
"""

from typing import Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models.base import FLOW_SIZE
from microexpr.models.classifier import Epochs, FlowNetwork
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.transformers import CENTRES, Count, NestedTransformer, Placement, cut_areas


class Network(nn.Module):
    """A nested transformer on the areas, averaged and classified by one linear layer."""

    def __init__(self, params: "Htnet.Params", classes: int):
        super().__init__()
        self.centres, self.dropout = CENTRES[params.centres], params.dropout
        self.transformer = NestedTransformer(3, FLOW_SIZE, params.patch, params.width, params.heads, params.layers)
        self.norm = nn.LayerNorm(self.transformer.out_channels)
        self.classify = nn.Linear(self.transformer.out_channels, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [B, C]"""
        x = self.transformer(cut_areas(flow, self.centres))  # [B, D, h, h]
        x = self.norm(x.movedim(1, -1)).mean((1, 2))  # [B, D]
        return self.classify(dropout(x, self.dropout, rng))


class Htnet(FlowNetwork):
    """Flow of the areas of the eyes and of the corners of the mouth through a transformer of three levels.

    From the authors' released code: the four areas of 14 x 14 in the order in which it puts them together, patches of
    7, levels of 256, 512 and 1024 channels with 3, 6 and 12 heads and 2, 2 and 10 layers, the joins, epochs, batch and
    rate. That code finds an area by the landmarks of the apex frame as reduced to 28 x 28, takes constants where no
    face is found there, and exchanges rows and columns as it cuts, so that what it calls the left corner of the mouth
    stands to the right of the left eye. With `centres: published` the windows are those of its constants, cut in the
    same way, for all clips; with `centres: crop` they are around the mean landmarks of our crop, in which a landmark
    of the aligned face moves by less than a pixel of 28. With patches of 7 each block is a single token: attention has
    a weight of 1, so queries, keys and their weights change nothing, in that code as here.
    Ours: flow normalised over the fold's training clips, where theirs has grey levels, in the order strain, v, u;
    clips in random order; class weights, and, if requested, dropout before the classifier, the cosine schedule and
    mirrored clips. The figures of the paper are of each subject's best test epoch."""

    paper = "Wang, Zhang, Luo and Sankaranarayana, HTNet for micro-expression recognition, Neurocomputing 2024"
    network = Network

    class Params(FlowNetwork.Params):
        epochs: Epochs = 800
        dropout: float = Field(0.0, ge=0, lt=1, description="share of the features dropped in training")
        centres: Placement = "published"
        patch: int = Field(7, ge=1, le=14, description="pixels, side of a patch of flow")
        width: int = Field(256, ge=4, le=1024, description="channels of the first level")
        heads: int = Field(3, ge=1, le=16, description="of attention in the first level")
        layers: tuple[Count, ...] = Field((2, 2, 10), min_length=1, max_length=4, description="in each level")

        @model_validator(mode="after")
        def _check_sizes(self) -> Self:
            blocks = 2 ** (len(self.layers) - 1)
            if FLOW_SIZE % (self.patch * blocks):
                raise ValueError(f"patch must divide {FLOW_SIZE} into a multiple of {blocks} squares, not {self.patch}")
            if self.heads > self.width:
                raise ValueError(f"heads must be <= width, not {self.heads} > {self.width}")
            return self
