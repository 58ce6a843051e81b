"""The geometry formats by name, and what of each is published and what is chosen here.

Published: SkyEyeGPT's braces (MiniGPT-v2), TEOChat's and VHM's units, the decimals of LHRS-Bot and MMRS-1M (the latter two
decimals of the image padded to a square, boxes of a phrase in one pair of brackets with semicolons), GeoChat's and
FIT-RS's rectangles, well-known text in pixels. Chosen here: two decimals for LHRS-Bot; how several boxes of a phrase
are joined where nothing is said; VHM's polygon as one flat list; all of Popeye's (MMShip) and RS-GPT4V's; oriented boxes
of MMRS-1M as eight decimals; corners from the one nearest the upper left, clockwise on screen, so that a box has one text.
"""

from rsvlm.conversations.formats.form import Format
from rsvlm.conversations.formats.lists import box_list, point_list
from rsvlm.conversations.formats.oriented import FIT_RS, GEOCHAT
from rsvlm.conversations.formats.wkt import WKT

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        GEOCHAT,
        FIT_RS,
        box_list("skyeyegpt", 100, comma="><", edges=("{<", ">}"), separator="<delim>"),
        box_list("teochat", 100, comma=", "),
        box_list("lhrs-bot", 100, decimals=2),
        box_list("vhm", 1000),
        # The public scorer multiplies both coordinates of a polygon by the width: only square images are scored rightly.
        point_list("vhm-polygon", 1000),
        box_list("mmrs-1m", 100, decimals=2, separator=";", shared_brackets=True, padded=True),
        point_list("mmrs-1m-oriented", 100, decimals=2, most=4, separator=";", padded=True),
        box_list("mmship", 100, decimals=2, comma=", ", separator="; "),
        point_list("mmship-oriented", 100, decimals=2, comma=", ", most=4, separator="; "),
        box_list("rs-gpt4v", 100, decimals=2, comma=", "),
        WKT,
    )
}
