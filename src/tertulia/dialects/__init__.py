"""Dialects: the public APIs of five other chat backends over the same core. Each folder is one; what they share
stands beside them.
"""

from collections.abc import Mapping

from tertulia.dialects.channels import CHANNELS
from tertulia.dialects.chatrooms import CHATROOMS
from tertulia.dialects.conversations import CONVERSATIONS
from tertulia.dialects.dialect import Dialect
from tertulia.dialects.realtime import REALTIME
from tertulia.dialects.shh import SHH

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (CHATROOMS, REALTIME, SHH, CONVERSATIONS, CHANNELS)
}
"""By name, in the order in which people hear of them."""
