"""The native layouts as the generator writes them, one file per data set; `datasets` reads what is written here.

What may not come in: pixels, and how anything is read.
"""

from microexpr.generated.natives import affectnet, casme2, ckplus, mmi, oulu_casia, samm, smic
from microexpr.generated.natives.native import Native

NATIVES: dict[str, Native] = {
    room.NATIVE.dataset: room.NATIVE for room in (smic, casme2, samm, ckplus, mmi, oulu_casia, affectnet)
}
