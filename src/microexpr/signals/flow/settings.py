"""Settings of the algorithms of optical flow."""

from pydantic import BaseModel, ConfigDict, Field


class TvL1(BaseModel):
    """Settings of TV-L1 flow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attachment: float = Field(default=20, gt=0, le=200, description="lambda: the smaller, the smoother")
    tightness: float = Field(default=0.6, gt=0, le=5, description="theta: how far data and smooth field may part")
    warps: int = Field(default=3, ge=1, le=50, description="at each level of the pyramid")
    iterations: int = Field(default=10, ge=1, le=300, description="in each warp")
    tolerance: float = Field(default=1e-4, ge=0, le=1, description="mean square change in a warp, to stop below")
    median: bool = Field(default=True, description="3x3 median of the flow before each warp")


class Farneback(BaseModel):
    """Settings of Farneback's flow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: int = Field(default=4, ge=1, le=8, description="of the pyramid, each half the size")
    window: int = Field(default=41, ge=9, le=144, description="side of the averaging window, pixels of the crop")
    iterations: int = Field(default=4, ge=1, le=20, description="at each level")
    neighbourhood: int = Field(default=7, ge=5, le=7, description="side of the polynomial's neighbourhood, pixels")
    sigma: float = Field(default=1.5, ge=0.5, le=3, description="Gaussian weight of that neighbourhood, pixels")
