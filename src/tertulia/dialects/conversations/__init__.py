"""conversations: two people each, email login, envelopes. See docs/dialects/conversations.md."""

from tertulia.dialects.conversations.routes import routes
from tertulia.dialects.conversations.socket import admit
from tertulia.dialects.dialect import DAY, MINUTE, Dialect
from tertulia.dialects.tokens import bearer
from tertulia.services.tokens import Lifetimes

CONVERSATIONS = Dialect(
    name="conversations",
    title="conversations",
    summary="Conversations of two people, who sign in with their email addresses.",
    routes=routes,
    guard=bearer,
    admit=admit,
    lifetimes=Lifetimes(30 * MINUTE, DAY),
    tries=(
        "TOKEN=$(curl -s {base}/api/login/ -d email={email} -d password={password} | {json} access); "
        'ID=$(curl -s {base}/api/users/{partner}/chat/ -H "Authorization: Bearer $TOKEN" '
        '| grep -o \'"id":"[^"]*\' | head -1 | cut -d \'"\' -f 4)',
        "{sockets} '{ws}/ws/chat/'$ID'/?token='$TOKEN",
    ),
)
