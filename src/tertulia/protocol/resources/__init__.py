"""Resources: what REST answers and what events carry. The one source of their schemas.

They are plain dictionaries (`TypedDict`), so that building one costs next to nothing. A key that is absent means
"none". Times are ISO 8601 in UTC. `changed_seq` says how new a resource is: of two, the greater wins.
"""

from tertulia.protocol.resources.members import (
    MemberResource,
    MembershipResource,
    MembersResource,
    PresenceResource,
    ReceiptResource,
    RoleName,
    member_resource,
    membership_resource,
    receipt_resource,
    unread,
)
from tertulia.protocol.resources.messages import (
    MessageResource,
    MessagesResource,
    NoticeResource,
    PinsResource,
    ReactionResource,
    message_resource,
)
from tertulia.protocol.resources.rooms import (
    DirectoryResource,
    DirectoryRoomResource,
    MyRoomResource,
    MyRoomsResource,
    RoomResource,
    SnapshotResource,
    my_room_resource,
    room_resource,
    snapshot_resource,
)
from tertulia.protocol.resources.sessions import (
    SessionResource,
    SessionsResource,
    SignedInResource,
    TokensResource,
    session_resource,
)
from tertulia.protocol.resources.users import (
    AccountResource,
    ProfileResource,
    ServerUserResource,
    UserResource,
    UsersResource,
    account_resource,
    profile_resource,
    server_user_resource,
    user_resource,
)

__all__ = [
    "AccountResource",
    "DirectoryResource",
    "DirectoryRoomResource",
    "MemberResource",
    "MembersResource",
    "MembershipResource",
    "MessageResource",
    "MessagesResource",
    "MyRoomResource",
    "MyRoomsResource",
    "NoticeResource",
    "PinsResource",
    "PresenceResource",
    "ProfileResource",
    "ReactionResource",
    "ReceiptResource",
    "RoleName",
    "RoomResource",
    "ServerUserResource",
    "SessionResource",
    "SessionsResource",
    "SignedInResource",
    "SnapshotResource",
    "TokensResource",
    "UserResource",
    "UsersResource",
    "account_resource",
    "member_resource",
    "membership_resource",
    "message_resource",
    "my_room_resource",
    "profile_resource",
    "receipt_resource",
    "room_resource",
    "server_user_resource",
    "session_resource",
    "snapshot_resource",
    "unread",
    "user_resource",
]
